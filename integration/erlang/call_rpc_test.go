package erlang

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// exportArithmetic gives a node a few functions that end in every way a function can.
func exportArithmetic(n *node.Node) {
	n.Export("arith", "add", 2, func(_ context.Context, args etf.List) (etf.Term, error) {
		return args[0].(etf.Int) + args[1].(etf.Int), nil
	})
	n.Export("arith", "nothing", 0, func(context.Context, etf.List) (etf.Term, error) { return nil, nil })
	n.Export("arith", "exit", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		return nil, &genserv.Exit{Reason: args[0]}
	})
	n.Export("arith", "badarg", 1, func(context.Context, etf.List) (etf.Term, error) { return nil, node.ErrBadArgument })
	n.Export("arith", "fail", 0, func(context.Context, etf.List) (etf.Term, error) { return nil, errors.New("no luck") })
	n.Export("arith", "panic", 1, func(_ context.Context, args etf.List) (etf.Term, error) { panic(args[0]) })
}

// results is an Erlang fun that applies a function of the node G in all the ways there are, without the Go part of
// stacks.
const results = `
	Trim = fun({K,R,[{arith,_,_,_}=T|_]}) -> {K,R,T}; ({K,R,[_|_]}) -> {K,R,stack}; (X) -> X end,
	Rpc = fun({badrpc,{'EXIT',{R,[{arith,_,_,_}=T|_]}}}) -> {badrpc,R,T}; ({badrpc,{'EXIT',{R,[_|_]}}}) -> {badrpc,R,stack}; (X) -> X end,
	Call = fun(F, A) -> try erpc:call(G, arith, F, A) catch C:R -> {C,Trim(R)} end end,
	Both = fun(F, A) -> {Call(F, A), Rpc(rpc:call(G, arith, F, A)), Rpc(rpc:block_call(G, arith, F, A))} end,`

func TestRpcAndErpcApplyWhatTheNodeExports(t *testing.T) {
	n := start(t, config(t))
	exportArithmetic(n)
	e := beam.StartErl(t)
	both := func(call string) string {
		return e.Eval(t, "G = '"+string(n.Name())+"',"+results+" Both("+call+")")
	}
	require.Equal(t, "{5,5,5}", both("add, [2,3]"))
	require.Equal(t, "{undefined,undefined,undefined}", both("nothing, []"))
	require.Equal(t, "{{exit,{exception,gone}},{badrpc,{'EXIT',gone}},{badrpc,{'EXIT',gone}}}", both("exit, [gone]"))
	require.Equal(t, "{{error,{exception,badarg,{arith,badarg,[1],[]}}},{badrpc,badarg,{arith,badarg,[1],[]}},{badrpc,badarg,{arith,badarg,[1],[]}}}",
		both("badarg, [1]"))
	require.Contains(t, both("fail, []"), `<<"no luck">>`)
	require.Equal(t, "{{error,{exception,oops,stack}},{badrpc,oops,stack},{badrpc,oops,stack}}", both("panic, [oops]"))
	require.Equal(t, "{{error,{exception,undef,{arith,add,[1],[]}}},{badrpc,undef,{arith,add,[1],[]}},{badrpc,undef,{arith,add,[1],[]}}}",
		both("add, [1]"), "another arity is another function")
	n.Export("arith", "add", 2, nil)
	require.Contains(t, both("add, [2,3]"), "undef", "what is taken away is gone")
}

