package erlang

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// mortal is the Erlang side of stories of links, monitors and exit signals between two processes a and b. A nursery
// makes processes that do to others what they are told to, and keep what they hear. play(A, B) tells every story with
// an a of the node A and a b of the node B, and returns those that did not end as they should.
const mortal = `
-module(mortal).
-behaviour(gen_server).
-export([nursery/0, play/2, init/1, handle_call/3, handle_cast/2, handle_info/2]).

nursery() -> {ok, _} = gen_server:start({local, nursery}, ?MODULE, nursery, []), ok.

init(nursery) -> {ok, nursery};
init(mortal) -> {ok, []}.

handle_call(new, _, nursery) -> {ok, Pid} = gen_server:start(?MODULE, mortal, []), {reply, Pid, nursery};
handle_call({cut, Node}, _, nursery) -> erlang:disconnect_node(Node), {reply, ok, nursery};
handle_call(heard, _, H) -> {reply, lists:reverse(H), H};
handle_call({trap, On}, _, H) -> process_flag(trap_exit, On), {reply, ok, H};
handle_call({link, P}, _, H) -> link(P), {reply, ok, H};
handle_call({unlink, P}, _, H) -> unlink(P), {reply, ok, H};
handle_call({monitor, P}, _, H) -> {reply, monitor(process, P), H};
handle_call({demonitor, Ref}, _, H) -> demonitor(Ref), {reply, ok, H};
handle_call({signal, P, R}, _, H) -> exit(P, R), {reply, ok, H};
%% Who is linked to the one that dies may be gone before it has answered.
handle_call({send, P, {die, _} = M}, From, H) -> gen_server:reply(From, ok), P ! M, {noreply, H};
handle_call({send, P, M}, _, H) -> P ! M, {reply, ok, H};
handle_call({race, P, Steps}, _, H) -> [case S of link -> link(P); unlink -> unlink(P) end || S <- Steps], {reply, ok, H};
handle_call({register, Name}, _, H) -> register(Name, self()), {reply, ok, H}.
handle_cast(_, H) -> {noreply, H}.
handle_info({die, R}, H) -> {stop, R, H};
handle_info(M, H) -> {noreply, [M | H]}.

new(Node) -> gen_server:call({nursery, Node}, new).
do(P, Request) -> gen_server:call(P, Request).
trapping(Node) -> P = new(Node), do(P, {trap, true}), P.
dead(Node) -> P = new(Node), M = monitor(process, P), P ! {die, shutdown}, receive {'DOWN', M, _, _, _} -> P end.

%% die(A, B, R) ends B. The order comes from A, so that it comes behind whatever A has sent to B.
die(A, B, R) -> do(A, {send, B, {die, R}}).

%% watch(P) is a process of this node that hears of the end of P.
watch(P) -> J = new(node()), do(J, {monitor, P}), ok = do(P, {send, J, watched}), J.

%% met(A, B) lets everything that A has sent to B arrive. B hears a mark.
met(A, B) -> do(A, {send, B, mark}), true = await(fun() -> [lists:member(mark, do(B, heard))] end, [true], 500).

name() -> list_to_atom("name" ++ integer_to_list(erlang:unique_integer([positive]))).

%% What P has heard, with a and b for the pids.
heard(P, A, B) -> [plain(M, A, B) || M <- do(P, heard)].
plain({'EXIT', P, R}, A, B) -> {exit, who(P, A, B), R};
plain({'DOWN', _, process, P, R}, A, B) -> {down, who(P, A, B), R};
plain(M, _, _) -> M.
who(A, A, _) -> a;
who(B, _, B) -> b;
who({Name, _}, _, _) when is_atom(Name) -> name.

reasons() -> [normal, shutdown, {shutdown, x}, kill, {badmatch, [any, #{term => <<1:3>>}]}].

play(NodeA, NodeB) ->
	lists:append([case comes(Is, Should) of true -> []; Got -> [{Name, Got, Should}] end
		|| {Name, Story} <- stories(), {Is, Should} <- [Story(NodeA, NodeB)]]).

%% comes waits until Is() is what it should be, and a moment longer for what should not come.
comes(Is, Should) ->
	case await(Is, Should, 500) of
		true -> timer:sleep(20), case lists:sort(Is()) of Should -> true; Got -> Got end;
		Got -> Got
	end.
await(Is, Should, N) ->
	case lists:sort(Is()) of
		Should -> true;
		Got when N =:= 0 -> Got;
		_ -> timer:sleep(10), await(Is, Should, N - 1)
	end.

steps() -> [lists:nth(rand:uniform(2), [link, unlink]) || _ <- lists:seq(1, 50)].

stories() -> lists:append([
	[{{link, Maker, R}, fun(Na, Nb) -> A = trapping(Na), B = new(Nb),
		case Maker of a -> do(A, {link, B}); b -> do(B, {link, A}) end, do(A, {monitor, B}), die(A, B, R),
		{fun() -> heard(A, A, B) end, [{down, b, R}, {exit, b, R}]} end} || Maker <- [a, b], R <- reasons()],

	[{{contagion, Maker, R}, fun(Na, Nb) -> A = new(Na), B = new(Nb), J = watch(A),
		case Maker of a -> do(A, {link, B}); b -> do(B, {link, A}) end, die(A, B, R),
		{fun() -> heard(J, A, B) end, [watched] ++ [{down, a, R} || R =/= normal]} end}
		|| Maker <- [a, b], R <- reasons()],

	[{three_monitors_of_one, fun(Na, Nb) -> A = new(Na), B = new(Nb), [do(A, {monitor, B}) || _ <- [1, 2, 3]], die(A, B, bye),
		{fun() -> heard(A, A, B) end, lists:duplicate(3, {down, b, bye})} end}],

	[{{monitor_by_name, R}, fun(Na, Nb) -> A = new(Na), B = new(Nb), N = name(), do(B, {register, N}), do(A, {monitor, {N, Nb}}), die(A, B, R),
		{fun() -> heard(A, A, B) end, [{down, name, R}]} end} || R <- reasons()],

	[{{signal, R}, fun(Na, Nb) -> A = trapping(Na), B = new(Nb), do(A, {link, B}), do(A, {monitor, B}), do(A, {signal, B, R}), do(A, {send, B, mark}),
		case R of
			normal -> {fun() -> heard(A, A, B) ++ heard(B, A, B) end, [mark]};
			kill -> {fun() -> heard(A, A, B) end, [{down, b, killed}, {exit, b, killed}]};
			_ -> {fun() -> heard(A, A, B) end, [{down, b, R}, {exit, b, R}]}
		end end} || R <- reasons()],

	[{{signal_trapped, R}, fun(Na, Nb) -> A = trapping(Na), B = trapping(Nb), do(A, {link, B}), do(A, {monitor, B}), do(A, {signal, B, R}), do(A, {send, B, mark}),
		case R of
			kill -> {fun() -> heard(A, A, B) end, [{down, b, killed}, {exit, b, killed}]};
			_ -> {fun() -> heard(A, A, B) ++ heard(B, A, B) end, [mark, {exit, a, R}]}
		end end} || R <- reasons()],

	[{signal_to_the_dead, fun(Na, Nb) -> A = trapping(Na), B = dead(Nb), do(A, {signal, B, boom}), do(A, {send, B, mark}), {fun() -> heard(A, A, B) end, []} end}],

	[{{unlink, Maker, Breaker}, fun(Na, Nb) -> A = trapping(Na), B = trapping(Nb),
		case Maker of a -> do(A, {link, B}), met(A, B), met(B, A); b -> do(B, {link, A}), met(B, A) end, do(A, {monitor, B}),
		case Breaker of a -> do(A, {unlink, B}); b -> do(B, {unlink, A}) end, die(A, B, boom),
		{fun() -> heard(A, A, B) end, [mark, {down, b, boom}]} end} || Maker <- [a, b], Breaker <- [a, b]],

	[{link_unlink_link, fun(Na, Nb) -> A = trapping(Na), B = new(Nb), [do(A, {What, B}) || What <- [link, unlink, link, link, unlink, link]], die(A, B, boom),
		{fun() -> heard(A, A, B) end, [{exit, b, boom}]} end}],

	[{demonitor, fun(Na, Nb) -> A = trapping(Na), B = new(Nb), Ref = do(A, {monitor, B}), do(A, {link, B}), do(A, {demonitor, Ref}), die(A, B, boom),
		{fun() -> heard(A, A, B) end, [{exit, b, boom}]} end}],

	%% Both make the link and take it away at the same time, again and again. Whoever is the last decides.
	[{{race, Last, Seed}, fun(Na, Nb) -> A = trapping(Na), B = trapping(Nb), rand:seed(exsss, Seed), Me = self(),
		[spawn_link(fun() -> ok = do(P, {race, Q, Steps}), Me ! {raced, Seed} end) || {P, Q, Steps} <- [{A, B, steps()}, {B, A, steps()}]],
		[receive {raced, Seed} -> ok end || _ <- [A, B]], met(A, B), met(B, A),
		case Last of {a, What} -> do(A, {What, B}), met(A, B), die(A, B, boom); {b, What} -> do(B, {What, A}), met(B, A), die(A, B, boom) end,
		{fun() -> [M || M <- heard(A, A, B), M =/= mark] end, [{exit, b, boom} || element(2, Last) =:= link]} end}
		|| Last <- [{a, link}, {a, unlink}, {b, link}, {b, unlink}], Seed <- lists:seq(1, 10)],

	[{noproc, fun(Na, Nb) -> A = trapping(Na), B = dead(Nb), do(A, {link, B}), do(A, {monitor, B}), do(A, {monitor, {name(), Nb}}),
		{fun() -> heard(A, A, B) end, [{down, b, noproc}, {down, name, noproc}, {exit, b, noproc}]} end}],

	[{noproc_kills, fun(Na, Nb) -> A = new(Na), B = dead(Nb), J = watch(A), catch do(A, {link, B}), {fun() -> heard(J, A, B) end, [watched, {down, a, noproc}]} end}],

	[{{noconnection, Cutter}, fun(Na, Nb) -> A = trapping(Na), B = trapping(Nb), do(A, {link, B}), do(A, {monitor, B}), do(B, {monitor, A}),
		N = name(), do(B, {register, N}), do(A, {monitor, {N, Nb}}), met(A, B), met(B, A),
		case Cutter of a -> gen_server:call({nursery, Na}, {cut, Nb}); b -> gen_server:call({nursery, Nb}, {cut, Na}) end,
		{fun() -> heard(A, A, B) ++ heard(B, A, B) end, [mark, mark, {down, a, noconnection}, {down, b, noconnection}, {down, name, noconnection},
			{exit, a, noconnection}, {exit, b, noconnection}]} end} || Cutter <- [a, b]],

	[{together_again, fun(Na, Nb) -> A = trapping(Na), B = new(Nb), do(A, {link, B}), die(A, B, bye), {fun() -> heard(A, A, B) end, [{exit, b, bye}]} end}],

	[{in_order, fun(Na, Nb) -> A = new(Na), B = trapping(Nb), do(A, {link, B}),
		do(A, {send, B, 1}), do(A, {signal, B, x}), do(A, {send, B, 2}), do(A, {signal, B, y}), do(A, {send, B, 3}), do(B, {send, A, {die, z}}),
		{fun() -> [heard(B, A, B)] end, [[1, {exit, a, x}, 2, {exit, a, y}, 3, {exit, a, z}]]} end}]
	]).
`

