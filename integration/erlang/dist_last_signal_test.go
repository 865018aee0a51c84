package erlang

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// spout is a server that sends {told, N} with some kB to the process that asks it by {tell, To, Count}, or links
// itself with To again and again by {link, To, Count}.
type spout struct{}

func (spout) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (spout) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(struct{}{})
}

var spoutLoad = make(etf.Binary, 3<<10)

func (spout) HandleInfo(p *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 3 {
		return genserv.NoReply(s)
	}
	to, count := t[1].(etf.Pid), t[2].(etf.Int)
	for i := range count {
		if etf.Equal(t[0], etf.Atom("link")) {
			p.Link(to)
			p.Unlink(to)
			p.Link(to)
			continue
		}
		p.Send(to, etf.Tuple{etf.Atom("told"), i, spoutLoad})
	}
	return genserv.NoReply(s)
}

// killings is how often each test kills a process in the middle of its callback. The BEAM lets nothing go out behind a
// DOWN, ever.
const killings = 40

// reap lets reaper:Function do its work on servers of n.
func reap(t *testing.T, function string) string {
	t.Helper()
	n := start(t, config(t))
	for i := range killings {
		spawn(t, n, etf.Atom(fmt.Sprintf("spout%d", i)), genserv.Of(spout{}))
	}
	source, err := os.ReadFile("testdata/reaper.erl")
	require.NoError(t, err)
	e := beam.StartErl(t, beam.WithTimeout(time.Minute))
	e.Compile(t, "reaper", string(source))
	return e.Eval(t, at(n, fmt.Sprintf("reaper:%s('gonode@host', 0, %d)", function, killings-1)))
}

func TestNothingOfAKilledProcessArrivesBehindItsDown(t *testing.T) {
	require.Equal(t, "0", reap(t, "behind"))
}

func TestWhoIsLinkedByAProcessThatIsKilledGetsItsExit(t *testing.T) {
	require.Equal(t, "[]", reap(t, "linked"))
}

func TestWhoLinksHimselfWithAProcessThatIsKilledGetsItsExit(t *testing.T) {
	require.Equal(t, fmt.Sprint(killings), reap(t, "linking"))
}
