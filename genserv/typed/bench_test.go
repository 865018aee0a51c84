package typed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
)

// byHand is the server of adding, as it is written without a Mux.
type byHand struct{}

func (byHand) Init(*process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (byHand) HandleCall(_ *process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	switch r := request.(type) {
	case etf.Atom:
		if r == "get" {
			return genserv.Reply(etf.Int(n), n)
		}
	case etf.Tuple:
		if len(r) == 2 && etf.IsAtom(r[0], "add") {
			if i, ok := r[1].(etf.Int); ok {
				return genserv.Reply(etf.Int(n+int(i)), n+int(i))
			}
		}
		if len(r) == 4 && etf.IsAtom(r[0], "transfer") {
			from, ok1 := r[1].(etf.Binary)
			to, ok2 := r[2].(etf.Binary)
			i, ok3 := r[3].(etf.Int)
			if ok1 && ok2 && ok3 {
				t := transfer{From: string(from), To: string(to), N: int(i)}
				return genserv.Reply(etf.Int(t.N), n)
			}
		}
	}
	return genserv.Reply[int](etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, n)
}

func adding() *typed.Mux[int] {
	m := typed.NewMux[int]("adding")
	typed.OnCall(m, "get", func(_ *process, n int, _ struct{}) (int, int, error) { return n, n, nil })
	typed.OnCall(m, "add", func(_ *process, n, i int) (int, int, error) { return n + i, n + i, nil })
	typed.OnCall(m, "transfer", func(_ *process, n int, t transfer) (int, int, error) { return t.N, n, nil })
	return m
}

var requests = []struct {
	name        string
	request     etf.Term
	typed, hand float64 // allocations
}{
	{"get", etf.Atom("get"), 1, 1},
	{"add", etf.Tuple{etf.Atom("add"), etf.Int(1)}, 1, 1},
	{"transfer", etf.Tuple{etf.Atom("transfer"), etf.Binary("ann"), etf.Binary("ben"), etf.Int(1000)}, 5, 1},
}

// TestWhatATypedServerAllocates: for atoms and plain arguments what a server by hand does, which is the reply as a
// term. A struct is taken from its fields one by one.
func TestWhatATypedServerAllocates(t *testing.T) {
	for name, s := range map[string]genserv.Server[int]{"by hand": byHand{}, "typed": adding()} {
		for _, r := range requests {
			want := r.typed
			if name == "by hand" {
				want = r.hand
			}
			allocs := testing.AllocsPerRun(1000, func() { s.HandleCall(nil, r.request, genserv.From{}, 1000) })
			require.Equal(t, want, allocs, name+" "+r.name)
		}
	}
}

func BenchmarkHandleCall(b *testing.B) {
	for _, s := range []struct {
		name   string
		server genserv.Server[int]
	}{{"hand", byHand{}}, {"typed", adding()}} {
		for _, r := range requests {
			b.Run(r.name+"/"+s.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.server.HandleCall(nil, r.request, genserv.From{}, 1000)
				}
			})
		}
	}
}
