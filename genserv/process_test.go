package genserv_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// inProcess runs a function in a callback of a process, and returns its environment afterwards.
func inProcess(t *testing.T, do func(w *testEnv, p *genserv.Process)) *testEnv {
	w := &testEnv{}
	w.start(genserv.Of(failing{func(p *genserv.Process) { do(w, p) }}), nil, driver.Options{Name: atom("named")})
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	require.False(t, w.ended, "%v", w.next.Reason)
	return w
}

func TestTheProcessAsksItsNodeInTheWordsOfErlang(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(p *genserv.Process) error
		want etf.Tuple
	}{
		{"link", func(p *genserv.Process) error { p.Link(remote); return nil }, etf.Tuple{atom("link"), remote}},
		{"unlink", func(p *genserv.Process) error { p.Unlink(remote); return nil },
			etf.Tuple{atom("unlink"), remote}},
		{"exit", func(p *genserv.Process) error { p.Exit(remote, atom("kill")); return nil },
			etf.Tuple{atom("exit"), remote, atom("kill")}},
		{"exit without a reason", func(p *genserv.Process) error { p.Exit(remote, nil); return nil },
			etf.Tuple{atom("exit"), remote, atom("undefined")}},
		{"register", func(p *genserv.Process) error { return p.Register("other") },
			etf.Tuple{atom("register"), atom("other")}},
		{"unregister", func(p *genserv.Process) error { return p.Unregister("other") },
			etf.Tuple{atom("unregister"), atom("other")}},
		{"unalias", func(p *genserv.Process) error { require.True(t, p.Unalias(alias)); return nil },
			etf.Tuple{atom("unalias"), alias}},
		{"trap_exit", func(p *genserv.Process) error { require.False(t, p.TrapExit(true)); return nil },
			etf.Tuple{atom("trap_exit"), atom("true")}},
		{"demonitor", func(p *genserv.Process) error { p.Demonitor(other); return nil },
			etf.Tuple{atom("demonitor"), other}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := inProcess(t, func(_ *testEnv, p *genserv.Process) { require.NoError(t, test.do(p)) })
			require.Equal(t, []etf.Tuple{test.want}, w.asked)
		})
	}
}

func TestMonitorAliasAndMakeRefReturnReferences(t *testing.T) {
	var refs []etf.Ref
	w := inProcess(t, func(_ *testEnv, p *genserv.Process) {
		for _, ask := range []func() (etf.Ref, error){
			func() (etf.Ref, error) { return p.Monitor(etf.Tuple{atom("name"), atom("erl@there")}) },
			func() (etf.Ref, error) { return p.Alias() }, p.MakeRef,
		} {
			ref, err := ask()
			require.NoError(t, err)
			refs = append(refs, ref)
		}
	})
	require.Len(t, refs, 3)
	require.NotEqual(t, refs[0], refs[1])
	require.NotEqual(t, refs[1], refs[2])
	require.Equal(t, []etf.Tuple{
		{atom("monitor"), etf.Tuple{atom("name"), atom("erl@there")}, atom("false")}, {atom("alias")}, {atom("make_ref")},
	}, w.asked)
}

func TestWhatTheNodeRefusesIsAnError(t *testing.T) {
	refusal := errors.New("badarg")
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.fail = refusal
		require.ErrorIs(t, p.Register("taken"), refusal)
		require.ErrorIs(t, p.TrySend(atom("nobody"), atom("hello")), refusal)
		require.ErrorIs(t, p.TryReply(genserv.From{Pid: remote, Tag: other}, atom("hello")), refusal)
		w.fail = nil
	})
}

func TestAChildIsStartedWithAndWithoutALink(t *testing.T) {
	child := genserv.Child{Name: "child", Module: genserv.Of(failing{}), Args: etf.Int(5)}
	w := inProcess(t, func(_ *testEnv, p *genserv.Process) {
		pid, err := p.SpawnLink(child)
		require.NoError(t, err)
		require.Equal(t, uint32(200), pid.ID)
		_, err = p.Spawn(child)
		require.NoError(t, err)
	})
	name := child.Module.Name()
	require.Equal(t, []etf.Tuple{
		{atom("spawn"), atom("child"), name, etf.Int(5), atom("true")},
		{atom("spawn"), atom("child"), name, etf.Int(5), atom("false")},
	}, w.asked)
}

