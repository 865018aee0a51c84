package dist_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// Every recorded node of every release is understood as it was when it was recorded, and hears from us what it heard
// then, byte for byte.
func TestRecordedFlowsAreUnderstoodAndAnsweredAsTheyWere(t *testing.T) {
	for _, release := range []string{"23", "25", "27", "29"} {
		for script := range flowScripts {
			require.FileExists(t, filepath.Join(flowDir, "otp"+release+"-"+script+".txt"))
		}
	}
	for _, file := range flowFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			f := readFlow(t, string(text))
			require.Equal(t, flowScripts[f.script].incoming, f.incoming)
			r := newReplay(t, f, flowCookie)
			defer func() { require.NoError(t, r.fault()) }()
			s := playFlow(t, f.script, "erl@localhost", r)
			require.Equal(t, f.received, s.received)
			require.Equal(t, f.sent, s.sent)
		})
	}
}

// A recording with one byte changed anywhere in what we have said is noticed: the comparison is no formality.
func TestAReplayNoticesWhenWeSaySomethingElse(t *testing.T) {
	for _, row := range []struct {
		node etf.Atom
		want string
	}{{"go@localhosT", "byte 28 is 0x54, recorded is 0x74"}, {"go@localhost.", "byte 1 is 0x1c, recorded is 0x1b"}} {
		text, err := os.ReadFile(filepath.Join(flowDir, "otp25-calls.txt"))
		require.NoError(t, err)
		r := newReplay(t, readFlow(t, string(text)), flowCookie)
		l := flowLocal(0)
		l.Node = row.node
		peer := etf.Atom("erl@localhost")
		if strings.Contains(string(row.node), ".") {
			peer += "."
		}
		_, err = l.Connect(t.Context(), r, peer, nil)
		require.ErrorIs(t, err, dist.ReasonIO)
		require.ErrorContains(t, r.fault(), row.want)
	}
}
