package erlang

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// actorModule has the functions below, for the BEAM that the Go node is compared with.
const actorModule = `
-module(actor).
-export([loop/1, returns/1, exits/1, fails/1, throws/1, greets/1, traps/1, child/1, init/1]).
loop(To) -> receive stop -> ok; {'EXIT', _, R} -> exit({seen, R}); M -> To ! {self(), M}, loop(To) end.
returns(X) -> X.
exits(X) -> exit(X).
fails(X) -> error(X).
throws(X) -> throw(X).
greets(To) -> To ! {self(), hello}.
traps(To) -> process_flag(trap_exit, true), To ! {self(), ready}, loop(To).
child(To) -> {ok, C} = gen_server:start_link(?MODULE, [], []), To ! {self(), C}, loop(To).
init(_) -> {ok, 0}.
`

// actorStories are what happens to a process that runs a function of actor on Node, as whoever has spawned it sees it.
// Each one is compared on both nodes.
const actorStories = `
-module(actor_stories).
-export([tell/1]).
tell(Node) -> [{Name, try Story(Node) catch C:R -> {C, R} end} || {Name, Story} <- stories()].

stories() -> [
    {spawn_runs, fun(N) -> P = spawn(N, actor, greets, [self()]), {node(P), from(P)} end},
    {it_talks, fun(N) -> P = spawn(N, actor, loop, [self()]), P ! a, P ! {b, 1}, {from(P), from(P)} end},
    {it_takes_a_call_from_a_dead_alias, fun(N) -> P = spawn(N, actor, loop, [self()]),
        catch gen_server:call(P, x, 1), receive {P, {'$gen_call', {_, _}, X}} -> X after 10000 -> none end end},
    {its_end_is_normal, fun(N) -> {P, R} = spawn_monitor(N, actor, returns, [x]), down(P, R) end},
    {stop_ends_it, fun(N) -> {P, R} = spawn_monitor(N, actor, loop, [self()]), P ! stop, down(P, R) end},
    {exit_reasons, fun(N) -> [begin {P, R} = spawn_monitor(N, actor, exits, [X]), down(P, R) end
        || X <- [normal, shutdown, {a, "b", #{c => 1}}]] end},
    {error_reasons, fun(N) -> [begin {P, R} = spawn_monitor(N, actor, fails, [X]), down(P, R) end
        || X <- [badarg, {a, <<"b">>}]] end},
    {a_throw_is_nocatch, fun(N) -> {P, R} = spawn_monitor(N, actor, throws, [ball]), down(P, R) end},
    {undef, fun(N) -> [begin {P, R} = spawn_monitor(N, actor, F, A), down(P, R) end
        || {F, A} <- [{nosuch, []}, {loop, [1, 2]}]] end},
    {kill, fun(N) -> {P, R} = spawn_monitor(N, actor, loop, [self()]), exit(P, kill), down(P, R) end},
    {exit_2, fun(N) -> {P, R} = spawn_monitor(N, actor, loop, [self()]), exit(P, because), down(P, R) end},
    {exit_normal_is_ignored, fun(N) -> {P, R} = spawn_monitor(N, actor, loop, [self()]), exit(P, normal), P ! on,
        X = from(P), P ! stop, {X, down(P, R)} end},
    {it_traps, fun(N) -> {P, R} = spawn_monitor(N, actor, traps, [self()]), ready = from(P), exit(P, because),
        down(P, R) end},
    {a_link_pulls_it_down, fun(N) -> Me = self(),
        {Owner, _} = spawn_monitor(fun() -> Me ! {pid, spawn_link(N, actor, loop, [Me])}, receive after infinity -> ok
            end end),
        P = receive {pid, X} -> X end, R = monitor(process, P), exit(Owner, kill), down(P, R) end},
    {it_pulls_its_link_down, fun(N) -> process_flag(trap_exit, true), P = spawn_link(N, actor, exits, [because]),
        X = receive {'EXIT', P, Why} -> Why after 10000 -> none end, process_flag(trap_exit, false), X end},
    {unlinked_it_lives, fun(N) -> Me = self(),
        {Owner, M} = spawn_monitor(fun() -> P = spawn_link(N, actor, loop, [Me]), unlink(P), P ! one,
            Me ! {pid, P}, exit(gone) end),
        P = receive {pid, X} -> X end, receive {'DOWN', M, _, Owner, _} -> ok end, P ! two,
        R = {from(P), from(P)}, exit(P, kill), R end},
    {others_may_link_and_watch, fun(N) -> process_flag(trap_exit, true), P = spawn(N, actor, loop, [self()]), link(P),
        R = monitor(process, P), exit(P, because), D = down(P, R),
        X = receive {'EXIT', P, Why} -> Why after 10000 -> none end, process_flag(trap_exit, false), {D, X} end},
    {demonitored_it_lives, fun(N) -> {P, R} = spawn_monitor(N, actor, loop, [self()]), true = demonitor(R), P ! on,
        X = from(P), exit(P, kill), {X, receive {'DOWN', R, _, _, _} -> down after 0 -> none end} end},
    {request_with_both, fun(N) -> process_flag(trap_exit, true),
        R = spawn_request(N, actor, loop, [self()], [link, monitor]),
        P = receive {spawn_reply, R, ok, Pid} -> Pid after 10000 -> none end, P ! stop,
        X = {receive {'DOWN', R, process, P, W1} -> W1 after 10000 -> none end,
             receive {'EXIT', P, W2} -> W2 after 10000 -> none end}, process_flag(trap_exit, false), X end},
    {it_is_seen, fun(N) -> P = spawn(N, actor, loop, [self()]), P ! one, from(P),
        Info = wait(fun() -> I = erpc:call(N, erlang, process_info, [P, [initial_call, status, dictionary, links,
            message_queue_len, registered_name, trap_exit]]), {status, waiting} = lists:keyfind(status, 1, I), I end),
        Listed = lists:member(P, erpc:call(N, erlang, processes, [])), Alive = erpc:call(N, erlang, is_process_alive, [P]),
        Leader = erpc:call(N, erlang, process_info, [P, group_leader]) =:= {group_leader, group_leader()},
        {P, R} = {P, monitor(process, P)}, P ! stop, D = down(P, R),
        {Info, Listed, Alive, Leader, D, erpc:call(N, erlang, process_info, [P]),
         erpc:call(N, erlang, is_process_alive, [P])} end},
    {its_child_dies_with_it, fun(N) -> {P, R} = spawn_monitor(N, actor, child, [self()]), C = from(P),
        RC = monitor(process, C), exit(P, because), {down(P, R), down(C, RC)} end}].

from(P) -> receive {P, M} -> M after 10000 -> none end.
down(P, R) -> receive {'DOWN', R, process, P, Why} -> plain(Why) after 10000 -> none end.
plain({Why, [{M, F, A, _} | _]}) when is_atom(M) -> {Why, M, F, case A of _ when is_list(A) -> length(A); _ -> A end};
plain(Why) -> Why.
wait(F) -> wait(F, 1000).
wait(F, 0) -> F();
wait(F, N) -> try F() catch _:_ -> receive after 10 -> wait(F, N - 1) end end.
`

