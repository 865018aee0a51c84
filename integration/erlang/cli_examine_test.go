package erlang

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/nodediag"
)

// examine returns the steps that were fine and the one that was not, if any.
func examine(t *testing.T, cfg node.Config, name string) (fine []string, failed *nodediag.Finding) {
	t.Helper()
	for f := range nodediag.Examine(within(t, 15*time.Second), cfg, etf.Atom(name)) {
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
	cfg := config(t)
	e := beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "8"))
	var last nodediag.Finding
	for f := range nodediag.Examine(within(t, 15*time.Second), cfg, etf.Atom(e.Name())) {
		require.NoError(t, f.Err)
		last = f
	}
	require.Equal(t, "tick", last.Step)
	require.Contains(t, last.Detail, "1m0s here and 8 s there")
	require.Contains(t, last.Advice, "net_ticktime")
}

func TestExamineStopsAtTheFirstFailureAndSaysWhatToChange(t *testing.T) {
	cfg := config(t)
	n := start(t, cfg)
	cfg.Name = "other"
	_, host, _ := strings.Cut(string(n.Name()), "@")
	bad := beam.StartErl(t, beam.WithCookie("another"))

	_, f := examine(t, cfg, "a@host.example.org")
	require.Equal(t, "name", f.Step)
	_, f = examine(t, cfg, "a@no-such-host-here")
	require.Equal(t, "address", f.Step)
	fine, f := examine(t, cfg, "nosuch@"+host)
	require.Equal(t, []string{"name", "address"}, fine)
	require.Equal(t, "epmd", f.Step)
	require.Regexp(t, "knows .*gonode", f.Advice)
	fine, f = examine(t, cfg, bad.Name())
	require.Equal(t, []string{"name", "address", "epmd", "port"}, fine)
	require.Equal(t, "handshake", f.Step)
	require.Equal(t, "give both nodes the same cookie", f.Advice)
	bad.Kill(t)
	_, f = examine(t, cfg, bad.Name())
	require.Equal(t, "epmd", f.Step)
}

// A walk under the name of a node that is connected does not cost that its connection.
func TestExamineLeavesTheConnectionOfItsNameAlone(t *testing.T) {
	cfg := config(t)
	n := start(t, cfg)
	e := beam.StartErl(t)
	require.NoError(t, n.Ping(within(t, 15*time.Second), etf.Atom(e.Name())))
	_, f := examine(t, cfg, e.Name())
	require.Equal(t, "handshake", f.Step)
	require.Contains(t, f.Advice, "choose another name here")
	require.Equal(t, []etf.Atom{etf.Atom(e.Name())}, n.Nodes())
	require.NoError(t, n.Ping(within(t, 15*time.Second), etf.Atom(e.Name())))
}
