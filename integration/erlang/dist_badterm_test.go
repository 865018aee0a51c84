package erlang

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// badTerms are values of Go that no peer can be sent, though they have the type of a term.
var badTerms = etf.Map{
	{Key: etf.Atom("a_long_atom"), Value: etf.Atom(strings.Repeat("a", 256))},
	{Key: etf.Atom("no_utf8"), Value: etf.Atom("\xff")},
	{Key: etf.Atom("a_nil_inside"), Value: etf.Tuple{etf.Atom("ok"), nil}},
	{Key: etf.Atom("a_nil_deep_inside"), Value: etf.List{etf.Map{{Key: etf.Atom("k"), Value: etf.Tuple{nil}}}}},
	{Key: etf.Atom("nobody"), Value: etf.Pid{}},
}

// sour is a server that does what {What, Name} says with the bad term of that name.
type sour struct{}

func (sour) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	if t, ok := args.(etf.Tuple); ok {
		return genserv.StopInit[etf.Term](t[0])
	}
	return genserv.Ok[etf.Term](etf.Atom("fine"))
}

func (sour) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s etf.Term) genserv.Result[etf.Term] {
	t := request.(etf.Tuple)
	bad, _ := badTerms.Get(t[1])
	switch t[0] {
	case etf.Atom("reply"):
		return genserv.Reply(bad, s)
	case etf.Atom("stop"):
		return genserv.Stop(bad, s)
	case etf.Atom("stop_reply"):
		return genserv.StopReply(etf.Atom("normal"), bad, s)
	case etf.Atom("exit"):
		panic(genserv.Exit{Reason: bad})
	case etf.Atom("error"):
		panic(bad)
	case etf.Atom("exit_signal"):
		p.Exit(p.Self(), bad)
	case etf.Atom("spawn"):
		_, err := p.Spawn(genserv.Child{Module: genserv.Of(sour{}), Args: etf.Tuple{bad}})
		return genserv.Reply[etf.Term](etf.Binary(err.Error()), s)
	case etf.Atom("state"):
		return genserv.Reply[etf.Term](etf.Atom("ok"), bad)
	case etf.Atom("put"):
		p.Put(etf.Atom("bad"), bad)
		return genserv.Reply[etf.Term](etf.Atom("ok"), s)
	}
	return genserv.NoReply(s)
}

func TestWhatIsNoTermIsToldAsAnErrorAndKeepsNobodyWaiting(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	for _, pair := range badTerms {
		for _, what := range []string{"reply", "stop", "stop_reply", "exit", "error", "exit_signal"} {
			spawn(t, n, "sour", genserv.Of(sour{}))
			want := map[string]string{"reply": "bad_reply", "stop_reply": "normal", "error": "bad_exit_reason"}[what]
			if want == "" {
				want = "bad_exit_reason"
			}
			require.Equal(t, fmt.Sprintf("{%s,%[1]s,%[1]s}", want), e.Eval(t, fmt.Sprintf(`(fun(G) ->
				process_flag(trap_exit, true),
				P = rpc:call(G, erlang, whereis, [sour]),
				link(P),
				M = monitor(process, P),
				Kind = fun F({R,_}) when R =/= bad_exit_reason, is_tuple(R) -> F(R);
					F(R) when is_tuple(R) -> element(1, R); F(R) -> R end,
				Call = try gen_server:call(P, {%s,%s}, infinity) catch exit:{R1,_} -> Kind(R1) end,
				{Call, receive {'DOWN', M, process, P, R2} -> Kind(R2) end, receive {'EXIT', P, R3} -> Kind(R3) end}
				end)('%s')`, what, pair.Key, n.Name())), "%s of %s", what, pair.Key)
		}
	}
}

func TestStatesAndResultsThatAreNoTermsAreErrors(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	n.Export("sour", "give", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		bad, _ := badTerms.Get(args[0])
		return bad, nil
	})
	n.Export("sour", "exit", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		bad, _ := badTerms.Get(args[0])
		return nil, &genserv.Exit{Reason: bad}
	})
	spawn(t, n, "sour", genserv.Of(sour{}))
	for _, pair := range badTerms {
		require.Equal(t, "[true,error,error,ok,error,erpc,erpc,rpc,rpc,block,block,c_node,undefined]",
			e.Eval(t, fmt.Sprintf(`(fun(G, X) ->
			S = {sour,G},
			Spawn = gen_server:call(S, {spawn,X}),
			ok = gen_server:call(S, {state,X}),
			State = try sys:get_state(S) catch error:{bad_reply,_} = Why -> {error,Why} end,
			Status = sys:get_status(S),
			ok = gen_server:call(S, {state,fine}),
			Fine = sys:get_state(S),
			ok = gen_server:call(S, {put,X}),
			Put = sys:get_status(S),
			Is = fun({error,{bad_reply,_}}) -> error; (undefined) -> ok; (Y) -> Y end,
			Erpc = fun(F) -> try erpc:call(G, sour, F, [X]) catch error:{exception,{bad_reply,_},_} -> erpc end end,
			Rpc = fun({badrpc,{'EXIT',{{bad_reply,_},[]}}}, T) -> T;
				({badrpc,{'EXIT',{bad_reply,_}}}, T) -> T; (Y, _) -> Y end,
			{rex,G} ! {self(), {call, sour, give, [X], user}},
			CNode = receive {rex, R} -> Rpc(R, c_node) end,
			[is_binary(Spawn), Is(State), Is(Status), Is(Fine), Is(Put), Erpc(give), Erpc(exit),
			 Rpc(rpc:call(G, sour, give, [X]), rpc), Rpc(rpc:call(G, sour, exit, [X]), rpc),
			 Rpc(rpc:block_call(G, sour, give, [X]), block), Rpc(rpc:block_call(G, sour, exit, [X]), block),
			 CNode, rpc:call(G, erlang, whereis, [nobody])]
			end)('%s', %s)`, n.Name(), pair.Key)), string(pair.Key.(etf.Atom)))
	}
}
