package erlang

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// hop is a server that does what the messages say that it gets. play(Node) sends it on its way with a sequential
// trace token and tells which one each of its messages brings back, see seq_trace:get_token/0.
const hop = `
-module(hop).
-behaviour(gen_server).
-export([start/0, play/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

start() -> {ok, _} = gen_server:start({local, hop}, ?MODULE, [], []), ok.

init(_) -> {ok, []}.
handle_call(new, _, S) -> {ok, Pid} = gen_server:start(?MODULE, [], []), {reply, Pid, S};
handle_call(Steps, _, S) -> {reply, done, do(Steps, S)}.
handle_cast(Steps, S) -> {noreply, do(Steps, S)}.
handle_info({'EXIT', _, Steps}, S) -> {noreply, do(Steps, S)};
handle_info({'DOWN', _, _, _, Steps}, S) -> {noreply, do(Steps, S)};
handle_info(Steps, S) -> {noreply, do(Steps, S)}.

do([], S) -> S;
do([{send, To, Msg} | T], S) -> To ! Msg, do(T, S);
do([{cast, To, Msg} | T], S) -> gen_server:cast(To, Msg), do(T, S);
do([{call, To, Msg} | T], S) -> gen_server:call(To, Msg), do(T, S);
do([{exit, Pid, R} | T], S) -> exit(Pid, R), do(T, S);
do([{link, Pid} | T], S) -> link(Pid), do(T, S);
do([{monitor, Pid} | T], S) -> monitor(process, Pid), do(T, S);
do([{trap, On} | T], S) -> process_flag(trap_exit, On), do(T, S);
do([{later, Msg} | T], S) -> erlang:send_after(1, self(), Msg), do(T, S);
do([{spawn, Steps} | T], S) -> {ok, Pid} = gen_server:start(?MODULE, [], []), Pid ! Steps, do(T, S);
do([{die, R} | _], _) -> exit(R).

play(Node) -> [{Name, story(Story, Node)} || {Name, Story} <- stories()].

story(Story, Node) ->
	Hop = gen_server:call({hop, Node}, new),
	Me = self(),
	{Pid, Ref} = spawn_monitor(fun() -> process_flag(trap_exit, true), Story(Hop), seq_trace:set_token([]), Me ! {self(), seen(Hop)} end),
	receive {Pid, Seen} -> demonitor(Ref, [flush]), Seen; {'DOWN', Ref, _, _, R} -> R after 25000 -> timeout end.

stories() ->
	Trace = fun(Label) -> seq_trace:set_token(label, Label), seq_trace:set_token(send, true) end,
	[{reply, fun(H) -> Trace(17), note(gen_server:call(H, [])) end},
	 {label_of_any_kind, fun(H) -> Trace({my, [label]}), note(gen_server:call(H, [])) end},
	 {messages, fun(H) -> Trace(17), M = self(), H ! [{send, M, one}, {send, M, two}], take(), take() end},
	 {cast, fun(H) -> Trace(17), gen_server:cast(H, [{send, self(), one}]), take() end},
	 {to_a_name, fun(H) -> register(hop_judge, self()), Trace(17), H ! [{send, {hop_judge, node()}, one}], take(), unregister(hop_judge) end},
	 {untraced_ends_it, fun(H) -> Trace(17), H ! [], seq_trace:set_token([]), H ! [{send, self(), one}], take() end},
	 {the_clock_goes_on, fun(H) -> Trace(17), [note(gen_server:call(H, [])) || _ <- [1, 2, 3]], seq_trace:reset_trace(),
		seq_trace:set_token([]), Trace(18), note(gen_server:call(H, [])) end},
	 {through_another, fun(H) -> Trace(17), gen_server:call(H, [{call, hop, []}, {send, self(), one}]), take() end},
	 {exit_signal, fun(H) -> Trace(17), H ! [{exit, self(), why}], take() end},
	 {end_of_a_link, fun(H) -> Trace(17), H ! [{link, self()}, {die, shutdown}], take() end},
	 {an_exit_signal_arrives, fun(H) -> gen_server:call(H, [{trap, true}]), Trace(17), gen_server:call(H, []), exit(H, [{send, self(), one}]), take() end},
	 {an_exit_signal_of_the_untraced, fun(H) -> gen_server:call(H, [{trap, true}]), Trace(17), gen_server:call(H, []), seq_trace:set_token([]),
		exit(H, [{send, self(), one}]), take() end},
	 {a_link_breaks, fun(H) -> M = self(), Short = spawn(fun() -> receive stop -> exit([{send, M, one}]) end end),
		gen_server:call(H, [{trap, true}, {link, Short}]), Trace(17), gen_server:call(H, []), seq_trace:set_token([]), Short ! stop, take() end},
	 {a_monitor_fires, fun(H) -> M = self(), Short = spawn(fun() -> receive stop -> exit([{send, M, one}]) end end),
		gen_server:call(H, [{monitor, Short}]), Trace(17), gen_server:call(H, []), seq_trace:set_token([]), Short ! stop, take() end},
	 {a_timer_has_none, fun(H) -> Trace(17), H ! [{later, [{send, self(), one}]}], take() end},
	 {a_child, fun(H) -> Trace(17), H ! [{spawn, [{send, self(), one}]}],
		receive one -> {label, L} = seq_trace:get_token(label), note({label, L}) end end}].

take() -> receive M -> note(M) after 20000 -> note(timeout) end.
note({label, _} = L) -> put(seen, [{L, []}]);
note(M) -> put(seen, [{M, seq_trace:get_token()} | case get(seen) of undefined -> []; L -> L end]).
seen(Hop) -> [{case M of {'EXIT', Hop, R} -> {exit, R}; _ -> M end, case T of {F, L, S, From, Last} -> {F, L, S, From =:= Hop, Last}; _ -> T end}
	|| {M, T} <- lists:reverse(get(seen))].
`