func TestSendCastAndReplyGoOutAsTheyAre(t *testing.T) {
	w := inProcess(t, func(_ *testEnv, p *genserv.Process) {
		p.Send(remote, atom("hello"))
		p.Send(atom("name"), nil)
		p.Cast(etf.Tuple{atom("name"), atom("erl@there")}, etf.Int(1))
		p.Reply(genserv.From{Pid: remote, Tag: aliased(alias)}, etf.Int(2))
	})
	require.Equal(t, []sent{
		{remote, atom("hello")},
		{atom("name"), atom("undefined")},
		{etf.Tuple{atom("name"), atom("erl@there")}, etf.Tuple{atom("$gen_cast"), etf.Int(1)}},
		{alias, etf.Tuple{aliased(alias), etf.Int(2)}},
		{client, etf.Tuple{etf.Int(1), atom("undefined")}},
	}, w.sent)
}

func TestATimerSendsLaterOrNotAtAll(t *testing.T) {
	var kept, cancelled *genserv.Timer
	w := inProcess(t, func(_ *testEnv, p *genserv.Process) {
		kept = p.SendAfter(time.Second, p.Self(), atom("tick"))
		cancelled = p.SendAfter(time.Minute, remote, nil)
		require.True(t, cancelled.Cancel())
		require.False(t, cancelled.Cancel())
	})
	require.Equal(t, &fakeTimer{d: time.Second, to: self, msg: atom("tick")}, w.timers[0])
	require.Equal(t, &fakeTimer{d: time.Minute, to: remote, msg: atom("undefined"), over: true}, w.timers[1])
	w.ring(w.timers[0])
	require.False(t, kept.Cancel())
}

func TestACallFromInsideAsksTheNode(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.call = func(ctx context.Context, to, request etf.Term) (etf.Term, error) {
			require.Equal(t, etf.Term(remote), to)
			require.Equal(t, atom("undefined"), request)
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			return etf.Int(42), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		reply, err := p.Call(ctx, remote, nil)
		require.NoError(t, err)
		require.Equal(t, etf.Int(42), reply)
	})
}

func TestTheOtherRequestsFromInsideAskTheNodeToo(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.take()
		nodes := []etf.Atom{"a@h", "b@h"}
		replies, bad := p.MultiCall(t.Context(), nodes, "srv", nil)
		require.Equal(t, []genserv.NodeReply{{Node: "a@h", Reply: atom("undefined")}}, replies)
		require.Equal(t, nodes[1:], bad)
		require.Equal(t, nodes, p.Abcast(t.Context(), nodes, "srv", nil))
		require.NoError(t, p.Terminate(t.Context(), remote, atom("shutdown")))
		require.Equal(t, "[{multi_call,[srv,undefined]},{abcast,[srv,undefined]},{stop,["+etf.Format(remote)+",shutdown]}]",
			etf.Format(etf.List(w.take())))
	})
}

func TestAGlobalNameIsLookedUpBeforeItIsUsed(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.call = func(_ context.Context, to, _ etf.Term) (etf.Term, error) { return to, nil }
		known, other := etf.Tuple{atom("global"), atom("known")}, etf.Tuple{atom("global"), atom("other")}
		reply, err := p.Call(t.Context(), known, nil)
		require.NoError(t, err)
		require.Equal(t, etf.Term(remote), reply)
		p.Cast(known, atom("x"))
		require.Equal(t, sent{remote, driver.CastMessage(atom("x"))}, w.sent[len(w.sent)-1])
		require.NoError(t, p.Terminate(t.Context(), known, nil))

		_, err = p.Call(t.Context(), other, nil)
		require.ErrorIs(t, err, genserv.ErrNoProc)
		p.Cast(other, nil)
		require.Len(t, w.sent, 1, "it is lost")
		require.ErrorIs(t, p.Terminate(t.Context(), other, nil), genserv.ErrNoProc)
		id, err := p.SendRequest(other, nil)
		require.NoError(t, err, "the response tells")
		_, err = id.Wait(p, 0)
		require.ErrorIs(t, err, genserv.ErrNoProc)
	})
}

