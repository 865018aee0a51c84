package erlang

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// shopModule is the Erlang side of the applications shop and front: a start function, a supervisor and a server in one.
const shopModule = `
-module(shop_app).
-behaviour(application).
-export([start/2, stop/1, init/1, start_link/1, handle_call/3, handle_cast/2]).

start(_, Args) -> supervisor:start_link({local, shop_sup}, ?MODULE, Args).
stop(_) -> ok.
start_link(Id) -> gen_server:start_link({local, Id}, ?MODULE, {server, Id}, []).
init({server, bad}) -> {stop, no_luck};
init({server, Id}) -> {ok, Id};
init(Ids) -> {ok, {#{}, [spec(Id) || Id <- Ids]}}.
spec(Ids) when is_list(Ids) -> #{id => inner, start => {supervisor, start_link, [?MODULE, Ids]}, type => supervisor, modules => [?MODULE]};
spec(Id) -> #{id => Id, start => {?MODULE, start_link, [Id]}}.
handle_call(stop, _, S) -> {stop, normal, ok, S};
handle_call(_, _, S) -> {reply, S, S}.
handle_cast(_, S) -> {noreply, S}.
`

// clerk is the server of shop_app in Go.
type clerk struct{}

func (clerk) ModuleName() etf.Atom { return "shop_app" }

func (clerk) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	if etf.IsAtom(args, "bad") {
		return genserv.StopInit[etf.Term](etf.Atom("no_luck"))
	}
	return genserv.Ok(args)
}

func (clerk) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s etf.Term) genserv.Result[etf.Term] {
	return genserv.Reply(s, s)
}

// shopSup is the supervisor of shop_app in Go.
type shopSup struct{}

func (shopSup) ModuleName() etf.Atom { return "shop_app" }

func (shopSup) Init(args etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	for _, id := range args.(etf.List) {
		if inner, ok := id.(etf.List); ok {
			specs = append(specs, supervisor.ChildSpec{ID: etf.Atom("inner"),
				Start: supervisor.StartLink(supervisor.Of(shopSup{}), inner)})
			continue
		}
		specs = append(specs, supervisor.ChildSpec{ID: id, Start: supervisor.StartLink(genserv.Of(clerk{}),
			id).As(id.(etf.Atom))})
	}
	return supervisor.Flags{}, specs, nil
}

func shopApps() []node.App {
	start := func(name etf.Atom, ids ...etf.Term) genserv.Child {
		return genserv.Child{Name: name, Module: supervisor.Of(shopSup{}), Args: append(etf.List{}, ids...)}
	}
	return []node.App{
		{Name: "shop", Description: "A shop", Vsn: "1.2.3", Modules: []etf.Atom{"shop_app"},
			Registered:   []etf.Atom{"shop_sup"},
			Applications: []etf.Atom{"kernel", "stdlib"}, Start: start("shop_sup", etf.Atom("ann"), etf.Atom("ben")),
			Env: map[etf.Atom]etf.Term{"color": etf.Atom("red"), "size": etf.Int(5)}},
		{Name: "front", Description: "A front", Vsn: "0.1", Applications: []etf.Atom{"kernel", "stdlib", "shop"}},
		{Name: "broken", Description: "No luck", Vsn: "0", Applications: []etf.Atom{"kernel"},
			Start: start("broken_sup", etf.Atom("cid"), etf.Atom("bad"))},
	}
}

// loadShops loads the same applications on an OTP node.
const loadShops = `
	Load = fun(App) -> ok = rpc:call(O, application, load, [App]) end,
	Load({application, shop, [{description,"A shop"},{vsn,"1.2.3"},{modules,[shop_app]},{registered,[shop_sup]},
		{applications,[kernel,stdlib]},{mod,{shop_app,[ann,ben]}},{env,[{color,red},{size,5}]}]}),
	Load({application, front, [{description,"A front"},{vsn,"0.1"},{applications,[kernel,stdlib,shop]}]}),
	Load({application, broken, [{description,"No luck"},{vsn,"0"},{applications,[kernel]},{mod,{shop_app,[cid,bad]}}]})`

