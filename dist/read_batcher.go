package dist

import (
	"sync/atomic"
	"time"
)

// readBatcher has a busy connection read later, and so more at once. A reader that is faster than the peer writes finds
// one message at a time, and wakes up and answers for each. If it yields the processor before it reads, others run
// first, among them a peer on the same machine, and several messages have arrived by then. Where nobody else wants to
// run, yielding takes no time.
//
// Where many others run, the reader may not get the processor back for long. So yielding is tried, and given up for a
// while if fewer frames arrive with it. The timer of tokenWatch measures that every Options.HandOverAfter; a message
// costs nothing, and a read one load and one store. See docs/adr/0009.
type readBatcher struct {
	active atomic.Bool
	frames atomic.Uint64 // handled when the last read began

	// Used by the timer of tokenWatch only:
	checkedAt           time.Time
	framesSeen          uint64
	rateBefore          float64 // frames a second when yielding began
	retryIn, retryAfter int     // checks until yielding is tried again; their number at first
}

const (
	// busyFrameRate is the number of frames a second from which on yielding is tried: some 20 000 calls.
	busyFrameRate = 60_000
	// maxRetryAfter bounds, in checks, the pause before yielding is tried again.
	maxRetryAfter = 64
)

// adapt compares the rate of frames with that of the last check, and starts or ends yielding.
func (g *readBatcher) adapt(now time.Time) {
	frames := g.frames.Load()
	rate := float64(frames-g.framesSeen) / max(now.Sub(g.checkedAt), time.Microsecond).Seconds()
	g.checkedAt, g.framesSeen = now, frames
	switch {
	case g.active.Load() && rate >= g.rateBefore*3/4:
		g.retryAfter = 0
	case g.active.Load():
		g.active.Store(false)
		g.retryAfter = min(max(1, 2*g.retryAfter), maxRetryAfter)
		g.retryIn = g.retryAfter
	case g.retryIn > 0:
		g.retryIn--
	case rate >= busyFrameRate:
		g.rateBefore = rate
		g.active.Store(true)
	}
}
