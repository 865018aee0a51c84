package heapfloor

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
)

// Default is a good floor where a node has a machine, or a container of some hundred megabytes, for itself.
const Default = 40 << 20

// Set lets the heap of the program grow to at least floor bytes before the garbage collector runs. It returns a
// function that takes this call back.
//
// The heap of a node is often a few megabytes, and every message leaves garbage behind. By Go's own rule the collector
// runs some hundred times a second then; with messages of 64 kB that costs a third of the node's processor time. Above
// the floor Go's own rule holds, with percent as GOGC (0 or less is 100, as in Go). The percentage is set anew, by
// debug.SetGCPercent, after a collection that changed what is alive.
//
// A program that falls quiet with a heap of more than twice the floor gives its memory back to the operating system
// within seconds, by debug.FreeOSMemory. By itself the runtime does so after two minutes.
//
// Set may be called at any time and more than once: the largest floor and the largest percentage in force count. When
// the last call is taken back, the percentage is again the one before the first. A percentage that something else sets
// by debug.SetGCPercent meanwhile stays. Set does nothing if the environment has GOGC or GOMEMLIMIT.
func Set(floor uint64, percent int) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	if percent <= 0 {
		percent = 100
	}
	f := &setting{floor, percent}
	program.add(f)
	return sync.OnceFunc(func() { program.remove(f) })
}

// setting is one call of Set.
type setting struct {
	bytes   uint64
	percent int
}

// program is the only one in this module that sets the percentage.
var program tuner

type tuner struct {
	mu     sync.Mutex
	floors []*setting // in force
	before int        // the percentage without any of them
	set    int        // the percentage that was set last
	stop   func()     // ends the goroutine that runs while there are floors
}

func (t *tuner) add(f *setting) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.floors = append(t.floors, f)
	now := readHeap()
	if len(t.floors) > 1 {
		t.tune(now)
		return
	}
	t.set = t.percent(now.live)
	t.before = debug.SetGCPercent(t.set)
	stop, done := make(chan struct{}), make(chan struct{})
	t.stop = func() { close(stop); <-done }
	go func() {
		defer close(done)
		t.run(stop)
	}()
}

func (t *tuner) remove(f *setting) {
	t.mu.Lock()
	i := slices.Index(t.floors, f)
	t.floors = slices.Delete(t.floors, i, i+1)
	now, stop := readHeap(), func() {}
	switch {
	case len(t.floors) > 0:
		t.tune(now)
	default:
		stop = t.stop
		if now.percent == t.set {
			debug.SetGCPercent(t.before)
		}
	}
	t.mu.Unlock()
	stop()
}

// tune sets the percentage for what is alive now. That stops the program for a moment, so small differences are not
// worth it. It leaves a percentage alone that somebody else has set.
func (t *tuner) tune(now heapState) {
	if len(t.floors) == 0 || now.percent != t.set {
		return
	}
	if p := t.percent(now.live); p < t.set-t.set/5 || p > t.set+t.set/4 {
		t.set = p
		debug.SetGCPercent(p)
	}
}

// goLeast is what Go's own rule takes for alive at least: the heap may always grow by the percentage of this.
const goLeast = 4 << 20

// percent returns the percentage for a heap of which live bytes are in use.
func (t *tuner) percent(live uint64) int {
	floor, percent := t.floor(), 0
	for _, f := range t.floors {
		percent = max(percent, f.percent)
	}
	base := float64(max(live, goLeast))
	grow := base * float64(percent) / 100
	if live < floor {
		grow = max(grow, float64(floor-live))
	}
	return max(1, int(math.Round(min(100*grow/base, math.MaxInt32))))
}

func (t *tuner) floor() (bytes uint64) {
	for _, f := range t.floors {
		bytes = max(bytes, f.bytes)
	}
	return bytes
}

// heapState is what the runtime tells about the heap.
type heapState struct {
	live    uint64 // after the last collection
	goal    uint64 // of the next one
	allocs  uint64 // all that was ever allocated
	cycles  uint64 // collections
	held    uint64 // what the heap has of the operating system, in use or not
	percent int    // GOGC
}

func readHeap() heapState {
	m := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}, {Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/gogc:percent"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(m)
	of := func(i int) uint64 { return m[i].Value.Uint64() }
	return heapState{live: of(0), goal: of(1), allocs: of(2), cycles: of(3), percent: int(int64(of(4))),
		held: of(5) + of(6) + of(7)}
}