func TestRpcInItsOtherForms(t *testing.T) {
	n := start(t, config(t))
	exportArithmetic(n)
	got := make(chan etf.Term, 10)
	n.Export("sink", "put", 1, func(_ context.Context, args etf.List) (etf.Term,
		error) {
		got <- args[0]
		return nil, nil
	})
	e := beam.StartErl(t)
	g := "G = '" + string(n.Name()) + "', "
	require.Equal(t, "{[3,3],[]}", e.Eval(t, g+"rpc:multicall([G,G], arith, add, [1,2])"))
	require.Equal(t, "7", e.Eval(t, g+"rpc:yield(rpc:async_call(G, arith, add, [3,4]))"))
	require.Equal(t, "{response,9}", e.Eval(t,
		g+"R = erpc:send_request(G, arith, add, [4,5]), {response, erpc:receive_response(R)}"))
	e.Eval(t, g+"rpc:cast(G, sink, put, [1]), erpc:cast(G, sink, put, [2]), gen_server:cast({rex,G}, "+
		"{cast,sink,put,[3],self()})")
	require.ElementsMatch(t, []etf.Term{etf.Int(1), etf.Int(2), etf.Int(3)}, []etf.Term{<-got, <-got, <-got})
	require.Equal(t, "{rex,11}", e.Eval(t, g+
		"{rex,G} ! {self(),{call,arith,add,[5,6],user}}, receive {rex,_}=M -> M after 60000 -> none end"))
	require.Equal(t, "{features_reply,[erpc]}", e.Eval(t,
		g+"{rex,G} ! {self(),features_request}, receive {features_reply,G,L} -> {features_reply,L} after 60000 -> none end"))
	require.Equal(t, "{[],[nobody]}", e.Eval(t,
		g+"{Good,Bad} = rpc:sbcast([G], nobody, hello), {Good, [nobody || X <- Bad, X =:= G]}"))
	require.Equal(t, "undef", e.Eval(t,
		g+"{_, Q} = spawn_monitor(G, fun() -> ok end), receive {'DOWN',Q,_,_,{Why,[{F,[],[]}|_]}} when is_function(F) -> "+
			"Why after 60000 -> none end"), "the code of a fun is not here")
}

func TestOperatorsFindTheirWayByRpc(t *testing.T) {
	n := startSamples(t)
	e := beam.StartErl(t)
	g := "G = '" + string(n.Name()) + "', "
	require.Equal(t, "[true,true,true,undefined]", e.Eval(t, g+`
		P = rpc:call(G, erlang, whereis, [counter]),
		[rpc:call(G, erlang, node, []) =:= G, rpc:call(G, erlang, is_process_alive, [P]),
		 lists:member(P, rpc:call(G, erlang, processes, [])), rpc:call(G, erlang, whereis, [nobody])]`))
	require.Contains(t, e.Eval(t, g+"rpc:call(G, erlang, registered, [])"), "counter")
	require.Contains(t, e.Eval(t, g+"rpc:call(G, erlang, whereis, [7])"), "badarg")
}

// The same questions to the Go node and to a hidden node of Erlang.
func TestOperatorsSeeAndChangeByRpcWhomANodeIsConnectedWith(t *testing.T) {
	n := start(t, config(t))
	e, other, twin := beam.StartErl(t), beam.StartErl(t),
		beam.StartErl(t, beam.WithArgs("-hidden"))
	ask := func(node string) string {
		return e.Eval(t, "(fun(G, O) -> "+`
			Rpc = fun(M, F, A) -> case rpc:call(G, M, F, A) of {badrpc, {'EXIT', {R, _}}} -> {failed, R}; X -> X end end,
			Kinds = fun() -> [case Rpc(erlang, nodes, [K]) of L when is_list(L) -> [case N of G -> self; O -> other; _ -> me end || N <- lists:sort(L)]; X -> X end
				|| K <- [hidden, visible, connected, this, [this, hidden, this], [], nonsense, [hidden, nonsense], 7]] end,
			[Rpc(erlang, nodes, []), Rpc(net_adm, ping, [O]), lists:sort(lists:flatten(Kinds())), Rpc(net_kernel, connect_node, [O]),
			 Rpc(erlang, disconnect_node, [O]), Rpc(erlang, disconnect_node, [O]), lists:sort(lists:flatten(Kinds())),
			 Rpc(net_adm, ping, [G]), Rpc(net_adm, ping, [nosuch@nohost]), Rpc(net_kernel, connect_node, [nosuch@nohost]),
			 Rpc(net_kernel, connect_node, [G]), Rpc(erlang, disconnect_node, [G]), Rpc(erlang, disconnect_node, [1]),
			 lists:member(G, Rpc(erlang, nodes, [known]))] `+"end)('"+node+"', '"+other.Name()+"')")
	}
	want := ask(twin.Name())
	require.Contains(t, want, "pong")
	require.Equal(t, want, ask(string(n.Name())))
}