func TestADownThatWaitsInsideIsFlushed(t *testing.T) {
	w := &testEnv{}
	down := func(ref etf.Ref) etf.Term {
		return etf.Tuple{atom("DOWN"), ref, atom("process"), remote, atom("noproc")}
	}
	server := &flusher{w: w}
	w.start(genserv.Of(server), nil, driver.Options{})
	w.send(driver.SystemMessage(client, etf.Int(1), atom("suspend")))
	w.send(atom("flush"), down(alias), etf.Tuple{atom("DOWN"), alias}, down(other), atom("last"), down(alias))
	require.Equal(t, 6, w.loop.Kept())
	w.send(driver.SystemMessage(client, etf.Int(2), atom("resume")))
	require.Equal(t, []etf.Term{atom("flush"), etf.Tuple{atom("DOWN"), alias}, down(other), atom("last")}, server.seen)
}

// flusher demonitors with the message flush.
type flusher struct {
	w    *testEnv
	seen []etf.Term
}

func (*flusher) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (*flusher) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.NoReply(n)
}

func (f *flusher) HandleInfo(p *genserv.Process, msg etf.Term, n int) genserv.Result[int] {
	f.seen = append(f.seen, msg)
	if msg == atom("flush") {
		p.Demonitor(alias)
	}
	return genserv.NoReply(n)
}

func TestTheProcessDictionary(t *testing.T) {
	inProcess(t, func(_ *testEnv, p *genserv.Process) {
		initial, ok := p.Get(atom("$initial_call"))
		require.True(t, ok)
		require.Equal(t, etf.Tuple{atom("genserv_test.failing"), atom("init"), etf.Int(1)}, initial)
		_, ok = p.Get(atom("key"))
		require.False(t, ok)

		_, was := p.Put(atom("key"), etf.Int(1))
		require.False(t, was)
		old, was := p.Put(atom("key"), nil)
		require.True(t, was)
		require.Equal(t, etf.Int(1), old)
		p.Put(etf.Tuple{atom("compound")}, etf.Int(2))
		require.Equal(t, `[{'$initial_call',{'genserv_test.failing',init,1}},{'$ancestors',[]},{key,undefined},{{compound},2}]`,
			etf.Format(p.Dictionary()))

		old, was = p.Erase(atom("key"))
		require.True(t, was)
		require.Equal(t, atom("undefined"), old)
		_, was = p.Erase(atom("key"))
		require.False(t, was)
		value, _ := p.Get(etf.Tuple{atom("compound")})
		require.Equal(t, etf.Int(2), value)
	})
}

// mute is a node that has nothing to say.
type mute struct{ *testEnv }

func (mute) Log() *slog.Logger { return nil }

func TestAServerWithoutALoggerIsSilent(t *testing.T) {
	w := &testEnv{}
	w.loop = genserv.NewLoop(genserv.Of(failing{func(p *genserv.Process) {
		p.Logger().Error("nobody hears this")
		panic("nor this")
	}}), mute{w}, driver.Options{})
	_, next, _ := w.loop.Start(nil)
	require.False(t, next.Stopped)
	require.True(t, w.loop.Handle(driver.CallMessage(client, etf.Int(1), nil)).Stopped)
}

func TestReceiveAsksTheNodeForTheFirstMessageThatMatches(t *testing.T) {
	inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.mailbox = []etf.Term{atom("a"), etf.Int(1), etf.Int(2)}
		number := func(msg etf.Term) bool { _, ok := msg.(etf.Int); return ok }
		for _, want := range []etf.Term{etf.Int(1), etf.Int(2), nil} {
			msg, ok := p.Receive(time.Second, number)
			require.Equal(t, want, msg)
			require.Equal(t, want != nil, ok)
		}
		require.Equal(t, []etf.Term{atom("a")}, w.mailbox)
		require.Equal(t, etf.Tuple{atom("receive"), etf.Int(1000)}, w.asked[0])
	})
}

