package main

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
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
{1,casts,c@localhost,lost,7}.
{3,seq,c@localhost,p50_us,20}.
`))
	require.NoError(t, err)
	r := results{targets: []target{beamTarget(), gonodeTarget(options{}), {name: "C", node: "c@localhost"}},
		figures: figures}
	require.Equal(t, `| measure | BEAM | gonode | gonode / BEAM (range) | C |
|---|---|---|---|---|
| seq p50_us | 50.0 | 40.0 | 0.80 (0.60-1.00) | 2.00 |
| casts lost | 0.0 | 0.0 | - | 7 |
`, table(r))
}

func TestWhatTheClientDoesNotWriteIsAnError(t *testing.T) {
	for _, out := range []string{"{1,seq,n}.", "{1,seq,n,p50_us,x}.", "=ERROR REPORT"} {
		_, err := parse([]byte(out))
		require.Error(t, err, out)
	}
}

// The times of such a short run mean nothing. The test checks that every answer is right and that none is lost.
func TestAShortRunLosesNothingAndKeepsTheOrder(t *testing.T) {
	beam.OTPRelease(t) // skips or fails without erl
	o := options{source: "."}
	r, err := measure(t.Context(), o, []target{beamTarget(), gonodeTarget(o)}, "measures", "1", soak.Size("40", "200"),
		"seq,connect,calls16,pipe64,casts,bin64k,maps1000")
	require.NoError(t, err)
	seen := map[string]float64{}
	for _, f := range r.figures {
		if f.Node == goNode {
			seen[f.Measure+" "+f.Name] = f.Value
		}
	}
	for _, name := range []string{"seq rate", "connect first_us", "calls16 rate", "pipe64 rate", "casts rate",
		"bin64k rate", "maps1000 rate", "memory peak_mb"} {
		require.Positive(t, seen[name], name)
	}
	require.Contains(t, seen, "casts lost")
	require.Zero(t, seen["casts lost"])
	require.Zero(t, seen["pipe64 out_of_order"])
}

func TestACurveIsDrawnFromTheMediansOfItsPoints(t *testing.T) {
	figures, err := parse([]byte(`
{1,size,beam@localhost,mb_s,1}.
{1,size,gonode@localhost,mb_s,2}.
{1000,size,beam@localhost,mb_s,30}.
{1000,size,gonode@localhost,mb_s,60}.
{1000,size,gonode@localhost,mb_s,80}.
{1000,size,gonode@localhost,mb_s,40}.
{1000,other,gonode@localhost,mb_s,9}.
`))
	require.NoError(t, err)
	c := curve{"size-mb_s", "Echo", "bytes", "MB/s", points(figures, "size", "mb_s", beamNode),
		points(figures, "size", "mb_s", goNode), 0, "Why."}
	require.Equal(t, [][2]float64{{1, 2}, {1000, 60}}, c.Gonode)
	require.Contains(t, curveTable([]curve{c}), "| 1000 | 30.0 | 60.0 | 2.00 |")
	picture := c.svg()
	require.NoError(t, xml.Unmarshal([]byte(picture), new(struct{})), "well-formed")
	require.Equal(t, 2, strings.Count(picture, `<path fill="none"`))
	require.Equal(t, 4, strings.Count(picture, "<circle"))
	require.NotContains(t, picture, "NaN")
}

func TestTheKneeIsWhereTheFigureIsMuchWorseThanBefore(t *testing.T) {
	rate := [][2]float64{{1, 100}, {10, 120}, {100, 90}, {1000, 70}}
	require.Equal(t, 1000.0, knee(rate, true))
	require.Zero(t, knee(rate[:3], true))
	p99 := [][2]float64{{1, 100}, {10, 90}, {100, 130}, {1000, 140}}
	require.Equal(t, 1000.0, knee(p99, false))
	require.Zero(t, knee(p99[:3], false))
	require.Zero(t, knee([][2]float64{{1, 100}, {10, 40}, {100, 90}}, true), "one bad point")
	require.Zero(t, knee([][2]float64{{1, 52}, {10, 0.04}, {100, 0.4}}, false), "nothing, beside the first")
	require.Zero(t, knee(nil, true))
	require.Equal(t, "The knee: 10k servers. Why.", curve{X: "servers", Knee: 10000, cause: "Why."}.kneeText())
}

func TestEachRunIsComparedWithWhatItMustReach(t *testing.T) {
	of := func(erl, ours, lost float64) []figure {
		return []figure{{1, "casts", beamNode, "rate", erl}, {1, "casts", goNode, "rate", ours},
			{1, "casts", goNode, "lost", lost}, {0, "seq", goNode, "syscalls", 3}}
	}
	table := requirementTable([][]figure{of(100, 95, 0), of(100, 85, 1)})
	require.Contains(t, table, "| measure | must | aim | run 1 | run 2 | |\n|---|---|---|---|---|---|\n")
	require.Contains(t, table, "| casts/s | ≥ 0.9 | ≥ 1.5 | 0.95 | 0.85 | **met in 1 of 2** |")
	require.Contains(t, table, "| casts lost | ≤ 0 | ≤ 0 | 0.00 | 1.00 | **met in 1 of 2** |")
	require.Contains(t, table, "| system calls for a call, 1 caller | ≤ 5 | ≤ 3 | 3.00 | 3.00 | met |")
	require.Contains(t, table, "| echo of 1 kB | ≥ 1.05 | ≥ 1.2 | - | - | not measured |")
}

func TestRunsAreJoinedRoundByRound(t *testing.T) {
	run := []figure{{1, "seq", beamNode, "rate", 1}, {2, "seq", beamNode, "rate", 3},
		{0, "memory", beamNode, "peak_mb", 9}}
	_, values := rows(joinRuns([][]figure{run, run}))
	require.Len(t, values[key{"seq", "rate"}][beamNode], 4)
	require.Len(t, values[key{"memory", "peak_mb"}][beamNode], 2)
}

func TestAShortRunOfTheCurvesLeavesNothingBehind(t *testing.T) {
	soak.Only(t)
	beam.OTPRelease(t)
	o := options{source: "."}
	r, err := measure(t.Context(), o, []target{beamTarget("+P", "1000000"), gonodeTarget(o)}, "growth", "20", "100")
	require.NoError(t, err)
	for _, c := range curveSpecs {
		if c.measure != "cores" && c.name != "kb" {
			require.NotEmpty(t, points(r.figures, c.measure, c.name, goNode), "%s %s", c.measure, c.name)
		}
	}
}

func TestReadingAndWritingTermsIsMeasured(t *testing.T) {
	beam.OTPRelease(t)
	figures, err := codec(t.Context(), options{rounds: 1, source: ".", countOne: !soak.On()})
	uncounted, notCounted := errors.AsType[*notCountedError](err)
	if !notCounted {
		require.NoError(t, err)
	}
	table := codecTable(figures)
	for _, row := range []string{"call", "maps1000", "ints100k", "bin64k", "tree"} {
		require.Contains(t, table, "| "+row+" decode |")
		require.Contains(t, table, "| "+row+" encode |")
	}
	_, values := rows(figures)
	require.Zero(t, values[key{"maps1000", "encode_allocs"}][goNode][1])
	for k, v := range values {
		if k.name == "decode_instructions" {
			require.Positive(t, v[goNode][1], k.measure)
		}
	}
	if notCounted {
		why, _, _ := strings.Cut(uncounted.Unwrap().Error(), "\n")
		gonodetest.SkipLane(t, "instructions under valgrind", why)
	}
	require.Positive(t, values[key{"call", "decode_instructions"}][goNode][1])
}

func TestWhereValgrindCannotRunItIsSaid(t *testing.T) {
	beam.OTPRelease(t)
	bin := t.TempDir()
	const script = "#!/bin/sh\necho unhandled instruction >&2; exit 132\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "valgrind"), []byte(script), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s := &testbed{ctx: t.Context(), dir: t.TempDir()}
	_, err := s.instructions("program", "file", "decode", 0)
	require.ErrorContains(t, err, "instructions were not counted: valgrind: exit status 132\nunhandled instruction")
	_, notCounted := errors.AsType[*notCountedError](err)
	require.True(t, notCounted)
}

func TestTheTableOfManyServersSaysWhatIsReached(t *testing.T) {
	curves := []curve{
		{ID: "servers-kb", Y: "kB each", BEAM: [][2]float64{{10, 1}, {100, 3.2}}, Gonode: [][2]float64{{10, 2}, {100, 1.6}}},
		{ID: "servers-rate", Y: "calls/s", BEAM: [][2]float64{{100, 1000}}, Gonode: [][2]float64{{100, 900}}},
	}
	table := serversTable(curves)
	require.Contains(t, table, "of 100 | ≤ 0.5 | 0.50 | 3.2 kB each | 1.6 | met |")
	require.Contains(t, table, "of 100 | ≥ 0.95 | 0.90 | 1000.0 calls/s | 900.0 | **not met** |")
	require.NotContains(t, table, "start a server", "what was not measured is left out")
}
