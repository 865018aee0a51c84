package dist

import (
	"math"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Defaults of Options.
const (
	// DefaultTickTime is kernel's net_ticktime.
	DefaultTickTime = 60 * time.Second
	// DefaultIntensity is kernel's net_tickintensity.
	DefaultIntensity = 4
	// DefaultHighWater is the limit at which OTP suspends senders (erl +zdbbl).
	DefaultHighWater = 1 << 20
	// DefaultMaxPending is far above what a node owes to one that is only slow.
	DefaultMaxPending = 512 << 20
	// DefaultMaxMessage admits what a node of ordinary size can want to hold.
	DefaultMaxMessage = math.MaxInt32
	// DefaultMaxSequences is far above the number of processes that OTP lets send into one connection at once.
	DefaultMaxSequences = 10_000
	// DefaultHandOverAfter is short for a tick or a person, and long beside what waking another goroutine costs.
	DefaultHandOverAfter = 10 * time.Millisecond
	// DefaultFlushTime is how long a closing connection tries to get rid of what is pending.
	DefaultFlushTime = 5 * time.Second
)

// Options of a connection. A zero field means its default.
type Options struct {
	// TickTime is the silence after which the peer counts as dead: it is noticed after TickTime to
	// TickTime*(1+1/Intensity). It should be the same in the whole cluster. Kernel, net_ticktime. Negative: never.
	TickTime time.Duration
	// Intensity is the number of ticks in TickTime. Kernel, net_tickintensity.
	Intensity int
	// HighWater is the number of pending bytes from which on Send waits; it goes on below half of it. Messages that are
	// sent in fragments are counted apart from all others, so that one large message does not hold up the small ones.
	HighWater int
	// MaxPending is the number of pending bytes at which Post, which never waits, ends the connection.
	// Differs from OTP: there a peer that asks and does not read can fill the memory.
	MaxPending int
	// MaxMessage bounds the size of a received frame, and of all received messages in fragments that are not yet
	// complete, together. A message that exceeds it is passed over, see Refused.
	MaxMessage int
	// MaxSequences bounds the number of received messages in fragments that are not yet complete. A further one is
	// passed over.
	MaxSequences int
	// Limits bound what decoding one term may cost. A message that exceeds them is passed over.
	Limits etf.Limits
	// Refused is called instead of Handler.Handle for each message that is passed over, as Handle would be. m has what
	// could be read of it; it is nil if that is nothing, and its last fields may be zero if the message was cut among
	// them. Nil means that nobody hears of such messages.
	Refused func(m Message, why *Refusal) error
	// HandOverAfter is how long Work may take before another goroutine reads on. It is noticed after HandOverAfter to
	// twice that.
	HandOverAfter time.Duration
	// FlushTime bounds how long Close tries to write what is pending.
	FlushTime time.Duration
	// Trace is called for every message and tick in both directions, before it is handled or written. It must not call
	// methods of the connection, keep the event, or take long: it holds up reader or senders.
	Trace func(TraceEvent)
}

func (o Options) withDefaults() Options {
	if o.TickTime == 0 {
		o.TickTime = DefaultTickTime
	}
	if o.Intensity <= 0 {
		o.Intensity = DefaultIntensity
	}
	if o.HighWater <= 0 {
		o.HighWater = DefaultHighWater
	}
	if o.MaxPending <= 0 {
		o.MaxPending = DefaultMaxPending
	}
	if o.MaxMessage <= 0 {
		o.MaxMessage = DefaultMaxMessage
	}
	if o.MaxSequences <= 0 {
		o.MaxSequences = DefaultMaxSequences
	}
	if o.HandOverAfter <= 0 {
		o.HandOverAfter = DefaultHandOverAfter
	}
	if o.FlushTime <= 0 {
		o.FlushTime = DefaultFlushTime
	}
	return o
}
