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
const HeapFloor = 32 << 20

// ballastFloors is how many floors of address space SetHeapFloor takes. The runtime keeps a tenth more memory than the heap has in use,
// gives the rest back to the operating system, and gets it again page by page. With this much in use, that tenth is a floor.
const ballastFloors = 10

// SetHeapFloor lets the heap of the program grow to at least floor bytes before the garbage collector runs. The heap of a node
// is often a few megabytes, while every message leaves garbage behind, so that by Go's own rule the collector would run some
// hundred times a second, for nothing: with messages of 64 kB that costs a third of the node's processor time. Above the floor
// Go's own rule holds, with percent as GOGC: the heap may grow by that much of what is alive.
//
// Ten times the floor is allocated and never touched. It takes address space but no memory, and is in what the package runtime
// tells about the heap (runtime.MemStats, runtime/metrics). Without it the runtime returns the memory of large messages between them,
// which costs up to a third of the time of messages of 10 MB. Where the operating system does not grant that much address space
// (a small machine, ulimit -v, strict overcommit) it is left out. See docs/adr/0007.
//
// It is a setting of the whole program, not of a node, so nothing here does it unasked; the command gonode does. It does nothing
// if the environment has GOGC or GOMEMLIMIT: whoever sets these wants to decide. The function returned restores what was before.
func SetHeapFloor(floor uint64, percent int) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	h := &heapFloor{floor: floor, least: uint64(max(percent, 0))}
	if floor <= math.MaxInt/ballastFloors && granted(ballastFloors*int(floor)) {
		h.ballast = make([]byte, ballastFloors*floor)
	}
	h.now = h.percent(0)
	before := debug.SetGCPercent(h.now)
	h.arm()
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.over = true
		h.ballast = nil
		debug.SetGCPercent(before)
	}
}

// heapFloor sets the percentage anew after each collection.
type heapFloor struct {
	floor, least uint64
	mu           sync.Mutex
	ballast      []byte
	now          int
	over         bool
}

// goLeast is what Go's own rule takes for alive at least: the heap may always grow by the percentage of this.
const goLeast = 4 << 20

// percent returns the percentage for a heap of which live bytes are in use, beside the ballast.
func (h *heapFloor) percent(live uint64) int {
	grow := float64(max(live, goLeast)) * float64(h.least) / 100
	if live < h.floor {
		grow = max(grow, float64(h.floor-live))
	}
	base := max(uint64(len(h.ballast))+live, goLeast)
	return max(1, int(min(100*grow/float64(base), math.MaxInt32)))
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
	bytes := live[0].Value.Uint64()
	if p := h.percent(bytes - min(bytes, uint64(len(h.ballast)))); p < h.now*4/5 || p > h.now*5/4 {
		h.now = p
		debug.SetGCPercent(p)
	}
	h.arm()
}
