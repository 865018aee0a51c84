package ergohost_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// native is the cluster's server that does what mirror does.
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

// load is what a BEAM does with each of the two.
const load = `
-module(load).
-export([calls/2, many/2, casts/2]).

calls(_, 0) -> ok;
calls(To, N) -> ok = gen_server:call(To, ok), calls(To, N - 1).

many(To, N) ->
    Ms = [element(2, spawn_monitor(fun() -> calls(To, N div 64) end)) || _ <- lists:seq(1, 64)],
    [receive {'DOWN', M, _, _, normal} -> ok end || M <- Ms].

casts(To, 0) -> gen_server:call(To, ok, infinity);
casts(To, N) -> gen_server:cast(To, ok), casts(To, N - 1).
`

// BenchmarkBeam compares an exposed actor with a native server. It measures the microseconds of a call of one BEAM
// process, of a call among 64 callers, and of a cast; a call ends the casts.
func BenchmarkBeam(b *testing.B) {
	p := join(b, ergohost.Options{})
	_, err := p.ergo.SpawnRegister("actor", p.host.Exposed("actor", func() gen.ProcessBehavior { return &mirror{} }),
		gen.ProcessOptions{})
	require.NoError(b, err)
	_, err = p.node.Spawn(context.Background(), genserv.Child{Name: "native", Module: genserv.Of(native{})})
	require.NoError(b, err)
	e := beam.StartErl(b)
	e.Compile(b, "load", load)
	for _, how := range []string{"calls", "many", "casts"} {
		for _, who := range []string{"native", "actor"} {
			b.Run(how+"/"+who, func(b *testing.B) {
				eval(b, e, "load:%s(%s, %d)", how, p.at(who), max(64, b.N))
			})
		}
	}
}

// BenchmarkWaiting measures how much live heap, in bytes, an actor that has answered a call takes, exposed and not.
func BenchmarkWaiting(b *testing.B) {
	const n = 2000
	newMirror := func() gen.ProcessBehavior { return &mirror{} }
	for _, exposed := range []bool{false, true} {
		b.Run(map[bool]string{false: "actor", true: "exposed"}[exposed], func(b *testing.B) {
			p := join(b, ergohost.Options{})
			before := heap()
			for i := range n {
				factory, name := newMirror, gen.Atom(fmt.Sprint("actor", i))
				if exposed {
					factory = p.host.Exposed(name, newMirror)
				}
				_, err := p.ergo.SpawnRegister(name, factory, gen.ProcessOptions{})
				require.NoError(b, err)
				if exposed {
					_, err = p.node.Call(b.Context(), etf.Atom(name), etf.Atom("ok"))
				} else {
					_, err = p.ergo.Call(name, etf.Atom("ok"))
				}
				require.NoError(b, err)
			}
			b.ReportMetric((heap()-before)/n, "B/actor")
		})
	}
}

// heap returns the size of what is alive, stacks included.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