// applicationCalls are made on both nodes; Ours keeps what is about our applications, Sorted makes an order and
// leaves out what came with OTP 24.
const applicationCalls = `[
	{loaded_applications,[]}, {which_applications,[]}, {get_all_key,[shop]}, {get_all_key,[front]}, {get_all_key,[nosuch]},
	{get_key,[shop,vsn]}, {get_key,[shop,mod]}, {get_key,[shop,env]}, {get_key,[shop,nosuch]}, {get_key,[nosuch,vsn]},
	{start,[nosuch]}, {stop,[nosuch]}, {stop,[shop]}, {load,[shop]}, {load,[nosuch]}, {unload,[nosuch]},
	{start,[front]}, {start,[shop,sometimes]},
	{start,[shop]}, {start,[shop]}, {ensure_started,[shop]}, {which_applications,[]}, {which_applications,[5000]}, {which_applications,[-1]},
	{unload,[shop]}, {start,[front]}, {which_applications,[]},
	{get_env,[shop,color]}, {get_env,[shop,nosuch]}, {get_env,[shop,nosuch,mine]}, {get_env,[shop,color,mine]}, {get_env,[nosuch,x]},
	{set_env,[shop,color,blue]}, {set_env,[shop,taste,<<"sweet">>,[{persistent,true}]]}, {set_env,[[{shop,[{a,1},{b,2}]},{other,[{c,3}]}]]},
	{get_env,[shop,color]}, {get_env,[other,c]}, {get_all_env,[shop]}, {unset_env,[shop,size]}, {unset_env,[shop,nosuch]},
	{get_env,[shop,size]}, {get_all_env,[shop]}, {get_all_env,[nosuch]},
	{get_application,[shop_app]}, {get_application,[nosuch]},
	{stop,[front]}, {stop,[shop]}, {stop,[shop]}, {which_applications,[]},
	{ensure_all_started,[front]}, {ensure_all_started,[front,permanent]}, {which_applications,[]},
	{stop,[front]}, {stop,[shop]}, {ensure_all_started,[broken]}, {start,[broken]}, {which_applications,[]},
	{ensure_all_started,[nosuch]}, {unload,[shop]}, {get_env,[shop,color]}, {loaded_applications,[]}]`

func TestApplicationsAnswerAsThoseOfAnOTPNode(t *testing.T) {
	n := start(t, config(t))
	for _, app := range shopApps() {
		require.NoError(t, n.Applications().Load(app))
	}
	e, other := beam.StartErl(t), beam.StartErl(t)
	other.Compile(t, "shop_app", shopModule)
	// The pids of the processes of an application are the one thing that has to differ.
	answers := e.Eval(t, fmt.Sprintf(`
		O = '%s', G = '%s', %s,
		Ours = fun(L) when is_list(L) -> [T || T <- L, not (is_tuple(T) andalso size(T) =:= 3 andalso lists:member(element(1, T), [kernel,stdlib,sasl]))]; (X) -> X end,
		Sorted = fun(get_all_env, L) -> lists:sort(L); (loaded_applications, L) -> lists:sort(L); (get_all_key, {ok,L}) -> {ok,[{K,if K =:= env -> lists:sort(V); true -> V end} || {K,V} <- L, K =/= optional_applications]};
			(get_key, {ok,L}) when is_list(L) -> {ok,lists:sort(L)}; (_, X) -> X end,
		Stack = fun({badrpc,{'EXIT',{R,[{M,F,A,_}|_]}}}) -> {badrpc,R,M,F,A}; (X) -> X end,
		Ask = fun(N, F, A) -> Stack(Sorted(F, Ours(rpc:call(N, application, F, A)))) end,
		[{F,A,Ask(O,F,A),Ask(G,F,A)} || {F,A} <- %s]`, other.Name(), n.Name(), loadShops, applicationCalls))
	list, err := etf.Parse(answers)
	require.NoError(t, err, answers)
	for _, entry := range list.(etf.List) {
		e := entry.(etf.Tuple)
		require.Equal(t, etf.Format(e[2]), etf.Format(e[3]), "application:%s(%s)", e[0], strings.Trim(etf.Format(e[1]), "[]"))
	}
}

