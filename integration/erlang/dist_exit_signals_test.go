package erlang

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// victim answers pid with its pid, {trap, Bool} and {link, Pid} with ok, seen with the messages it got, and ends by
// {exit, Reason}.
type victim struct{}

func (victim) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (victim) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, seen etf.List) genserv.Result[etf.List] {
	switch request {
	case etf.Atom("pid"):
		return genserv.Reply(p.Self(), seen)
	case etf.Atom("seen"):
		return genserv.Reply(seen, etf.List(nil))
	}
	t := request.(etf.Tuple)
	switch t[0] {
	case etf.Term(etf.Atom("trap")):
		p.TrapExit(t[1] == etf.Term(etf.Atom("true")))
	case etf.Term(etf.Atom("link")):
		p.Link(t[1].(etf.Pid))
	case etf.Term(etf.Atom("unlink")):
		p.Unlink(t[1].(etf.Pid))
	case etf.Term(etf.Atom("monitor")):
		ref, _ := p.Monitor(t[1])
		return genserv.Reply(ref, seen)
	case etf.Atom("exit"):
		return genserv.Stop(t[1], seen)
	}
	return genserv.Reply(etf.Atom("ok"), seen)
}

func (victim) HandleInfo(_ *genserv.Process, msg etf.Term, seen etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(seen, msg))
}

// reasons are exit reasons of every kind.
var reasons = []string{"shutdown", "{shutdown,x}", "kill", "{badmatch,[any,#{term => <<1:3>>}]}", "normal"}

func TestTheEndOfAGoServerReachesItsLinksAndMonitorsAsATerm(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	e.Eval(t, "process_flag(trap_exit, true)")
	e.Eval(t, at(n, `End = fun(R) ->
		S = {victim,'gonode@host'}, Pid = gen_server:call(S, pid), link(Pid), M1 = monitor(process, Pid), M2 = monitor(process, S),
		catch gen_server:call(S, {exit, R}),
		[receive {'EXIT', Pid, A} -> A after 20000 -> none end, receive {'DOWN', M1, process, Pid, B} -> B after 20000 -> none end,
			receive {'DOWN', M2, process, S, C} -> C after 20000 -> none end]
	end`))
	for _, r := range reasons {
		spawn(t, n, "victim", genserv.Of(victim{}))
		require.Equal(t, "["+r+","+r+","+r+"]", e.Eval(t, "End("+r+")"))
	}
}

func TestExitSignalsActOnAGoServerAsOnAnErlangProcess(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	e.Eval(t, "process_flag(trap_exit, true)")
	// A call that comes behind the signal is answered, or it ends with the process.
	e.Eval(t, at(n, `S = {victim,'gonode@host'}, Signal = fun(R) ->
		Pid = gen_server:call(S, pid), M = monitor(process, Pid), exit(Pid, R),
		try gen_server:call(Pid, pid, 20000) of Pid -> demonitor(M, [flush]), alive
		catch exit:_ -> receive {'DOWN', M, _, _, Why} -> Why after 20000 -> none end end
	end`))
	spawn(t, n, "victim", genserv.Of(victim{}))
	require.Equal(t, "alive", e.Eval(t, "Signal(normal)"))
	require.Equal(t, "{any,reason}", e.Eval(t, "Signal({any,reason})"))
	spawn(t, n, "victim", genserv.Of(victim{}))
	e.Eval(t, "gen_server:call(S, {trap,true})")
	require.Equal(t, "alive", e.Eval(t, "Signal({any,reason})"))
	require.Equal(t, "true", e.Eval(t,
		"begin Me = self(), [{'EXIT',Me,{any,reason}}] = gen_server:call(S, seen), true end"))
	require.Equal(t, "killed", e.Eval(t, "Signal(kill)"))
}

