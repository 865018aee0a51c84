package ergohost_test

import (
	"errors"
	"sync"
	"testing"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// srv is a gen_server that records what it gets.
const srv = `
-module(srv).
-behaviour(gen_server).
-export([start/0, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start() -> {ok, Pid} = gen_server:start({local, srv}, ?MODULE, [], []), Pid.
init([]) -> {ok, []}.
handle_call({echo, T}, _, S) -> {reply, T, S};
handle_call(seen, _, S) -> {reply, lists:reverse(S), []};
handle_call(silence, _, S) -> {noreply, [silence | S]};
handle_call({stop, R}, _, S) -> {stop, R, S}.
handle_cast(T, S) -> {noreply, [{cast, T} | S]}.
handle_info(T, S) -> {noreply, [{info, T} | S]}.
`

// withServer joins a pair with a BEAM that has the server srv, and starts an actor that calls its stand-in.
func withServer(t *testing.T) (p *pair, e *beam.Node, said chan any) {
	t.Helper()
	p, said = join(t, ergohost.Options{}), make(chan any, 10)
	e = beam.StartErl(t)
	e.Compile(t, "srv", srv)
	eval(t, e, "srv:start()")
	p.remote(t, e)
	p.spawn(t, "caller", gen.ProcessOptions{}, said, true)
	return p, e, said
}

// remote starts the stand-in of srv.
func (p *pair) remote(t *testing.T, e *beam.Node) gen.PID {
	t.Helper()
	pid, err := p.ergo.SpawnRegister("srv", p.host.Remote("srv", gen.Atom(e.Name())), gen.ProcessOptions{})
	require.NoError(t, err)
	return pid
}

func TestAnActorCallsAGenServerOfABeam(t *testing.T) {
	p, e, _ := withServer(t)
	at := p.at("caller")
	require.Equal(t, "#{k => [1,2.5]}", eval(t, e, "gen_server:call(%s, {call, srv, {echo, #{k => [1,2.5]}}})", at))
	require.Equal(t, "ok", eval(t, e, "gen_server:call(%s, {send, srv, hello})", at))
	require.Equal(t, "ok", eval(t, e, "gen_server:call(%s, {cast, srv, {some, cast}})", at))
	require.Equal(t, "[{info,hello},{cast,{some,cast}}]", eval(t, e, "gen_server:call(%s, {call, srv, seen})", at))
	require.Equal(t, "{error,{oops,1}}", eval(t, e, "gen_server:call(%s, {call, srv, {stop, {oops,1}}})", at))
	eventually(t, func() bool { _, err := p.ergo.ProcessPID("srv"); return err != nil })
	require.Zero(t, p.host.Lost())
}

func TestValuesOfRegisteredTypesComeBackFromABeam(t *testing.T) {
	p, e, _ := withServer(t)
	ergohost.Register[add](p.host, "add")
	_ = e
	got, err := p.ergo.Call(gen.Atom("srv"), etf.Tuple{etf.Atom("echo"), etf.Tuple{etf.Atom("add"), etf.Int(3)}})
	require.NoError(t, err)
	require.Equal(t, add{N: 3}, got)
	_, err = p.ergo.Call(gen.Atom("srv"), make(chan int))
	require.Error(t, err, "what has no term is not sent")
}

func TestErgosLinksAndMonitorsTellOfARemoteProcess(t *testing.T) {
	p, e, said := withServer(t)
	at := p.at("caller")
	require.Equal(t, "ok", eval(t, e, "gen_server:call(%s, {monitor, srv})", at))
	require.Equal(t, "ok", eval(t, e, "gen_server:call(%s, {link, srv})", at))
	eval(t, e, "gen_server:stop(srv, because, 5000)")
	var reasons []error
	for range 2 {
		switch m := receive(t, said).(type) {
		case gen.MessageDownProcessID:
			reasons = append(reasons, m.Reason)
		case gen.MessageExitProcessID:
			reasons = append(reasons, m.Reason)
		default:
			t.Fatalf("%#v", m)
		}
	}
	for _, reason := range reasons {
		require.Equal(t, etf.Term(etf.Atom("because")), ergohost.Reason(reason))
	}
	require.Len(t, reasons, 2)
}

func TestAStandInForNobodyEndsWithNoproc(t *testing.T) {
	p, e, said := withServer(t)
	eval(t, e, "gen_server:call(%s, {monitor, srv})", p.at("caller"))
	eval(t, e, "gen_server:stop(srv)")
	require.Equal(t, gen.TerminateReasonNormal, receive(t, said).(gen.MessageDownProcessID).Reason)
	p.remote(t, e)
	for {
		_, err := p.ergo.Call(gen.Atom("srv"), etf.Atom("seen"))
		require.Error(t, err)
		if errors.Is(err, gen.ErrProcessUnknown) {
			break
		}
	}
}

func TestTheEndOfANodeReachesErgo(t *testing.T) {
	p, e, said := withServer(t)
	eval(t, e, "gen_server:call(%s, {monitor, srv})", p.at("caller"))
	failed := make(chan error, 1)
	go func() {
		_, err := p.ergo.Call(gen.Atom("srv"), etf.Atom("silence"))
		failed <- err
	}()
	eventually(t, func() bool {
		return e.Eval(t, "sys:get_state(srv)") == "[silence]"
	})
	e.Kill(t)
	require.Equal(t, gen.ErrNoConnection, receive(t, said).(gen.MessageDownProcessID).Reason)
	require.ErrorIs(t, receive(t, failed), gen.ErrNoConnection)
}

func TestASignalOfErgoStopsARemoteProcess(t *testing.T) {
	p, e, _ := withServer(t)
	eval(t, e, "M = monitor(process, srv)")
	killer, err := p.ergo.Spawn(func() gen.ProcessBehavior { return &sender{to: "srv"} }, gen.ProcessOptions{})
	require.NoError(t, err)
	require.NoError(t, p.ergo.Send(killer, errors.New("enough")))
	require.Equal(t, `<<"enough">>`, eval(t, e, "receive {'DOWN', M, process, _, R} -> R after 5000 -> nothing end"))
}

// sender sends an exit signal.
type sender struct {
	act.Actor
	to gen.Atom
}

func (s *sender) HandleMessage(_ gen.PID, message any) error {
	pid, err := s.Node().ProcessPID(s.to)
	if err != nil {
		return err
	}
	return s.SendExit(pid, message.(error))
}

// family is a supervisor with exposed actors and the stand-in of a remote process. ergo tells a supervisor of the end
// of a child before the name of the child is free, so a restart under the same name often fails (gen.ErrTaken). So the
// children have no names except those of Exposed.
type family struct {
	act.Supervisor
	children map[gen.Atom]gen.ProcessFactory
}

func (f *family) Init(...any) (act.SupervisorSpec, error) {
	spec := act.SupervisorSpec{Type: act.SupervisorTypeSimpleOneForOne}
	spec.Restart = act.SupervisorRestart{Strategy: act.SupervisorStrategyPermanent, Intensity: 10_000, Period: 1}
	for name, factory := range f.children {
		spec.Children = append(spec.Children, act.SupervisorChildSpec{Name: name, Factory: factory})
	}
	return spec, nil
}

func (f *family) HandleMessage(gen.PID, any) error {
	for name := range f.children {
		if err := f.StartChild(name); err != nil {
			return err
		}
	}
	return nil
}

// supervise starts a family. It returns a function that finds the present process of a child.
func (p *pair) supervise(t *testing.T, children map[gen.Atom]gen.ProcessFactory) (find func(gen.Atom) gen.PID) {
	t.Helper()
	var pids sync.Map
	for name, factory := range children {
		children[name] = func() gen.ProcessBehavior {
			return &found{ProcessBehavior: factory(), pids: &pids, name: name}
		}
	}
	sup, err := p.ergo.Spawn(func() gen.ProcessBehavior { return &family{children: children} }, gen.ProcessOptions{})
	require.NoError(t, err)
	require.NoError(t, p.ergo.Send(sup, "start"))
	t.Cleanup(func() { // otherwise it starts children while the nodes stop
		_ = p.ergo.SendExit(sup, gen.TerminateReasonShutdown)
		eventually(t, func() bool { _, err := p.ergo.ProcessState(sup); return err != nil })
	})
	return func(name gen.Atom) gen.PID {
		pid, _ := pids.Load(name)
		got, _ := pid.(gen.PID)
		return got
	}
}

// found is a process that reports its pid once it has started.
type found struct {
	gen.ProcessBehavior
	pids    *sync.Map
	name    gen.Atom
	process gen.Process
}

func (f *found) ProcessInit(process gen.Process, args ...any) error {
	f.process = process
	return f.ProcessBehavior.ProcessInit(process, args...)
}

func (f *found) ProcessRun() error {
	f.pids.Store(f.name, f.process.PID())
	return f.ProcessBehavior.ProcessRun()
}

// answers evaluates an expression until it has a value.
func answers(t testing.TB, e *beam.Node, format string, args ...any) string {
	t.Helper()
	return eval(t, e, "(fun F() -> case catch "+format+" of {'EXIT', _} -> F(); Got -> Got end end)()", args...)
}

func TestASupervisorOfErgoRestartsBothKindsOfStandIns(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	e.Compile(t, "srv", srv)
	eval(t, e, "srv:start()")
	find := p.supervise(t, map[gen.Atom]gen.ProcessFactory{
		"child": p.host.Exposed("child", newActor), "srv": p.host.Remote("srv", gen.Atom(e.Name())),
	})
	at := p.at("child")
	for range 3 {
		require.Equal(t, "pong", answers(t, e, "gen_server:call(%s, ping)", at))
		require.Equal(t, "ok", eval(t, e, "gen_server:stop(%s, because, 5000)", at))
	}
	require.Equal(t, "pong", answers(t, e, "gen_server:call(%s, ping)", at))
	eval(t, e, "gen_server:stop(srv), srv:start()")
	eventually(t, func() bool {
		got, err := p.ergo.Call(find("srv"), etf.Tuple{etf.Atom("echo"), etf.Atom("again")})
		return err == nil && got == any(etf.Atom("again"))
	})
}

// flood sends n messages to srv, every second one as a cast.
type flood struct {
	act.Actor
	n int
}

func (f *flood) HandleMessage(gen.PID, any) error {
	for i := 1; i <= f.n; i++ {
		var message any = etf.Int(i)
		if i%2 == 0 {
			message = ergohost.Cast{Request: i}
		}
		if err := f.Send(gen.Atom("srv"), message); err != nil {
			return err
		}
	}
	return f.Send(gen.Atom("srv"), ergohost.Info{Message: etf.Atom("done")})
}
