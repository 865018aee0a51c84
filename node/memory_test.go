package node

import (
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// memoryOfAServer returns what each of count servers needs that have answered one call and wait for the next: bytes of
// heap that are live after a collection, and bytes of stacks.
func memoryOfAServer(t testing.TB, n *Node, count int) (heap, stacks float64) {
	t.Helper()
	module := genserv.Of(plainCounter{})
	pids := make([]etf.Pid, 0, count)
	var before, after runtime.MemStats
	debug.FreeOSMemory()
	runtime.ReadMemStats(&before)
	for range count {
		pid, err := n.Spawn(t.Context(), genserv.Child{Module: module})
		require.NoError(t, err)
		pids = append(pids, pid)
	}
	for _, pid := range pids {
		_, err := n.Call(t.Context(), pid, etf.Atom("get"))
		require.NoError(t, err)
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&after)
	per := func(before, after uint64) float64 { return (float64(after) - float64(before)) / float64(count) }
	return per(before.HeapAlloc, after.HeapAlloc), per(before.StackInuse, after.StackInuse)
}

// plainCounter is a server whose state is one number, the smallest possible server.
type plainCounter struct{}

func (plainCounter) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (plainCounter) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s int) genserv.Result[int] {
	return genserv.Reply(etf.Int(s), s)
}

// The figures are those of docs/performance/memory.md.
func TestAServerThatWaitsNeedsNoGoroutineAndLittleMemory(t *testing.T) {
	n := testNode(t, Config{NoListen: true})
	goroutines := runtime.NumGoroutine()
	heap, stacks := memoryOfAServer(t, n, 5000)
	require.Less(t, heap, 1100.0)
	require.Less(t, stacks, 200.0)
	require.Less(t, runtime.NumGoroutine(), goroutines+100)
}

// go test ./node -run '^$' -bench MemoryOfAServer -benchtime 1x
func BenchmarkMemoryOfAServer(b *testing.B) {
	for b.Loop() {
		n, err := Start(b.Context(), Config{Name: "crowd@localhost", Cookie: "secret", NoListen: true})
		require.NoError(b, err)
		heap, stacks := memoryOfAServer(b, n, 100_000)
		b.ReportMetric(heap, "heap-B/server")
		b.ReportMetric(stacks, "stack-B/server")
		require.NoError(b, n.Stop(b.Context()))
	}
}
