package ergohost_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
)

func TestMessagesOfBothWaysArriveInOrder(t *testing.T) {
	p, e, _ := withServer(t)
	n := soak.Size(10_000, 100_000)
	// The BEAM sends casts, plain messages and calls to the actor in turn. The actor returns what it has seen, in the
	// order of sending.
	require.Equal(t, "true", eval(t, e, `(fun(To, N) ->
		Ids = lists:append([begin
			gen_server:cast(To, I), To ! I,
			case I rem 50 of 0 -> [gen_server:send_request(To, ping)]; _ -> [] end
		end || I <- lists:seq(1, N)]),
		[{reply, pong} = gen_server:receive_response(Id, 30000) || Id <- Ids],
		gen_server:call(To, seen, 30000) =:= lists:append([[{cast, I}, {info, I}] || I <- lists:seq(1, N)])
	end)(%s, %d)`, p.at("caller"), n))

	pid, err := p.ergo.Spawn(func() gen.ProcessBehavior { return &flood{n: n} }, gen.ProcessOptions{})
	require.NoError(t, err)
	require.NoError(t, p.ergo.Send(pid, "go"))
	require.Equal(t, "true", eval(t, e, `(fun F() ->
		case sys:get_state(srv) of
			[{info, done} | S] ->
				lists:reverse(S) =:= [{case I rem 2 of 0 -> cast; 1 -> info end, I} || I <- lists:seq(1, %d)];
			_ -> F()
		end
	end)()`, n))
	require.Zero(t, p.host.Lost())
}

func TestCallersLearnOfEveryEndWhenActorsAreKilledAtRandom(t *testing.T) {
	p := join(t, ergohost.Options{})
	e := beam.StartErl(t)
	find := p.supervise(t, map[gen.Atom]gen.ProcessFactory{
		"child": p.host.Exposed("child", newActor), "srv": p.host.Exposed("srv", newActor),
	})
	rounds := soak.Size(30, 1000)
	eval(t, e, `begin
		Caller = fun F(Name, Got) ->
			receive {stop, From} -> From ! {self(), Got} after 0 ->
				case catch gen_server:call({Name, '%s'}, ping, 20000) of
					pong -> F(Name, Got + 1);
					{'EXIT', {timeout, _}} -> exit(unanswered);
					{'EXIT', _} -> F(Name, Got);
					Other -> exit(Other)
				end
			end
		end,
		Callers = [spawn_link(fun() -> Caller(Name, 0) end) || Name <- [child, srv], _ <- [1,2,3,4]]
	end`, p.node.Name())
	for range rounds {
		name := gen.Atom([]string{"child", "srv"}[rand.IntN(2)])
		if rand.IntN(2) == 0 {
			_ = p.ergo.Kill(find(name))
		} else {
			eval(t, e, `(fun(undefined) -> ok; (Pid) -> exit(Pid, kill) end)(rpc:call('%s', erlang, whereis, [%s]))`,
				p.node.Name(), name)
		}
		answers(t, e, "gen_server:call(%s, ping)", p.at(string(name)))
	}
	require.Equal(t, "true", eval(t, e,
		`lists:all(fun(C) -> C ! {stop, self()}, receive {C, N} -> N > 0 end end, Callers)`))
	require.Zero(t, p.host.Lost(), fmt.Sprint(p.logs.all()))
}
