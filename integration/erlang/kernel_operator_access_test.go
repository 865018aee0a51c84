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
	"github.com/gonode-otp/gonode/node"
)

// changing are calls that change a node, or tell what may be secret.
const changing = `[{init,stop,[]}, {init,stop,[1]}, {init,restart,[]}, {init,reboot,[]}, {erlang,halt,[]}, {erlang,halt,[3]},
	{erlang,exit,[P,kill]}, {'Elixir.Process',exit,[P,kill]}, {erlang,get_cookie,[]}, {'Elixir.Node',get_cookie,[]}, {erlang,set_cookie,[x]}, {erlang,set_cookie,[a@b,x]},
	{logger,set_primary_config,[level,debug]}, {logger,set_module_level,[x,debug]}, {gen_server,stop,[plain]},
	{erlang,system_flag,[scheduler_wall_time,true]}, {os,getenv,[]}, {os,getenv,["PATH"]}, {'Elixir.System',get_env,[]}]`

func TestWhatChangesANodeIsRefusedUnlessItsConfigurationAllowsIt(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	pid := spawn(t, n, "plain", genserv.Of(lookedAt{}))
	require.Equal(t, "[]", e.Eval(t, at(n, `(fun(G) -> P = rpc:call(G, erlang, whereis, [plain]),
		Refused = fun({badrpc,{'EXIT',{{eperm,T},[{M,F,A,[]}|_]}}}, {M,F,A}) when is_binary(T) -> true; (_, _) -> false end,
		[{C,R} || {M,F,A} = C <- `+changing+`, R <- [rpc:call(G, M, F, A)], not Refused(R, C)]
		end)('gonode@host').`)))
	require.Equal(t, "eperm", e.Eval(t, at(n, `(fun(G) -> {_, R} = spawn_monitor(G, init, stop, []),
		receive {'DOWN',R,_,_,{{eperm,_},_}} -> eperm end end)('gonode@host').`)))
	require.NoError(t, n.Send(t.Context(), pid, etf.Atom("x")))
	require.Equal(t, "7", e.Eval(t, at(n, "sys:get_state({plain,'gonode@host'}).")), "the server and the node live")
}

func TestANodeWithoutOperatorsServesWhatItsProgramExportsAndNothingElse(t *testing.T) {
	cfg := config(t)
	cfg.Operators = node.OperatorsNone
	n, e := start(t, cfg), beam.StartErl(t)
	spawn(t, n, "plain", genserv.Of(lookedAt{}))
	n.Export("mine", "answer", 0, func(context.Context, etf.List) (etf.Term, error) { return etf.Int(42), nil })
	require.Equal(t, "[]", e.Eval(t, at(n, `(fun(G) -> P = self(),
		Calls = [{erlang,node,[]}, {erlang,processes,[]}, {sys,get_state,[plain]}, {application,which_applications,[]},
			{code,ensure_loaded,[gen_server]}, {looked_at,module_info,[]}, {erlang,apply,[mine,answer,[]]} | `+
		changing+`],
		[{C,R} || {M,F,A} = C <- Calls, R <- [rpc:call(G, M, F, A)],
			case R of {badrpc,{'EXIT',{undef,[{M,F,A,[]}|_]}}} -> false; _ -> true end] end)('gonode@host').`)))
	require.Equal(t, "{pong,42,7,x}", e.Eval(t, at(n, `(fun(G) -> {net_adm:ping(G), erpc:call(G, mine, answer, []),
		sys:get_state({plain,G}), gen_server:call({plain,G}, x)} end)('gonode@host').`)))
}

func TestOperatorsEndANodeThatLetsThem(t *testing.T) {
	for call, want := range map[string]string{
		"init:stop()":    "",
		"init:stop(0)":   "",
		"init:stop(3)":   "{stopped,3}",
		"init:restart()": "restart",
		"erlang:halt()":  "",
		"erlang:halt(2)": "{halt,2}",
	} {
		for _, way := range []string{
			"(fun(G) -> erpc:call(G, erlang, apply, tuple_to_list(MFA)) end)",
			"(fun(G) -> gen_server:call({rex,G}, {call, element(1, MFA), element(2, MFA), element(3, MFA), self()}) end)",
		} {
			t.Run(call, func(t *testing.T) {
				n, e := operated(t), beam.StartErl(t)
				answer := e.Eval(t, at(n, fmt.Sprintf(`{ok, Ts, _} = erl_scan:string("%s."), {ok, [{call,_,{remote,_,{_,_,M},{_,_,F}},As}]} =
					erl_parse:parse_exprs(Ts), MFA = {M, F, [A || {integer,_,A} <- As]}, %s('gonode@host').`, call, way)))
				require.Contains(t, []string{"ok", "true"}, answer, "the answer comes before the end")
				select {
				case <-n.Done():
				case <-time.After(30 * time.Second):
					t.Fatal("the node does not end")
				}
				var ended *node.EndError
				if want == "" {
					require.NoError(t, n.Err())
					return
				}
				require.ErrorAs(t, n.Err(), &ended)
				require.Equal(t, want, etf.Format(ended.Reason))
			})
		}
	}
}

