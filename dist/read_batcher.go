package dist

import (
	"sync/atomic"
	"time"
)

// readBatcher has a busy connection read later, and so more at once. A reader that is faster than the peer writes finds
// one message at a time, and wakes up and answers for each. If the operating system lets others run first, among them
// the peer if it is on the same machine, several have come by then. Nobody waits where nobody else wants to run.
//
// Where others are many, it may take long until the reader has its turn again. So it is tried, and given up for a while
// if less comes then. The watch looks every Options.HandOverAfter; a message costs it nothing, and a read one load and
// one store. See docs/adr/0009.
type readBatcher struct {
	active atomic.Bool
	frames atomic.Uint64 // that had been handled when the last read began

	// Of the watch:
	checkedAt           time.Time
	framesSeen          uint64
	rateBefore          float64 // frames a second when it was begun
	retryIn, retryAfter int     // looks until it is tried again; how many they were at first
}

const (
	// busyFrameRate is how many frames a second have to come for it to be tried: some 20 000 calls.
	busyFrameRate = 60_000
	// maxRetryAfter bounds, in looks, how long it is not tried again.
	maxRetryAfter = 64
)

// adapt decides whether to go on, or to try.
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