// exportActor exports the functions of actor.
func exportActor(n *node.Node) {
	export := func(name etf.Atom, f func(p *genserv.Process, arg etf.Term) error) {
		n.Export("actor", name, 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
			p, ok := node.ProcessOf(ctx)
			if !ok {
				return nil, node.ErrBadArgument
			}
			return etf.Atom("done"), f(p, args[0])
		})
	}
	loop := func(p *genserv.Process, to etf.Term) error {
		for {
			msg, ok := p.Receive(genserv.Infinity, func(etf.Term) bool { return true })
			exit, isExit := etf.AsTuple(msg, "EXIT", 3)
			switch {
			case !ok, etf.IsAtom(msg, "stop"):
				return nil
			case isExit:
				return &genserv.Exit{Reason: etf.Tuple{etf.Atom("seen"), exit[2]}}
			}
			p.Send(to, etf.Tuple{p.Self(), msg})
		}
	}
	export("loop", loop)
	export("returns", func(*genserv.Process, etf.Term) error { return nil })
	export("exits", func(_ *genserv.Process, reason etf.Term) error { return &genserv.Exit{Reason: reason} })
	for name, class := range map[etf.Atom]etf.Atom{"fails": "error", "throws": "throw"} {
		export(name, func(_ *genserv.Process, reason etf.Term) error {
			return &genserv.Failure{Class: class, Reason: reason,
				Stack: etf.List{etf.Tuple{etf.Atom("actor"), name, etf.Int(1), etf.List{}}}}
		})
	}
	export("greets", func(p *genserv.Process, to etf.Term) error {
		p.Send(to, etf.Tuple{p.Self(), etf.Atom("hello")})
		return nil
	})
	export("traps", func(p *genserv.Process, to etf.Term) error {
		p.TrapExit(true)
		p.Send(to, etf.Tuple{p.Self(), etf.Atom("ready")})
		return loop(p, to)
	})
	export("child", func(p *genserv.Process, to etf.Term) error {
		child, err := p.SpawnLink(genserv.Child{Module: genserv.Of(plain{})})
		if err != nil {
			return err
		}
		p.Send(to, etf.Tuple{p.Self(), child})
		return loop(p, to)
	})
}