// hopServer does what hop does.
type hopServer struct{}

func (hopServer) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (hopServer) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, _ int) genserv.Result[int] {
	if etf.IsAtom(request, "new") {
		pid, err := p.Spawn(genserv.Child{Module: genserv.Of(hopServer{})})
		if err != nil {
			return genserv.Reply(etf.Charlist(err.Error()), 0)
		}
		return genserv.Reply(pid, 0)
	}
	hopSteps(p, request)
	return genserv.Reply(etf.Atom("done"), 0)
}

func (hopServer) HandleCast(p *genserv.Process, steps etf.Term, _ int) genserv.Result[int] {
	hopSteps(p, steps)
	return genserv.NoReply(0)
}

func (hopServer) HandleInfo(p *genserv.Process, steps etf.Term, _ int) genserv.Result[int] {
	if t, ok := steps.(etf.Tuple); ok { // EXIT, DOWN
		steps = t[len(t)-1]
	}
	hopSteps(p, steps)
	return genserv.NoReply(0)
}

func hopSteps(p *genserv.Process, steps etf.Term) {
	list, _ := steps.(etf.List)
	for _, step := range list {
		t := step.(etf.Tuple)
		switch t[0].(etf.Atom) {
		case "send":
			p.Send(t[1], t[2])
		case "cast":
			p.Cast(t[1], t[2])
		case "call":
			_, _ = p.Call(context.Background(), t[1], t[2])
		case "exit":
			p.Exit(t[1].(etf.Pid), t[2])
		case "link":
			p.Link(t[1].(etf.Pid))
		case "trap":
			p.TrapExit(etf.IsAtom(t[1], "true"))
		case "monitor":
			_, _ = p.Monitor(t[1])
		case "later":
			p.SendAfter(time.Millisecond, p.Self(), t[1])
		case "spawn":
			if pid, err := p.Spawn(genserv.Child{Module: genserv.Of(hopServer{})}); err == nil {
				p.Send(pid, t[1])
			}
		case "die":
			panic(genserv.Exit{Reason: t[1]})
		}
	}
}

func TestTraceTokensGoThroughAServerAsThroughOneInErlang(t *testing.T) {
	judge, other := beam.StartErl(t), beam.StartErl(t)
	for _, e := range []*beam.Node{judge, other} {
		e.Compile(t, "hop", hop)
		e.Eval(t, "hop:start()")
	}
	n := start(t, config(t))
	spawn(t, n, "hop", genserv.Of(hopServer{}))
	play := "hop:play(%s)"
	if beam.OTPRelease(t) < 27 { // where a DOWN takes the token away
		play = "lists:keydelete(a_monitor_fires, 1, hop:play(%s))"
	}
	require.Equal(t, judge.Eval(t, fmt.Sprintf(play, other.Atom())), judge.Eval(t, fmt.Sprintf(play, n.Name())))
}
