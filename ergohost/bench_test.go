package ergohost_test

import (
	"context"
	"testing"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
)

// native is the server of the cluster that does what mirror does.
type native struct{}

func (native) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (native) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(request, n)
}

func (native) HandleCast(_ *genserv.Process, _ etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n + 1)
}

// mirror is an actor that answers with the request.
type mirror struct{ act.Actor }

func (*mirror) HandleCall(_ gen.PID, _ gen.Ref, request any) (any, error) { return request, nil }
func (*mirror) HandleMessage(gen.PID, any) error                          { return nil }

// BenchmarkBeam compares an exposed actor with a native server: microseconds a call of one BEAM process, microseconds a call
// where 64 call, and a cast, closed by a call.
func BenchmarkBeam(b *testing.B) {
	p := join(b, ergohost.Options{})
	_, err := p.ergo.SpawnRegister("actor", p.host.Exposed("actor", func() gen.ProcessBehavior { return &mirror{} }),
		gen.ProcessOptions{})
	require.NoError(b, err)
	_, err = p.node.Spawn(context.Background(), "native", genserv.Of(native{}), nil)
	require.NoError(b, err)
	e := gonodetest.StartErl(b)
	e.Eval(b, `begin
		Calls = fun(To, N) -> [ok = gen_server:call(To, ok) || _ <- lists:seq(1, N)] end,
		Many = fun(To, N) ->
			Ps = [spawn_monitor(fun() -> Calls(To, N div 64) end) || _ <- lists:seq(1, 64)],
			[receive {'DOWN', M, _, _, normal} -> ok end || {_, M} <- Ps]
		end,
		Casts = fun(To, N) -> [gen_server:cast(To, ok) || _ <- lists:seq(1, N)], gen_server:call(To, ok, infinity) end
	end`)
	for _, how := range []string{"Calls", "Many", "Casts"} {
		for _, who := range []string{"native", "actor"} {
			b.Run(how+"/"+who, func(b *testing.B) {
				eval(b, e, "%s(%s, %d)", how, p.at(who), max(64, b.N))
			})
		}
	}
}

// BenchmarkSpawned tells what an exposed actor weighs beside an actor.
func BenchmarkSpawned(b *testing.B) {
	p := join(b, ergohost.Options{})
	newMirror := func() gen.ProcessBehavior { return &mirror{} }
	for name, factory := range map[string]gen.ProcessFactory{"actor": newMirror, "exposed": p.host.Exposed("", newMirror)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				pid, err := p.ergo.Spawn(factory, gen.ProcessOptions{})
				require.NoError(b, err)
				_ = p.ergo.Kill(pid)
			}
		})
	}
}