func TestASpawnedFunctionIsAProcessLikeOneOfABeam(t *testing.T) {
	n, e, other := start(t, config(t)), beam.StartErl(t), beam.StartErl(t)
	exportActor(n)
	other.Compile(t, "actor", actorModule)
	e.Compile(t, "actor_stories", actorStories)
	stories := func(node string) etf.List {
		all, err := etf.Parse(beam.RenameNode(e.Eval(t, "actor_stories:tell('"+node+"')."), node, "node@host"))
		require.NoError(t, err)
		return all.(etf.List)
	}
	want, got := stories(other.Name()), stories(string(n.Name()))
	for i := range want {
		require.Equal(t, etf.Format(want[i]), etf.Format(got[i]))
	}
	require.Len(t, got, len(want))
}

func TestNothingIsLeftOfSpawnedFunctionsWhenTheirCallersAreGone(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	exportActor(n)
	before := e.Eval(t, at(n, "length(erpc:call('gonode@host', erlang, processes, []))."))
	require.Equal(t, "true", e.Eval(t, at(n, `(fun(G) -> Me = self(),
		Owners = [spawn_monitor(fun() -> Pids = [spawn_link(G, actor, loop, [Me]) || _ <- lists:seq(1, 50)],
			Me ! {pids, Pids}, receive after infinity -> ok end end) || _ <- lists:seq(1, 20)],
		Pids = lists:append([receive {pids, P} -> P end || _ <- Owners]),
		Refs = [monitor(process, P) || P <- Pids],
		[exit(O, kill) || {O, _} <- Owners],
		[killed] =:= lists:usort([receive {'DOWN', R, _, _, Why} -> Why end || R <- Refs])
		end)('gonode@host').`)))
	require.Equal(t, before, e.Eval(t, at(n, "length(erpc:call('gonode@host', erlang, processes, []))."))) // all are gone
	require.Equal(t, "100", e.Eval(t, at(n, `(fun(G) ->
		length([spawn_link(G, actor, loop, [self()]) || _ <- lists:seq(1, 100)]) end)('gonode@host').`)))
	e.Eval(t, at(n, "process_flag(trap_exit, true), erlang:disconnect_node('gonode@host')."))
	require.Equal(t, before, e.Eval(t, at(n, `(fun W(0) -> still; W(I) ->
		case length(erpc:call('gonode@host', erlang, processes, [])) of `+before+` -> `+before+`;
			_ -> receive after 10 -> W(I - 1) end end end)(1000).`)))
}
