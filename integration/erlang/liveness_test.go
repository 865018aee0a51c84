package erlang

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
)

// soon is what an answer may take that has to wait for nobody; each attempt to connect with a silent host takes seven
// seconds.
const soon = 5 * time.Second

// What else waits for the answer of the peer is not the server: other callers are served.
func TestTheFirstLookAtAStateDoesNotWaitForThePeer(t *testing.T) {
	n := startSamples(t)
	p := gonodetest.NewPeer(t, "asks@localhost")
	release := make(chan struct{})
	script := p.Dial(n.Addr().String(), gonodetest.Handshake(string(n.Name())),
		gonodetest.Send("{6,'$self','',counter}", "{system,{'$self',tag},get_state}"),
		gonodetest.Expect("{29,'$ref','$from','_',{erpc,execute_call,4},[monitor]}",
			"['$result',erlang,system_info,[version]]"),
		gonodetest.Do("waits", func(*gonodetest.PeerConn) error { <-release; return nil }),
		gonodetest.Send("{31,'$ref','$from',2,'$self'}", nil),
		gonodetest.Send("{28,'$self','$from','$ref'}", `{'$result',return,"13.1"}`),
		gonodetest.Expect("{22,'_','$self'}", "{tag,0}"))
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, soon, time.Millisecond)
	began := time.Now()
	for ctx := within(t, soon); time.Since(began) < 100*time.Millisecond; {
		_, err := n.Call(ctx, etf.Atom("counter"), etf.Atom("get"))
		require.NoError(t, err)
	}
	require.Less(t, time.Since(began), 1500*time.Millisecond, "no call has waited for the peer")
	close(release)
	script.Wait(t)
}

// The reply is for whoever it was sent to. What a server tells another process about a call is no answer to the call.
func TestAMessageWithTheTagOfACallDoesNotAnswerItForAnother(t *testing.T) {
	n := startSamples(t)
	e := gonodetest.StartErl(t)
	e.Eval(t, `register(srv, spawn(fun F() -> receive {'$gen_call', {_, [alias|Ref] = Tag} = To, {tell, Other}} ->
		Other ! {Ref, hi}, Other ! {Tag, hi}, gen_server:reply(To, answer), F() end end))`)
	inbox := &collector{got: make(chan etf.Term, 10)}
	other := spawn(t, n, "other", genserv.Of(inbox))
	srv := etf.Tuple{etf.Atom("srv"), etf.Atom(e.Name())}
	reply, err := n.Call(within(t, 20*time.Second), srv, etf.Tuple{etf.Atom("tell"), other})
	require.NoError(t, err)
	require.Equal(t, etf.Atom("answer"), reply)
	for range 2 {
		select {
		case msg := <-inbox.got:
			require.Equal(t, etf.Atom("hi"), msg.(etf.Tuple)[1])
		case <-time.After(20 * time.Second):
			require.Fail(t, "the message has not arrived")
		}
	}
}

// collector hands over what it is sent.
type collector struct{ got chan etf.Term }

func (*collector) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (*collector) HandleCall(_ *genserv.Process, r etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	return genserv.Reply(r, s)
}

func (c *collector) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	c.got <- msg
	return genserv.NoReply(s)
}
