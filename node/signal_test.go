package node

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// signaller runs the functions that it is called with in its process.
type signaller struct{ do func(etf.Pid) }

func (signaller) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[int] {
	p.TrapExit(true)
	return genserv.Ok(0)
}

func (s signaller) HandleCall(p *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	s.do(p.Self())
	return genserv.Reply(etf.Atom("done"), n)
}

func (signaller) HandleInfo(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}

func TestEverySignalWithWhatIsNoTermReturnsAndChangesNothing(t *testing.T) {
	a, b := pair(t)
	long, torn := etf.Atom(strings.Repeat("a", 256)), etf.Atom("\xff")
	bads := []etf.Term{nil, long, torn, etf.Tuple{nil}, etf.Tuple{long, b.Name()}, etf.Tuple{etf.Atom("x"), long},
		etf.Tuple{etf.Atom("x"), torn}, etf.Pid{}, etf.Pid{Node: long, ID: 1}, etf.Ref{}, etf.Ref{Node: torn, Len: 1},
		etf.List{etf.Map{{Key: etf.Atom("k"), Value: nil}}}, (*etf.BigInt)(nil)}
	_, err := b.Spawn(t.Context(), genserv.Child{Name: "other", Module: genserv.Of(signaller{func(etf.Pid) {}})})
	require.NoError(t, err)
	no := func(etf.Term) bool { return false }
	server := genserv.Of(signaller{})
	for op, signal := range []func(w proc, bad etf.Term, pid etf.Pid, ref etf.Ref, name etf.Atom){
		func(w proc, _ etf.Term, pid etf.Pid, _ etf.Ref, _ etf.Atom) { w.Link(pid, false) },
		func(w proc, _ etf.Term, pid etf.Pid, _ etf.Ref, _ etf.Atom) { w.Unlink(pid) },
		func(w proc, bad etf.Term, pid etf.Pid, _ etf.Ref, _ etf.Atom) { w.Exit(pid, bad, false) },
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, _ etf.Atom) {
			w.Exit(b.registry.byName("other").pid, bad, false)
		},
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, _ etf.Atom) {
			_, _ = w.Monitor(bad, driver.MonitorOptions{})
		},
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, _ etf.Atom) {
			_, _ = w.Monitor(bad, driver.MonitorOptions{Alias: true})
		},
		func(w proc, _ etf.Term, _ etf.Pid, ref etf.Ref, _ etf.Atom) { w.Demonitor(ref) },
		func(w proc, _ etf.Term, _ etf.Pid, ref etf.Ref, _ etf.Atom) { w.Unalias(ref) },
		func(w proc, _ etf.Term, _ etf.Pid, _ etf.Ref, name etf.Atom) { _ = w.Register(name) },
		func(w proc, _ etf.Term, _ etf.Pid, _ etf.Ref, name etf.Atom) { _ = w.Unregister(name) },
		func(w proc, _ etf.Term, pid etf.Pid, _ etf.Ref, _ etf.Atom) { w.NameOf(pid) },
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, name etf.Atom) {
			_, _ = w.Spawn(name, server, bad, true)
		},
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, _ etf.Atom) { _, _ = w.Receive(time.Millisecond, no) },
		func(w proc, bad etf.Term, _ etf.Pid, _ etf.Ref, _ etf.Atom) { w.Detach(bad) },
	} {
		for _, bad := range bads {
			do := func(self etf.Pid) {
				w := proc{a.registry.byPid(self)}
				pid, _ := bad.(etf.Pid)
				ref, _ := bad.(etf.Ref)
				name, _ := bad.(etf.Atom)
				signal(w, bad, pid, ref, name)
				_ = w.Send(bad, bad)
				_ = w.Send(b.registry.byName("other").pid, bad)
			}
			pid, err := a.Spawn(t.Context(), genserv.Child{Module: genserv.Of(signaller{do})})
			require.NoError(t, err)
			_, err = a.Call(t.Context(), pid, etf.Atom("do"))
			require.NoError(t, err, "%d with %s", op, etf.Format(bad))
			_, err = b.Call(t.Context(), pid, etf.Atom("do"))
			require.NoError(t, err, "the connection is up")
			require.NotContains(t, fmt.Sprint(a.registry.registered()), "aaa")
		}
	}
	require.Len(t, b.peers.all(), 1)
	require.NoError(t, b.Ping(t.Context(), a.Name()))
}
