package node

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// HeapFloor is a good size for the floor of SetHeapFloor where a node has a machine, or a container of some hundred megabytes,
// for itself.
const HeapFloor = 40 << 20

// SetHeapFloor lets the heap of the program grow to at least floor bytes before the garbage collector runs. The heap of a node
// is often a few megabytes, while every message leaves garbage behind, so that by Go's own rule the collector would run some
// hundred times a second, for nothing: with messages of 64 kB that costs a third of the node's processor time. Above the floor
// Go's own rule holds, with percent as GOGC: the heap may grow by that much of what is alive.
//
// It is a setting of the whole program, not of a node, so nothing here does it unasked; the command gonode does. It does nothing
// if the environment has GOGC or GOMEMLIMIT: whoever sets these wants to decide. The function returned restores what was before.
func SetHeapFloor(floor uint64, percent int) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	h := &heapFloor{floor: floor, least: percent}
	h.now = h.percent(0)
	before := debug.SetGCPercent(h.now)
	h.arm()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.over = true
		debug.SetGCPercent(before)
	}
}

// heapFloor sets the percentage anew after each collection.
type heapFloor struct {
	floor uint64
	least int
	mu    sync.Mutex
	now   int
	over  bool
}

// goLeast is how much the heap may grow at least by Go's own rule with GOGC=100: the 4 MB of the package runtime.
const goLeast = 4 << 20

// percent returns the percentage for a heap of which live bytes are in use.
func (h *heapFloor) percent(live uint64) int {
	grow := float64(h.floor)/float64(max(live, goLeast)) - 1
	if live < goLeast {
		grow = float64(h.floor) / goLeast // the least heap of the runtime is so many times 4 MB
	}
	return max(h.least, int(min(100*grow, math.MaxInt32)))
}

// arm waits for the end of the next collection: an object without references is finalized after it.
func (h *heapFloor) arm() {
	type end struct{ _ [16]byte } // large enough not to share a block with other objects
	runtime.SetFinalizer(new(end), func(*end) { h.collected() })
}

func (h *heapFloor) collected() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	// Setting it stops the program for a moment, so small differences are not worth it.
	if p := h.percent(live[0].Value.Uint64()); p < h.now*4/5 || p > h.now*5/4 {
		h.now = p
		debug.SetGCPercent(p)
	}
	h.arm()
}
