package operator

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// readMetrics returns figures of the Go runtime by their names in the package runtime/metrics. What the runtime does
// not know is 0.
func readMetrics(names ...string) map[string]uint64 {
	samples := make([]metrics.Sample, len(names))
	for i, name := range names {
		samples[i].Name = name
	}
	metrics.Read(samples)
	values := make(map[string]uint64, len(names))
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			values[s.Name] = s.Value.Uint64()
		}
	}
	return values
}

// usage is the memory of the program in bytes, in the order of erlang:memory/0.
type usage []struct {
	kind  etf.Atom
	bytes uint64
}

// readUsage returns the memory that the Go runtime has from the system. processes is the heap and the stacks, of which
// processes_used is in use; system is the rest. A Go program has no memory of its own for atoms, binaries, code and
// tables: binaries are part of the heap.
func readUsage() usage {
	const (
		all      = "/memory/classes/total:bytes"
		released = "/memory/classes/heap/released:bytes"
		objects  = "/memory/classes/heap/objects:bytes"
		unused   = "/memory/classes/heap/unused:bytes"
		free     = "/memory/classes/heap/free:bytes"
		stacks   = "/memory/classes/heap/stacks:bytes"
	)
	m := readMetrics(all, released, objects, unused, free, stacks)
	used := m[objects] + m[stacks]
	processes := used + m[unused] + m[free]
	total := max(m[all]-m[released], processes)
	return usage{{"total", total}, {"processes", processes}, {"processes_used", used}, {"system", total - processes},
		{"atom", 0}, {"atom_used", 0}, {"binary", 0}, {"code", 0}, {"ets", 0}}
}

// terms returns [{Kind, Bytes}].
func (u usage) terms() etf.List {
	list := make(etf.List, len(u))
	for i, part := range u {
		list[i] = etf.Tuple{part.kind, etf.Int(part.bytes)}
	}
	return list
}

// get returns the bytes of a kind.
func (u usage) get(kind etf.Term) (bytes etf.Int, ok bool) {
	for _, part := range u {
		if etf.IsAtom(kind, part.kind) {
			return etf.Int(part.bytes), true
		}
	}
	return 0, false
}

// schedulers returns GOMAXPROCS.
func schedulers() int { return runtime.GOMAXPROCS(0) }

// runnable returns the number of goroutines that wait for a scheduler.
func runnable() int {
	const name = "/sched/goroutines/runnable:goroutines"
	return int(readMetrics(name)[name])
}

// schedulerTimes returns [{Id, ActiveTime, TotalTime}] for all schedulers, in nanoseconds since began. The system tells
// the processor time of the whole program only, so each scheduler gets the same part of it.
func schedulerTimes(began time.Time) etf.List {
	total := time.Since(began)
	n := schedulers()
	active := min(processorTime()/time.Duration(n), total)
	list := make(etf.List, n)
	for i := range list {
		list[i] = etf.Tuple{etf.Int(i + 1), etf.Int(active), etf.Int(total)}
	}
	return list
}

// sinceLast remembers the values of the last call of a statistic that tells the difference.
type sinceLast struct {
	mu   sync.Mutex
	last map[etf.Atom]etf.Int
}

// pair returns {Value, ValueSinceLastCall}.
func (s *sinceLast) pair(name etf.Atom, value etf.Int) etf.Tuple {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[etf.Atom]etf.Int{}
	}
	before := s.last[name]
	s.last[name] = value
	return etf.Tuple{value, value - before}
}