func TestReceiveLooksFirstAtWhatCameDuringASuspend(t *testing.T) {
	w := &testEnv{}
	var got []etf.Term
	w.start(genserv.Of(failing{func(p *genserv.Process) {
		for {
			msg, ok := p.Receive(0, func(msg etf.Term) bool { _, ok := msg.(etf.Int); return ok })
			if !ok {
				return
			}
			got = append(got, msg)
		}
	}}), nil, driver.Options{})
	w.send(driver.SystemMessage(client, etf.Int(1), atom("suspend")))
	w.send(driver.CallMessage(client, etf.Int(2), atom("go")), etf.Int(1), atom("info"), etf.Int(2))
	require.Equal(t, 4, w.loop.Kept())
	w.mailbox = append(w.mailbox, etf.Int(3))
	w.send(driver.SystemMessage(client, etf.Int(3), atom("resume")))
	require.Equal(t, []etf.Term{etf.Int(1), etf.Int(2), etf.Int(3)}, got)
	require.Zero(t, w.loop.Kept())
}

func TestAProcessKnowsItsNameAndWhoIsAlive(t *testing.T) {
	w := inProcess(t, func(w *testEnv, p *genserv.Process) {
		require.Equal(t, atom("named"), p.Name())
		require.True(t, p.IsAlive(client))
		w.fail = errors.New("badarg")
		require.False(t, p.IsAlive(remote))
		w.fail = nil
	})
	require.Equal(t, etf.Tuple{atom("name_of"), client}, w.asked[0])
}

// behaviour is a server that stands for another module, as supervisor does.
type behaviour struct{ failing }

func (behaviour) InitialCall() (module, function etf.Atom, arity int) { return "supervisor", "mod", 1 }

func (behaviour) FormatStatus(genserv.Status, string) genserv.Status {
	return genserv.Status{Misc: etf.List{etf.Tuple{atom("supervisor"),
		etf.List{etf.Tuple{etf.Charlist("Callback"), atom("mod")}}}}}
}

func TestABehaviourShowsWhichModuleItRuns(t *testing.T) {
	w := &testEnv{}
	w.start(genserv.Of(behaviour{}), nil, driver.Options{})
	status := debugged(t, w, "get_status")
	require.Contains(t, status, `{'$initial_call',{supervisor,mod,1}}`)
	require.Contains(t, status, `{data,[{"State",<<"state">>}]},{supervisor,[{"Callback",mod}]}]`)
}

func TestTryTellsWhatAPanicMeans(t *testing.T) {
	require.Nil(t, genserv.Try(func() {}))
	exit := genserv.Try(func() { panic(genserv.Exit{Reason: atom("gone")}) })
	require.Equal(t, etf.Atom("exit"), exit.Class)
	require.Equal(t, atom("gone"), exit.ExitReason())
	failed := genserv.Try(func() { panic(atom("badarg")) })
	require.Equal(t, etf.Atom("error"), failed.Class)
	require.Equal(t, etf.Tuple{atom("badarg"), failed.Stack}, failed.ExitReason())
	require.NotEmpty(t, failed.Stack)
	require.EqualError(t, failed, "error: badarg")
}

func TestAMistakeOfASenderIsLoggedAndTheCallerHearsOfABadReply(t *testing.T) {
	w := inProcess(t, func(w *testEnv, p *genserv.Process) {
		w.once = &etf.EncodeError{}
		p.Send(remote, etf.Tuple{nil})
		w.once = errors.New("badarg")
		p.Cast(atom("nobody"), atom("x"))
		require.Len(t, w.take(), 3, "the start, and two reports")
		require.Empty(t, w.sent)
		w.once = fmt.Errorf("no term: %w", &etf.EncodeError{})
		p.Reply(genserv.From{Pid: remote, Tag: other}, etf.Tuple{nil})
	})
	require.Equal(t, remote, w.sent[0].to)
	reply := w.sent[0].msg.(etf.Tuple)
	require.Equal(t, etf.Term(other), reply[0])
	require.Contains(t, etf.Format(reply[1]), "{error,{bad_reply,")
}