func TestATreeIsWalkedAsByTheReleaseHandler(t *testing.T) {
	n := start(t, config(t))
	e, other := beam.StartErl(t), beam.StartErl(t)
	other.Compile(t, "shop_app", shopModule)
	ids := etf.List{etf.Atom("a"), etf.List{etf.Atom("b"), etf.List{etf.Atom("c")}, etf.Atom("d")}, etf.Atom("e")}
	require.NoError(t, n.Applications().Start(t.Context(), node.App{Name: "shop", Vsn: "1",
		Start: genserv.Child{Name: "shop_sup", Module: supervisor.Of(shopSup{}), Args: ids}}))
	theirs := e.Eval(t, fmt.Sprintf(`
		O = '%s', ok = rpc:call(O, application, load, [{application, shop, [{vsn,"1"},{applications,[kernel]},{mod,{shop_app,%s}}]}]),
		{ok,_} = rpc:call(O, application, ensure_all_started, [shop]), ok = rpc:call(O, application, ensure_started, [sasl]),
		[{Name,Mods} || {_,Name,_,Mods} <- rpc:call(O, release_handler_1, get_supervised_procs, []), Mods =:= [shop_app]]`, other.Name(), etf.Format(ids)))
	all, err := n.SupervisedProcesses(t.Context())
	require.NoError(t, err)
	var ours etf.List
	for _, p := range all {
		ours = append(ours, etf.Tuple{p.ID, etf.List{p.Modules[0]}})
	}
	require.Equal(t, theirs, etf.Format(ours))

	require.Equal(t, "[{shop,[],\"1\"},{sasl,\"SASL  CXC 138 11\",\"4.2\"},{stdlib,\"ERTS  CXC 138 "+
		"10\",\"4.2\"},{kernel,\"ERTS  CXC 138 10\",\"8.5.3\"}]",
		e.Eval(t, fmt.Sprintf("G = '%s', gen_server:call({application_controller,G}, which_applications)", n.Name())))
	require.Equal(t, "[{ok,shop},undefined,true,[shop_sup],{supervisor,shop_app,1},shop_app]", e.Eval(t, `
		Sup = rpc:call(G, erlang, whereis, [shop_sup]), Net = rpc:call(G, erlang, whereis, [net_kernel]), A = rpc:call(G, erlang, whereis, [a]),
		Dict = fun(P) -> {status,_,_,[D|_]} = sys:get_status(P), D end,
		[_,{'$ancestors',[Master]}] = lists:reverse(lists:sort(Dict(Sup))),
		[rpc:call(G, application, get_application, [A]), rpc:call(G, application, get_application, [Net]),
		 rpc:call(G, application, get_application, [Master]) =:= {ok,shop},
		 lists:droplast(proplists:get_value('$ancestors', Dict(A))), proplists:get_value('$initial_call', Dict(Sup)),
		 supervisor:get_callback_module(Sup)]`))
}

func TestSupervisorsAndApplicationsReportInTheLoggerOfABeam(t *testing.T) {
	e := beam.StartErl(t)
	e.Compile(t, "keeper", keeper)
	e.Eval(t, "keeper:start().")
	cfg := config(t)
	cfg.LoggerNode = e.Name()
	n := start(t, cfg)
	require.NoError(t, n.Applications().Start(t.Context(), node.App{Name: "shop", Vsn: "1",
		Start: genserv.Child{Name: "shop_sup", Module: supervisor.Of(shopSup{}), Args: etf.List{etf.Atom("ann")}}}))
	next := func(level string) string {
		return e.Eval(t, "(fun({R, #{report_cb := F}}) -> lists:flatten(F(R, #{depth => unlimited, chars_limit => "+
			"unlimited, single_line => true})) end)"+
			"(keeper:next("+level+")).")
	}
	require.Regexp(t, `Supervisor: {local,shop_sup}. Started: id=ann,pid=<[\d.]+>.`, next("info"))
	require.Regexp(t, `Application: shop. Started at: gonode@`, next("info"))
	e.Eval(t, fmt.Sprintf("exit(rpc:call('%s', erlang, whereis, [ann]), kill).", n.Name()))
	require.Regexp(t, `Supervisor: {local,shop_sup}. Context: child_terminated. Reason: killed. Offender: id=ann,pid=<[\d.]+>.`, next("error"))
	require.Regexp(t, `Supervisor: {local,shop_sup}. Started: id=ann,pid=<[\d.]+>.`, next("info"))
	require.NoError(t, n.Applications().Stop(t.Context(), "shop"))
	require.Regexp(t, `Application: shop. Exited: stopped. Type: temporary.`, next("notice"))
}
