package dist

import (
	"sync/atomic"
	"time"
)

// gather has a busy connection read later, and so more at once. A reader that is faster than the peer writes finds
// one message at a time, and wakes up and answers for each. If the operating system lets others run first, among them
// the peer if it is on the same machine, several have come by then. Nobody waits where nobody else wants to run.
//
// Where others are many, it may take long until the reader has its turn again. So it is tried, and given up for a
// while if less comes then. The watch looks every Options.Patience; a message costs it nothing, and a read one load
// and one store. See docs/adr/0009.
type gather struct {
	on     atomic.Bool
	frames atomic.Uint64 // that had been handled when the last read began

	// Of the watch:
	at          time.Time
	seen        uint64
	before      float64 // frames a second when it was begun
	wait, pause int     // looks until it is tried again; how many they were at first
}

const (
	// busyFrames is how many frames a second have to come for it to be tried: some 20 000 calls.
	busyFrames = 60_000
	// longestPause bounds, in looks, how long it is not tried again.
	longestPause = 64
)

// look decides whether to go on, or to try.
func (g *gather) look(now time.Time) {
	frames := g.frames.Load()
	rate := float64(frames-g.seen) / max(now.Sub(g.at), time.Microsecond).Seconds()
	g.at, g.seen = now, frames
	switch {
	case g.on.Load() && rate >= g.before*3/4:
		g.pause = 0
	case g.on.Load():
		g.on.Store(false)
		g.pause = min(max(1, 2*g.pause), longestPause)
		g.wait = g.pause
	case g.wait > 0:
		g.wait--
	case rate >= busyFrames:
		g.before = rate
		g.on.Store(true)
	}
}