func TestOperatorsChangeANodeThatLetsThem(t *testing.T) {
	n, e := operated(t), beam.StartErl(t)
	e.Eval(t, at(n, `G = 'gonode@host', Rpc = fun(M, F, A) -> rpc:call(G, M, F, A) end.`))
	require.Equal(t, "killed", e.Eval(t, `P = Rpc(erlang, whereis, [plain]), R = monitor(process, P),
		true = Rpc(erlang, exit, [P, kill]), receive {'DOWN', R, _, _, Why} -> Why end.`))
	require.Equal(t, "{info,ok,debug}", e.Eval(t, `L = fun() -> maps:get(level, Rpc(logger, get_primary_config, [])) end,
		{L(), Rpc(logger, set_primary_config, [level, debug]), L()}.`))
	require.Equal(t, "{true,fresh}", e.Eval(t, `{Rpc(erlang, set_cookie, [fresh]), Rpc(erlang, get_cookie, [])}.`))
	e.Eval(t, "erlang:disconnect_node(G).")
	require.Equal(t, "pang", e.Eval(t, "net_adm:ping(G)."), "the old cookie is refused")
	require.Equal(t, "pong", e.Eval(t, "erlang:set_cookie(G, fresh), net_adm:ping(G)."))
}

func TestFunsAndWrongArgumentsFailAsOnABeamAndRunNothing(t *testing.T) {
	n, e, other := start(t, config(t)), beam.StartErl(t), beam.StartErl(t)
	e.Compile(t, "funny", `-module(funny). -export([all/1]).
		all(N) -> [plain(try erpc:call(N, M, F, A) of R -> {value, R} catch C:R -> {C, R} end) || {M, F, A} <- calls()]
			++ [plain(begin {_, R} = spawn_monitor(N, X), receive {'DOWN', R, _, _, W} -> W end end)
				|| X <- [fun() -> self() ! x end, fun nosuch:f/0]].
		calls() -> F0 = fun() -> exit(ran) end, F1 = fun(X) -> exit(X) end,
			[{erlang, apply, As} || As <- [[F1, []], [x, y]], list_to_integer(erlang:system_info(otp_release)) >= 24] ++ % whose errors were others before
			[{erlang, apply, [F0, []]}, {erlang, apply, [F1, [x]]}, {erlang, apply, [fun erlang:node/0, [1]]},
			 {erlang, apply, [fun nosuch:f/0, []]}, {erlang, apply, [x, []]}, {erlang, whereis, [F0]},
			 {nosuch, f, [F0]}, {erlang, nosuch, [F0]}, {erlang, apply, [erlang, whereis, [F0]]}, {erlang, whereis, []}].
		plain({exception, R, [{X, A, _} | _]}) when is_function(X) -> {exception, R, a_fun, A};
		plain({exception, R, [{M, F, A, _} | _]}) -> {exception, R, M, F, is_list(A)};
		plain({undef, [{X, A, _} | _]}) when is_function(X) -> {undef, a_fun, A};
		plain({undef, [{M, F, A, _} | _]}) -> {undef, M, F, A};
		plain({C, R}) when is_atom(C) -> {C, plain(R)};
		plain(X) -> X.`)
	ask := func(name string) string {
		return e.Eval(t, "[io_lib:format(\"~p\", [X]) || X <- funny:all('"+name+"')].")
	}
	want := ask(other.Name())
	require.Equal(t, want, ask(string(n.Name())))
	require.Equal(t, "node", e.Eval(t, at(n, "N = erpc:call('gonode@host', fun erlang:node/0), N = 'gonode@host', node.")))
}

func TestManyCallersAtOnceGetTheirOwnAnswers(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	n.Export("mine", "double", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		i, ok := args[0].(etf.Int)
		if !ok {
			return nil, node.ErrBadArgument
		}
		return 2 * i, nil
	})
	before := e.Eval(t, at(n, "length(erpc:call('gonode@host', erlang, processes, []))."))
	require.Equal(t, "64", e.Eval(t, at(n, `(fun(G) -> Me = self(),
		Ask = fun(I) -> case I rem 8 of
			0 -> {'EXIT', {{exception, badarg, _}, _}} = catch erpc:call(G, mine, double, [x]);
			1 -> {'EXIT', {{exception, undef, _}, _}} = catch erpc:call(G, mine, double, [1, 2]);
			2 -> G = rpc:call(G, erlang, node, []);
			_ -> D = 2 * I, D = erpc:call(G, mine, double, [I]) end end,
		[spawn_link(fun() -> [Ask(I) || I <- lists:seq(W, 10000, 64)], Me ! {done, W} end) || W <- lists:seq(1, 64)],
		length([receive {done, W} -> W end || W <- lists:seq(1, 64)]) end)('gonode@host').`)))
	require.Equal(t, before, e.Eval(t, at(n, "length(erpc:call('gonode@host', erlang, processes, [])).")))
}

func TestARelayOfDbgTellsThatNothingCanBeTracedAndDoesNotHang(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	require.Equal(t, "{{ok,true},true}", e.Eval(t, at(n, `(fun(G) -> Me = self(),
		L = spawn(fun F() -> receive {io_request, P, R, {put_chars, _, T}} -> Me ! {text, T}, P ! {io_reply, R, ok}, F();
			{io_request, P, R, _} -> P ! {io_reply, R, ok}, F() end end),
		Old = group_leader(), group_leader(L, self()),
		{ok, _} = dbg:tracer(process, {fun(_, X) -> X end, []}), group_leader(Old, self()),
		{ok, N} = dbg:n(G),
		Text = receive {text, T} when is_binary(T) -> T end,
		dbg:stop(),
		{{ok, N =:= G}, binary:match(Text, <<"cannot be traced">>) =/= nomatch} end)('gonode@host').`)))
	require.Equal(t, "gone", e.Eval(t, at(n, `(fun W(0) -> there; W(I) ->
		Fs = [process_info || P <- erpc:call('gonode@host', erlang, processes, []),
			{initial_call, {dbg, _, _}} <- [erpc:call('gonode@host', erlang, process_info, [P, initial_call])]],
		case Fs of [] -> gone; _ -> receive after 10 -> W(I - 1) end end end)(1000).`)), "the relay ends with its parent")
}