func TestLinksFromGoBreakWithTheReasonOfTheErlangProcess(t *testing.T) {
	n := startSamples(t)
	spawn(t, n, "victim", genserv.Of(victim{}))
	e := beam.StartErl(t)
	e.Eval(t, at(n, "S = {victim,'gonode@host'}"))
	e.Eval(t, "gen_server:call(S, {trap,true})")
	for _, r := range reasons {
		got := e.Eval(t, `(fun() ->
			P = spawn(fun() -> receive R -> exit(R) end end),
			ok = gen_server:call(S, {link,P}), Ref = gen_server:call(S, {monitor,P}), P ! `+r+`,
			F = fun F(Seen, K) when length(Seen) >= 2; K =:= 0 ->
					lists:sort([case M of {'EXIT',P,A} -> {link,A}; {'DOWN',Ref,process,P,A} -> {monitor,A} end || M <- Seen]);
				F(Seen, K) -> timer:sleep(10), F(Seen ++ gen_server:call(S, seen), K - 1)
			end, F([], 2000)
		end)()`)
		require.Equal(t, "[{link,"+r+"},{monitor,"+r+"}]", got)
	}
	require.Equal(t, "[]", e.Eval(t, `begin
		Q = spawn(fun() -> receive stop -> exit(boom) end end),
		ok = gen_server:call(S, {link,Q}), ok = gen_server:call(S, {unlink,Q}), M = monitor(process, Q),
		Q ! stop, receive {'DOWN', M, _, _, boom} -> ok end, timer:sleep(100), gen_server:call(S, seen)
	end`), "unlink, then death: nothing")
}

func TestWhatIsWatchedOnANodeThatDiesIsReportedAsNoconnection(t *testing.T) {
	n := startSamples(t)
	spawn(t, n, "victim", genserv.Of(victim{}))
	e, other := beam.StartErl(t), beam.StartErl(t)
	other.Eval(t, "register(target, spawn(fun() -> receive after infinity -> ok end end))")
	e.Eval(t, at(n, "S = {victim,'gonode@host'}"))
	e.Eval(t, "gen_server:call(S, {trap,true})")
	e.Eval(t, "T = rpc:call('"+other.Name()+"', erlang, whereis, [target]), gen_server:call(S, {link,T})")
	e.Eval(t, "Ref = gen_server:call(S, {monitor,{target,'"+other.Name()+"'}})")
	other.Kill(t)
	require.Equal(t, "true", e.Eval(t, `begin
		F = fun F(Seen) when length(Seen) >= 2 -> Seen; F(Seen) -> timer:sleep(20), F(Seen ++ gen_server:call(S, seen)) end,
		lists:sort(F([])) =:= lists:sort([{'EXIT',T,noconnection}, {'DOWN',Ref,process,{target,'`+other.Name()+`'},noconnection}])
	end`))
}

func TestAGroupLeaderIsSetFromAfar(t *testing.T) {
	n := startSamples(t)
	spawn(t, n, "nursery", genserv.Of(nursery{n}))
	e := beam.StartErl(t)
	require.Equal(t, "{true,true}", e.Eval(t, at(n, `begin
		Leader = fun(P) -> {group_leader, L} = rpc:call('gonode@host', erlang, process_info, [P, group_leader]), L end,
		Nursery = rpc:call('gonode@host', erlang, whereis, [nursery]), true = group_leader(self(), Nursery),
		fine = gen_server:call({echo,'gonode@host'}, fine),
		{Leader(Nursery) =:= self(), Leader(gen_server:call(Nursery, new)) =:= self()}
	end`)), "those that it starts have it too")
}

func TestAProcessIsNotStartedWithOptionsThatThereAreNone(t *testing.T) {
	n := startSamples(t)
	e, other := beam.StartErl(t), beam.StartErl(t)
	e.Eval(t, `Spawn = fun(Node, Opts) -> Args = [make_ref(), erlang, node, []],
		R = spawn_request(Node, erpc, execute_call, Args, [{reply_tag, started} | Opts]),
		Answer = receive {started, R, error, Why} -> Why; {started, R, ok, _} -> ok after 20000 -> none end,
		Reason = receive {'DOWN', R, process, _, {Ref, return, _}} -> Ref =:= hd(Args) after 0 -> no end,
		case Answer =:= ok andalso lists:member(monitor, Opts) andalso Reason =:= no of
			true -> receive {'DOWN', R, process, _, {Ref2, return, _}} -> {ok, Ref2 =:= hd(Args)} after 20000 -> none end;
			false -> {Answer, Reason}
		end end`)
	for _, opts := range []string{"[monitor]", "[]",
		"[monitor, {priority, high}, {min_heap_size, 1000}, {fullsweep_after, 1}]", "[bogus]", "[monitor, {bogus, 1}]"} {
		require.Equal(t, e.Eval(t, "Spawn("+other.Atom()+","+opts+")"), e.Eval(t, at(n, "Spawn('gonode@host',"+opts+")")),
			opts)
	}
}
