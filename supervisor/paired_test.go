package supervisor_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// TestARealSupervisorDoesTheSame lets a BEAM run testdata/*.txt against OTP's supervisor with children in Erlang, and
// against ours with children in Go. Both are compared with each other term by term, reports included, and with what
// the files say.
func TestARealSupervisorDoesTheSame(t *testing.T) {
	erl := beam.StartErl(t, beam.WithTimeout(5*time.Minute))
	release, err := strconv.Atoi(erl.Release())
	require.NoError(t, err)
	if release < 24 {
		t.Skipf("the records of OTP %d have no significant children", release)
	}
	for _, module := range []string{"puppet", "scripted_sup", "starter", "director", "paired_sup"} {
		source, err := os.ReadFile(filepath.Join("testdata", module+".erl"))
		require.NoError(t, err)
		erl.Compile(t, module, string(source))
	}
	require.Equal(t, "ok", erl.Eval(t, "paired_sup:start()"))
	n, r := testNode(t, node.Config{Cookie: gonodetest.Cookie(t), EPMD: node.EPMDExternal,
		EPMDPort: uint16(beam.PrivateEPMD(t).Port())})
	erlNode := etf.Atom(erl.Name())
	r.tell(n, etf.Tuple{etf.Atom("director"), erlNode})
	for _, file := range scenarioFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			for _, s := range readScenarios(t, file) {
				ours := s.runInErlang(t, n, erlNode, n.Name())
				theirs := ours
				if s.since <= release {
					theirs = s.runInErlang(t, n, erlNode, etf.Atom("local"))
				}
				for i, step := range s.steps {
					require.Equal(t, step.lines, lines(theirs[i]), "OTP: %s\n%s", s.title, step.text)
					require.Equal(t, step.lines, lines(ours[i]), "gonode: %s\n%s", s.title, step.text)
					require.Equal(t, texts(theirs[i]), texts(ours[i]), "%s\n%s", s.title, step.text)
				}
			}
		})
	}
}

func (s *scenario) runInErlang(t *testing.T, n *node.Node, erl, where etf.Atom) [][]etf.Term {
	t.Helper()
	var steps etf.List
	for _, step := range s.steps {
		steps = append(steps, step.term)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answer, err := n.Call(ctx, etf.Tuple{etf.Atom("paired_sup"), erl}, etf.Tuple{etf.Atom("run"), where, steps})
	require.NoError(t, err, "%s on %s", s.title, where)
	pair := answer.(etf.Tuple)
	var did [][]etf.Term
	for _, events := range pair[1].(etf.List) {
		did = append(did, events.(etf.List))
	}
	return s.normalize(pair[0].(etf.Pid), did)
}

func texts(events []etf.Term) []string {
	var all []string
	for _, e := range events {
		e := e.(etf.Tuple)
		if etf.IsAtom(e[0], "init") || etf.IsAtom(e[0], "ended") {
			continue // with a pid that may have no name
		}
		all = append(all, etf.Format(e))
	}
	return all
}