// nursery does what mortal:nursery() does.
type nursery struct{ n *node.Node }

func (nursery) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (m nursery) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, _ int) genserv.Result[int] {
	if t, ok := request.(etf.Tuple); ok { // {cut, Node}
		m.n.Disconnect(t[1].(etf.Atom))
		return genserv.Reply(etf.Atom("ok"), 0)
	}
	pid, err := p.Spawn(genserv.Child{Module: genserv.Of(mortalProcess{})})
	if err != nil {
		return genserv.Reply(etf.Charlist(err.Error()), 0)
	}
	return genserv.Reply(pid, 0)
}

// mortalProcess is a process of a nursery.
type mortalProcess struct{}

func (mortalProcess) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List(nil))
}

func (mortalProcess) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	heard etf.List) genserv.Result[etf.List] {
	t, ok := request.(etf.Tuple)
	if !ok {
		return genserv.Reply(heard, heard)
	}
	var err error
	answer := etf.Term(etf.Atom("ok"))
	switch t[0] {
	case etf.Term(etf.Atom("trap")):
		p.TrapExit(t[1] == etf.Term(etf.Atom("true")))
	case etf.Term(etf.Atom("link")):
		p.Link(t[1].(etf.Pid))
	case etf.Term(etf.Atom("unlink")):
		p.Unlink(t[1].(etf.Pid))
	case etf.Term(etf.Atom("race")):
		for _, step := range t[2].(etf.List) {
			if step == etf.Term(etf.Atom("link")) {
				p.Link(t[1].(etf.Pid))
			} else {
				p.Unlink(t[1].(etf.Pid))
			}
		}
	case etf.Atom("monitor"):
		answer, err = p.Monitor(t[1])
	case etf.Atom("demonitor"):
		p.Demonitor(t[1].(etf.Ref))
	case etf.Term(etf.Atom("signal")):
		p.Exit(t[1].(etf.Pid), t[2])
	case etf.Term(etf.Atom("send")):
		if order, ok := t[2].(etf.Tuple); ok && order[0] == etf.Term(etf.Atom("die")) {
			p.Reply(from, answer)
			p.Send(t[1], order)
			return genserv.NoReply(heard)
		}
		err = p.TrySend(t[1], t[2])
	case etf.Term(etf.Atom("register")):
		err = p.Register(t[1].(etf.Atom))
	}
	if err != nil {
		answer = etf.Charlist(err.Error())
	}
	return genserv.Reply(answer, heard)
}

