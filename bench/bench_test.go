package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

func TestTheTableShowsMediansAndTheRangeOfTheRatios(t *testing.T) {
	figures, err := parse([]byte(`
{1,seq,beam@localhost,p50_us,50}.
{1,seq,gonode@localhost,p50_us,40.0}.
{2,seq,gonode@localhost,p50_us,60.0}.
{2,seq,beam@localhost,p50_us,100}.
{3,seq,beam@localhost,p50_us,10}.
{3,seq,gonode@localhost,p50_us,10}.
{1,casts,beam@localhost,lost,0}.
{1,casts,gonode@localhost,lost,0}.
`))
	require.NoError(t, err)
	require.Equal(t, `| measure                |         BEAM |       gonode | gonode / BEAM, median (range) |
|---|---|---|---|
| seq p50_us             |         50.0 |         40.0 | 0.80 (0.60-1.00) |
| casts lost             |          0.0 |          0.0 | - |
`, table(figures))
}

func TestWhatTheClientDoesNotWriteIsAnError(t *testing.T) {
	for _, out := range []string{"{1,seq,n}.", "{1,seq,n,p50_us,x}.", "=ERROR REPORT"} {
		_, err := parse([]byte(out))
		require.Error(t, err, out)
	}
}

// The times of such a short run say nothing; that every answer was right and none was lost does.
func TestAShortRunLosesNothingAndKeepsTheOrder(t *testing.T) {
	gonodetest.OTPRelease(t) // skips or fails without erl
	figures, err := measure(t.Context(), options{rounds: 1, ms: 40, only: "seq,connect,calls16,pipe64,casts,bin64k,maps1000", source: "."})
	require.NoError(t, err)
	seen := map[string]float64{}
	for _, f := range figures {
		if f.Node == goNode {
			seen[f.Measure+" "+f.Name] = f.Value
		}
	}
	for _, name := range []string{"seq rate", "connect first_us", "calls16 rate", "pipe64 rate", "casts rate", "bin64k rate", "maps1000 rate", "memory peak_mb"} {
		require.Positive(t, seen[name], name)
	}
	require.Contains(t, seen, "casts lost")
	require.Zero(t, seen["casts lost"])
	require.Zero(t, seen["pipe64 out_of_order"])
}
