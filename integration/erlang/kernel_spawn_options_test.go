package erlang

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// spawnOptions are options of spawn_request with good and bad values, but for those that the asking
// node checks itself.
const spawnOptions = `[{priority,low},{priority,max},{priority,foo},{priority,3},{message_queue_data,on_heap},
	{message_queue_data,off_heap},{message_queue_data,x},{min_heap_size,0},{min_heap_size,-1},{min_heap_size,a},
	{min_heap_size,1 bsl 70},{fullsweep_after,0},{fullsweep_after,-1},{fullsweep_after,70000},{min_bin_vheap_size,5},
	{min_bin_vheap_size,-5},{max_heap_size,0},{max_heap_size,100},{max_heap_size,100000},{max_heap_size,-1},
	{max_heap_size,#{}},
	{max_heap_size,#{size=>0}},{max_heap_size,#{size=>100000,kill=>true,error_logger=>false}},
	{max_heap_size,#{size=>100000,kill=>5}},{max_heap_size,#{size=>a}},{max_heap_size,#{size=>100000,foo=>1}},
	{max_heap_size,a},
	{scheduler,0},{scheduler,-1},{scheduler,2000},{scheduler,a},{async_dist,x},foo,link,monitor,{foo,1},{a,b,c}]`

func TestSpawnRequestsTakeTheOptionsThatABeamTakes(t *testing.T) {
	n, e, other := start(t, config(t)), beam.StartErl(t), beam.StartErl(t)
	require.Equal(t, "[]", e.Eval(t, fmt.Sprintf(`(fun(Nodes, Options) ->
		Ask = fun(N, O) ->
			R = spawn_request(N, erpc, execute_cast, [erlang,node,[]], [O]),
			receive {spawn_reply, R, ok, _} -> ok; {spawn_reply, R, error, Why} -> Why end end,
		[{O, Answers} || O <- Options, Answers <- [[Ask(N, O) || N <- Nodes]], length(lists:usort(Answers)) =/= 1]
		end)(['%s','%s'], %s)`, n.Name(), other.Name(), spawnOptions)))
}

// A fun has its code on the node that made it. It ends as on a BEAM that does not have the module.
func TestAFunThatIsSpawnedOnAGonodeEndsWithUndef(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	e.Eval(t, fmt.Sprintf("G = '%s', F = fun() -> ok end", n.Name()))
	for _, call := range []string{"spawn_link(G, F)", "spawn_link(G, erlang, apply, [F, []])",
		"spawn_opt(G, F, [link, {priority,low}])"} {
		require.Equal(t, "{true,{undef,[{'F',[],[]},{erlang,apply,2,[]}]}}", e.Eval(t,
			"(fun() -> process_flag(trap_exit, true), Pid = "+call+`,
			receive {'EXIT', Pid, {undef, [{F, A, L} | Rest]}} -> {node(Pid) =:= G, {undef, [{'F', A, L} | Rest]}} end
			end)()`), call)
	}
	for _, call := range []string{"spawn(G, F)", "spawn(G, erlang, apply, [F, []])"} {
		got := e.Eval(t, "(fun() -> Pid = "+call+`, M = monitor(process, Pid),
			receive {'DOWN', M, _, _, Reason} -> {node(Pid) =:= G, case Reason of {undef, _} -> undef; _ -> Reason end} end
			end)()`)
		require.Contains(t, []string{"{true,undef}", "{true,noproc}"}, got, "it may be gone before it is monitored")
	}
	require.Equal(t, "[{'EXIT',{notsup,[]}},{'EXIT',{notsup,[]}},{'EXIT',{notsup,[]}}]", e.Eval(t, `
		[gen_server:call({net_kernel,G}, R, infinity) || R <- [{spawn,erlang,apply,[F,[]],group_leader()},
			{spawn_link,erlang,apply,[F,[]],group_leader()}, {spawn_opt,erlang,apply,[F,[]],[],link,group_leader()}]]`),
		"what OTP 23 asks")
}
