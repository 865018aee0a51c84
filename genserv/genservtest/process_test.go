package genservtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/genservtest"
)

// counter counts, answers later if it is asked to, and ends after a while without a message.
type counter struct{}

type state struct {
	n       int
	waiting []genserv.From
}

func (s state) StateTerm() etf.Term { return etf.Int(s.n) }

func (counter) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[state] {
	n, ok := args.(etf.Int)
	if !ok {
		return genserv.StopInit[state](etf.Atom("no_number"))
	}
	return genserv.Ok(state{n: int(n)})
}

func (counter) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s state) genserv.Result[state] {
	switch request {
	case etf.Term(etf.Atom("next")):
		s.n++
		return genserv.Reply(etf.Int(s.n), s).WithTimeout(time.Minute)
	case etf.Term(etf.Atom("later")):
		s.waiting = append(s.waiting, from)
		p.SendAfter(time.Hour, p.Self(), etf.Atom("tock"))
		p.SendAfter(time.Second, p.Self(), etf.Atom("tick"))
		return genserv.NoReply(s)
	}
	panic(etf.Atom("unknown"))
}

func (counter) HandleCast(p *genserv.Process, request etf.Term, s state) genserv.Result[state] {
	p.Send(genservtest.Caller, request)
	return genserv.NoReply(s)
}

func (counter) HandleInfo(p *genserv.Process, msg etf.Term, s state) genserv.Result[state] {
	if etf.Equal(msg, etf.Atom("timeout")) {
		return genserv.Stop(genserv.Normal, s)
	}
	for _, from := range s.waiting {
		p.Send(etf.Atom("told"), from.Term())
	}
	return genserv.NoReply(s)
}

func Example() {
	p, err := genservtest.Start(genserv.Of(counter{}), etf.Int(4))
	fmt.Println(err)
	fmt.Println(p.Call(etf.Atom("next")))
	p.Cast(etf.Atom("hello"))
	fmt.Println(etf.Format(p.Sent()[0].Msg), etf.Format(p.State()))
	_, err = p.Call(etf.Atom("later"))
	fmt.Println(err)
	// Output:
	// <nil>
	// 5 <nil>
	// hello 5
	// genservtest: no reply yet
}

func TestTimePassesWhenTheTestSaysSo(t *testing.T) {
	p, err := genservtest.Start(genserv.Of(counter{}), etf.Int(4))
	require.NoError(t, err)
	_, err = p.Call(etf.Atom("later"))
	require.ErrorIs(t, err, genservtest.ErrNoReply)
	require.Equal(t, etf.Atom("tick"), p.Timers()[0].Msg, "the shorter one is first")
	require.Empty(t, p.Sent())
	require.True(t, p.Fire())
	require.Len(t, p.Sent(), 1)
	require.Len(t, p.Timers(), 1)
	_, err = p.Call(etf.Atom("next"))
	require.NoError(t, err)
	p.Timeout()
	reason, ended := p.Ended()
	require.True(t, ended)
	require.Equal(t, genserv.Normal, reason)
}

func TestAStartAndACallMayFail(t *testing.T) {
	_, err := genservtest.Start(genserv.Of(counter{}), nil)
	require.ErrorIs(t, err, &genserv.Exit{Reason: etf.Atom("no_number")})
	p, err := genservtest.Start(genserv.Of(counter{}), etf.Int(1))
	require.NoError(t, err)
	_, err = p.Call(etf.Atom("what"))
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Equal(t, etf.Atom("unknown"), exit.Reason.(etf.Tuple)[0])
	_, ended := p.Ended()
	require.True(t, ended)
}
