package erlang

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestTheContextOfAFunctionEndsWithWhoeverWaitsForIt(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	ended := make(chan struct{}, 1)
	n.Export("slow", "wait", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		_ = n.Send(ctx, etf.Tuple{etf.Atom("main"), etf.Atom(e.Name())}, etf.Atom("started"))
		<-ctx.Done()
		ended <- struct{}{}
		return nil, nil
	})
	e.Eval(t, "register(main, self())")
	for _, way := range []struct{ call, then, want string }{
		{"Id = erpc:send_request(G, slow, wait, []), receive go -> catch erpc:receive_response(Id, 0) end",
			"Caller ! go", "{'EXIT',{{erpc,timeout}"},
		{"erpc:call(G, slow, wait, [])", "exit(Caller, kill)", "killed"},
		{"rpc:call(G, slow, wait, [])", "exit(Caller, kill)", "killed"},
		{"rpc:call(G, slow, wait, [])", "erlang:disconnect_node(G)", "{badrpc,nodedown}"},
		{`R = spawn_request(G, erpc, execute_call, [x,slow,wait,[]], [monitor]),
			receive {spawn_reply,R,ok,P} -> main ! P end,
			receive {'DOWN',R,process,P,Why} -> Why end`, "receive P when is_pid(P) -> exit(P, gone) end", "gone"},
		{`R = spawn_request(G, erpc, execute_call, [x,slow,wait,[]], [monitor,link]), process_flag(trap_exit, true),
			receive {spawn_reply,R,ok,P} -> main ! P end,
			receive {'EXIT',P,Why} -> receive {'DOWN',R,process,P,Why} -> Why end end`,
			"receive P when is_pid(P) -> exit(P, kill) end", "killed"},
		{`R = spawn_request(G, erpc, execute_cast, [slow,wait,[]], [link]),
			receive {spawn_reply,R,ok,_} -> ok end, receive after infinity -> ok end`,
			"exit(Caller, kill)", "killed"},
	} {
		got := e.Eval(t, fmt.Sprintf(`(fun(G) ->
			{Caller, M} = spawn_monitor(fun() -> exit(begin %s end) end),
			receive started -> ok end,
			_ = Caller,
			%s,
			receive {'DOWN', M, _, _, What} -> What end end)('%s')`, way.call, way.then, n.Name()))
		require.Contains(t, got, way.want, way.call)
		<-ended
	}
}

func TestACastGoesOnWithoutItsCaller(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	began, proceed, result := make(chan struct{}), make(chan struct{}), make(chan error)
	n.Export("slow", "work", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		close(began)
		<-proceed
		result <- ctx.Err()
		return nil, nil
	})
	e.Eval(t, fmt.Sprintf("erpc:cast('%s', slow, work, [])", n.Name()))
	<-began
	require.True(t, n.Disconnect(etf.Atom(e.Name())))
	close(proceed)
	require.NoError(t, <-result)
}

// atOnce is node.maxRunning.
const atOnce = 4096

func TestFunctionsBeyondTheLimitWaitForTheirTurn(t *testing.T) {
	n, e := start(t, config(t)), beam.StartErl(t)
	var running atomic.Int32
	var tooMany atomic.Bool
	var once sync.Once
	full, proceed := make(chan struct{}), make(chan struct{})
	n.Export("slow", "work", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		now := running.Add(1)
		defer running.Add(-1)
		if now >= atOnce {
			tooMany.CompareAndSwap(false, now > atOnce)
			once.Do(func() { close(full) })
		}
		<-proceed
		return args[0], nil
	})
	const calls = atOnce + 100
	go func() {
		<-full
		close(proceed)
	}()
	require.Equal(t, "true", e.Eval(t, fmt.Sprintf(`(fun(G, Calls) ->
		Ids = [erpc:send_request(G, slow, work, [I]) || I <- Calls],
		[erpc:receive_response(Id) || Id <- Ids] =:= Calls end)('%s', lists:seq(1, %d))`, n.Name(), calls)))
	require.False(t, tooMany.Load())
}

// The request that follows is read while the process of this one begins, into the same memory.
func TestEachSpawnOfWhatIsNotExportedIsToldItsOwnFunction(t *testing.T) {
	e := beam.StartErl(t)
	n := start(t, config(t))
	require.Equal(t, "[]", e.Eval(t, at(n, `(fun(Names) ->
		Started = [{spawn_monitor('gonode@host', M, f, [M]), M} || M <- Names],
		[{M, Why} || {{Pid, Ref}, M} <- Started,
			Why <- [receive {'DOWN', Ref, process, Pid, R} -> R end], element(1, hd(element(2, Why))) =/= M]
		end)([list_to_atom("nosuch" ++ integer_to_list(I)) || I <- lists:seq(1, 300)]).`)))
}
