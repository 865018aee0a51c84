package genserv_test

import (
	"log/slog"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// nowhere is a node that drops everything.
type nowhere struct{ driver.Proc }

func (nowhere) Self() etf.Pid                 { return self }
func (nowhere) Send(etf.Term, etf.Term) error { return nil }
func (nowhere) Log() *slog.Logger             { return nil }

func (nowhere) Reply(_, tag, reply etf.Term) error {
	tuple = etf.Tuple{tag, reply}
	return nil
}

var tuple etf.Term

// adder is a server with an integer as its state.
type adder struct{}

func (adder) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(1 << 40) }

func (adder) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Int(n), n+1)
}

func (adder) HandleCast(_ *genserv.Process, request etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n + 1)
}

func (adder) HandleInfo(_ *genserv.Process, msg etf.Term, n int) genserv.Result[int] {
	return genserv.NoReply(n + 1)
}

func startAdder() *genserv.Loop {
	loop := genserv.NewLoop(genserv.Of(adder{}), nowhere{}, driver.Options{})
	loop.Start(nil)
	return loop
}

// TestACallCostsThreeAllocations: the reply as a term, if it is an integer above 255; the elements of {Tag, Reply};
// and the tuple as a term. A call that is answered with an atom, a cast and any other message need less.
func TestACallCostsThreeAllocations(t *testing.T) {
	loop := startAdder()
	for _, test := range []struct {
		name string
		msg  etf.Term
		most float64
	}{
		{"call", driver.CallMessage(remote, other, atom("next")), 3},
		{"call with an alias", driver.CallMessage(remote, aliased(alias), atom("next")), 3},
		{"cast", driver.CastMessage(atom("next")), 0},
		{"info", atom("next"), 0},
	} {
		allocs := testing.AllocsPerRun(1000, func() { loop.Handle(test.msg) })
		require.LessOrEqual(t, allocs, test.most, test.name)
	}
}

// TestAnIdleServerIsSmall: what a process costs beside its state and what the node keeps for it.
func TestAnIdleServerIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(genserv.Loop{}), uintptr(320))
}

func BenchmarkCall(b *testing.B) {
	loop := startAdder()
	msg := driver.CallMessage(remote, aliased(alias), atom("next"))
	b.ReportAllocs()
	for b.Loop() {
		loop.Handle(msg)
	}
}

func BenchmarkCast(b *testing.B) {
	loop := startAdder()
	msg := driver.CastMessage(atom("next"))
	b.ReportAllocs()
	for b.Loop() {
		loop.Handle(msg)
	}
}

func BenchmarkStart(b *testing.B) {
	m := genserv.Of(adder{})
	b.ReportAllocs()
	for b.Loop() {
		genserv.NewLoop(m, nowhere{}, driver.Options{}).Start(nil)
	}
}
