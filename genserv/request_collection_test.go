package genserv_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// lastTag returns the alias of the last request that was sent, and a reply to it.
func (w *testEnv) lastTag() etf.Ref {
	call := w.sent[len(w.sent)-1].msg.(etf.Tuple)
	return call[1].(etf.Tuple)[1].(etf.ImproperList).Tail.(etf.Ref)
}

func aliasReply(ref etf.Ref, reply etf.Term) etf.Term {
	return etf.Tuple{etf.ImproperList{Elems: []etf.Term{atom("alias")}, Tail: ref}, reply}
}

func downOf(ref etf.Ref, reason etf.Term) etf.Term {
	return etf.Tuple{atom("DOWN"), ref, atom("process"), remote, reason}
}

// collect sends a request for each label and returns the references of them.
func collect(t *testing.T, w *testEnv, p *genserv.Process, c *genserv.RequestIDs[string],
	labels ...string) (refs []etf.Ref) {
	for _, label := range labels {
		id, err := p.SendRequest(remote, atom("question"))
		require.NoError(t, err)
		c.Add(id, label)
		refs = append(refs, w.lastTag())
	}
	return refs
}

func TestResponsesOfACollectionAreTakenAsTheyCome(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		var c genserv.RequestIDs[string]
		_, err := c.Wait(p, time.Second)
		require.ErrorIs(t, err, genserv.ErrNoRequest)
		refs := collect(t, w, p, &c, "a", "b", "c")
		require.Equal(t, 3, c.Len())
		var labels []string
		for _, label := range c.All() {
			labels = append(labels, label)
		}
		require.ElementsMatch(t, []string{"a", "b", "c"}, labels)

		w.mailbox = []etf.Term{atom("other"), aliasReply(refs[1], atom("second")), downOf(refs[0], atom("oops"))}
		r, err := c.Wait(p, time.Second)
		require.NoError(t, err)
		require.Equal(t, "b", r.Label)
		require.Equal(t, atom("second"), r.Reply)
		require.NoError(t, r.Err)
		r, err = c.Wait(p, time.Second)
		require.NoError(t, err)
		require.Equal(t, "a", r.Label)
		require.ErrorIs(t, r.Err, &genserv.Exit{Reason: atom("oops")})
		_, err = c.Wait(p, 0)
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.Equal(t, 1, c.Len(), "a request that was not answered in time is still under way")

		for _, msg := range []etf.Term{atom("x"), downOf(refs[0], atom("again")), aliasReply(refs[1], nil),
			etf.Tuple{refs[2], atom("x")}, etf.Tuple{atom("DOWN"), atom("no_ref"), nil, nil, nil}} {
			_, ok := c.Check(p, msg)
			require.False(t, ok, "%v", msg)
		}
		r, ok := c.Check(p, aliasReply(refs[2], atom("third")))
		require.True(t, ok)
		require.Equal(t, "c", r.Label)
		require.Zero(t, c.Len())
		require.Equal(t, []etf.Term{atom("other")}, w.mailbox)
	})
}

func TestACollectionThatIsGivenUpSeesNoResponseAnyMore(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		var c genserv.RequestIDs[string]
		refs := collect(t, w, p, &c, "a", "b")
		w.mailbox = []etf.Term{atom("other")}
		_, err := c.Receive(p, time.Second)
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.Zero(t, c.Len())
		_, err = c.Receive(p, time.Second)
		require.ErrorIs(t, err, genserv.ErrNoRequest)
		for _, ref := range refs {
			require.Contains(t, w.asked, etf.Tuple{atom("demonitor"), ref})
		}

		refs = collect(t, w, p, &c, "a", "b")
		w.mailbox = append(w.mailbox, aliasReply(refs[1], atom("late")))
		c.Abandon(p)
		require.Equal(t, []etf.Term{atom("other")}, w.mailbox, "what had arrived is gone as well")
	})
}

func TestASingleRequestIsReceivedOrGivenUp(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		send := func() (genserv.RequestID, etf.Ref) {
			id, err := p.SendRequest(remote, nil)
			require.NoError(t, err)
			return id, w.lastTag()
		}
		id, ref := send()
		w.mailbox = []etf.Term{aliasReply(ref, etf.Int(1))}
		reply, err := id.Receive(p, time.Second)
		require.NoError(t, err)
		require.Equal(t, etf.Int(1), reply)

		id, ref = send()
		_, err = id.Receive(p, time.Second)
		require.ErrorIs(t, err, genserv.ErrTimeout)
		require.Equal(t, etf.Tuple{atom("demonitor"), ref}, w.asked[len(w.asked)-2])
		_, ok, _ := id.Check(p, aliasReply(ref, etf.Int(1)))
		require.True(t, ok, "the node would not let it through")

		id, ref = send()
		w.mailbox = []etf.Term{aliasReply(ref, etf.Int(2)), atom("other")}
		id.Abandon(p)
		require.Equal(t, []etf.Term{atom("other")}, w.mailbox)
	})
}
