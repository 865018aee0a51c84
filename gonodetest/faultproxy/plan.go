//go:build unix

package faultproxy

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Flow is one direction of one connection through a Proxy.
type Flow struct {
	// Conn is the number of the connection, from 1 in the order in which they were made.
	Conn int
	// Target is what the connection leads to: the address that [Proxy.Open] was given, or the node of [Proxy.OpenNode].
	Target string
	// ToTarget is true for the direction from the side that dialled to the target.
	ToTarget bool
}

// String names the flow.
func (f Flow) String() string {
	if f.ToTarget {
		return fmt.Sprintf("connection %d, to the target", f.Conn)
	}
	return fmt.Sprintf("connection %d, from the target", f.Conn)
}

// Plan returns the faults of a flow in the order of their places. It is called once for each flow, from several
// goroutines.
type Plan func(f Flow) []Fault

// Towards limits a plan to the bytes that are sent to one of two targets behind the same proxy, whichever of the two
// dialled. The other one gets everything unchanged.
func (p Plan) Towards(target string) Plan {
	return func(f Flow) []Fault {
		if f.ToTarget == (f.Target == target) {
			return p(f)
		}
		return nil
	}
}

// Kind is what a Fault does.
type Kind int

// The kinds of faults.
const (
	// Flip inverts bit N, 0 to 7, of the byte.
	Flip Kind = iota
	// Drop drops N bytes.
	Drop
	// Duplicate forwards N bytes twice.
	Duplicate
	// Delay delays the byte, and all that follow it, by D.
	Delay
	// Cut closes both sides of the connection in front of the byte.
	Cut
	// Reset closes both sides of the connection in front of the byte with a RST.
	Reset
	// HalfClose closes this direction in front of the byte and leaves the other one open. Further bytes are discarded.
	HalfClose
	// Rate lets no more than N bytes a second pass from here on; 0 takes the limit away.
	Rate
)

// Fault is something that happens to a flow.
type Fault struct {
	// At is the number of the byte, from 0, at which the fault happens.
	At   int64
	Kind Kind
	N    int64
	D    time.Duration
}

// String says what happens where.
func (f Fault) String() string {
	switch f.Kind {
	case Flip:
		return fmt.Sprintf("bit %d of byte %d turned over", f.N, f.At)
	case Drop:
		return fmt.Sprintf("%d bytes dropped from byte %d on", f.N, f.At)
	case Duplicate:
		return fmt.Sprintf("%d bytes doubled from byte %d on", f.N, f.At)
	case Delay:
		return fmt.Sprintf("byte %d delayed by %v", f.At, f.D)
	case Cut:
		return fmt.Sprintf("cut in front of byte %d", f.At)
	case Reset:
		return fmt.Sprintf("reset in front of byte %d", f.At)
	case HalfClose:
		return fmt.Sprintf("closed one way in front of byte %d", f.At)
	case Rate:
		return fmt.Sprintf("%d bytes a second from byte %d on", f.N, f.At)
	}
	return fmt.Sprintf("fault %d at byte %d", int(f.Kind), f.At)
}

// Faults is a Plan with the same faults in every flow.
func Faults(faults ...Fault) Plan { return func(Flow) []Fault { return faults } }

// RandomFaults describes random faults. Equal seeds give equal faults.
type RandomFaults struct {
	Seed uint64
	// Skip is the number of bytes at the beginning of each flow to which nothing happens, for example those of the
	// handshake.
	Skip int64
	// Gap is the mean number of bytes between two faults.
	Gap int64
	// Count is the number of faults in each flow; 0 means 100.
	Count int
	// Kinds are chosen with equal probability. Drop and Duplicate affect up to 64 bytes, a Delay lasts up to 20
	// milliseconds, and Rate means 1 to 10 MB a second.
	Kinds []Kind
}

// Plan returns the plan. It needs Kinds and Gap.
func (r RandomFaults) Plan() Plan {
	return func(f Flow) []Fault {
		stream := uint64(f.Conn) << 1
		if f.ToTarget {
			stream |= 1
		}
		by := rand.New(rand.NewPCG(r.Seed, stream))
		count := r.Count
		if count == 0 {
			count = 100
		}
		at := r.Skip
		faults := make([]Fault, count)
		for i := range faults {
			at += by.Int64N(2*r.Gap + 1)
			faults[i] = r.one(by, at)
		}
		return faults
	}
}

func (r RandomFaults) one(by *rand.Rand, at int64) Fault {
	f := Fault{At: at, Kind: r.Kinds[by.IntN(len(r.Kinds))]}
	switch f.Kind {
	case Flip:
		f.N = by.Int64N(8)
	case Drop, Duplicate:
		f.N = 1 + by.Int64N(64)
	case Delay:
		f.D = time.Duration(by.Int64N(int64(20 * time.Millisecond)))
	case Rate:
		f.N = 1e6 + by.Int64N(9e6)
	}
	return f
}
