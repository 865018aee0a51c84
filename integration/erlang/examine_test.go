package erlang

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// examine returns the steps that were fine and the one that was not, if any.
func examine(t *testing.T, n *node.Node, name string) (fine []string, failed *node.Finding) {
	t.Helper()
	for f := range n.Examine(within(t, 15*time.Second), etf.Atom(name)) {
		if f.Err != nil {
			require.NotEmpty(t, f.Advice)
			return fine, &f
		}
		require.NotEmpty(t, f.Detail)
		fine = append(fine, f.Step)
	}
	return fine, nil
}

func TestExamineWalksTheWholeWayToAHealthyNode(t *testing.T) {
	n := start(t, config(t))
	e := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "8"))
	var last node.Finding
	for f := range n.Examine(within(t, 15*time.Second), etf.Atom(e.Name())) {
		require.NoError(t, f.Err)
		last = f
	}
	require.Equal(t, "tick", last.Step)
	require.Contains(t, last.Detail, "1m0s here and 8 s there")
	require.Contains(t, last.Advice, "net_ticktime")
}

func TestExamineStopsAtTheFirstFailureAndSaysWhatToChange(t *testing.T) {
	n := start(t, config(t))
	_, host, _ := strings.Cut(string(n.Name()), "@")
	bad := beam.StartErl(t, beam.WithCookie("another"))

	_, f := examine(t, n, "a@host.example.org")
	require.Equal(t, "name", f.Step)
	_, f = examine(t, n, "a@no-such-host-here")
	require.Equal(t, "address", f.Step)
	fine, f := examine(t, n, "nosuch@"+host)
	require.Equal(t, []string{"name", "address"}, fine)
	require.Equal(t, "epmd", f.Step)
	require.Regexp(t, "knows .*gonode", f.Advice)
	fine, f = examine(t, n, bad.Name())
	require.Equal(t, []string{"name", "address", "epmd", "port"}, fine)
	require.Equal(t, "handshake", f.Step)
	require.Equal(t, "give both nodes the same cookie", f.Advice)
	bad.Kill(t)
	_, f = examine(t, n, bad.Name())
	require.Equal(t, "epmd", f.Step)
}