func (mortalProcess) HandleInfo(_ *genserv.Process, msg etf.Term, heard etf.List) genserv.Result[etf.List] {
	if t, ok := msg.(etf.Tuple); ok && etf.IsAtom(t[0], "die") {
		return genserv.Stop(t[1], heard)
	}
	return genserv.NoReply(append(heard, msg))
}

// Two Erlang nodes first: what the stories say is what OTP does.
func TestLinksMonitorsAndExitSignalsActInEveryDirectionAsBetweenErlangNodes(t *testing.T) {
	t.Parallel()
	erl := func(name string) *beam.Node {
		e := beam.StartErl(t, beam.WithSname(name), beam.WithConnectAll(false),
			beam.WithTimeout(3*time.Minute))
		e.Compile(t, "mortal", mortal)
		e.Eval(t, "mortal:nursery()")
		return e
	}
	gonode := func(name string) *node.Node {
		cfg := config(t)
		cfg.Name = name
		n := start(t, cfg)
		spawn(t, n, "nursery", genserv.Of(nursery{n}))
		return n
	}
	judge, erl1, erl2, go1, go2 := erl("judge"), erl("one"), erl("two"), gonode("go1"), gonode("go2")
	// Before there was UNLINK_ID (OTP 24), a link and an unlink that crossed could leave one end linked and the other
	// not, between two Erlang nodes too; the one that believes in the link does not make it again.
	old := beam.OTPRelease(t) < 24
	names := map[string]string{"Erlang": erl1.Atom(), "another Erlang": erl2.Atom(), "Go": go1.Name().String(),
		"another Go": go2.Name().String()}
	for _, pair := range [][2]string{{"Erlang", "another Erlang"}, {"Go", "Erlang"}, {"Erlang", "Go"},
		{"Go", "another Go"}} {
		play := "mortal:play(%s, %s)"
		if old && pair[0]+pair[1] != "Goanother Go" {
			play = "[S || S <- mortal:play(%s, %s), case S of {{race,{_,link},_},_,_} -> false; _ -> true end]"
		}
		t.Run(fmt.Sprint(pair[0], " and ", pair[1]), func(t *testing.T) {
			require.Equal(t, "[]", judge.Eval(t, fmt.Sprintf(play, names[pair[0]], names[pair[1]])))
		})
	}
}
