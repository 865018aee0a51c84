package crdt

import (
	"maps"

	"github.com/gonode-otp/gonode/etf"
)

// Ref names one life of a replica: the node and a number that is new at each start. {name, vsn} of
// Phoenix.Tracker.Replica.
type Ref struct {
	Name etf.Atom
	Vsn  int64
}

// Tag is an event of a replica: the addition of an element, or the clock that a removal took.
type Tag struct {
	Replica Ref
	Clock   uint64
}

// Clocks says for each replica up to which clock all its events are known.
type Clocks map[Ref]uint64

// Covers reports whether nothing that other knows is beyond c.
func (c Clocks) Covers(other Clocks) bool {
	for ref, clock := range other {
		if mine, ok := c[ref]; !ok || mine < clock {
			return false
		}
	}
	return true
}

// raise makes c the upper bound of both.
func (c Clocks) raise(other Clocks) {
	for ref, clock := range other {
		if mine, ok := c[ref]; !ok || mine < clock {
			c[ref] = clock
		}
	}
}

// only returns what c says of the replicas in known.
func (c Clocks) only(known Clocks) Clocks {
	kept := Clocks{}
	for ref, clock := range c {
		if _, ok := known[ref]; ok {
			kept[ref] = clock
		}
	}
	return kept
}

// Seen collects the clocks that other replicas have told, to find out whom to ask for what is missing here. It keeps
// only those that no other one covers. The pending clock set of Phoenix.Tracker.Shard.
type Seen struct{ entries []seenClocks }

type seenClocks struct {
	ref    Ref
	clocks Clocks
}

// Add notes the clocks of a replica.
func (s *Seen) Add(ref Ref, clocks Clocks) {
	if len(clocks) == 0 {
		return
	}
	all := Clocks{}
	for _, e := range s.entries {
		all.raise(e.clocks)
	}
	if len(s.entries) > 0 && all.Covers(clocks) {
		return
	}
	kept := s.entries[:0:0]
	for _, e := range s.entries {
		if !clocks.Covers(e.clocks) {
			kept = append(kept, e)
		}
	}
	s.entries = append(kept, seenClocks{ref, clocks})
}

// Ahead returns the replicas that know more than mine, in the order in which they told it, and forgets all. What they
// know of replicas that are not in mine counts for nothing: it would not be merged.
func (s *Seen) Ahead(mine Clocks) (refs []Ref) {
	var ahead Seen
	for _, e := range s.entries {
		ahead.Add(e.ref, e.clocks.only(mine))
	}
	s.entries = nil
	for _, e := range ahead.entries {
		if !mine.Covers(e.clocks) {
			refs = append(refs, e.ref)
		}
	}
	return refs
}

// Clone returns a copy that shares nothing that changes.
func (s Seen) Clone() Seen { return Seen{append([]seenClocks(nil), s.entries...)} }

// cloud is the clocks of one replica that are known beyond its context.
type cloud map[uint64]struct{}

func (c cloud) has(clock uint64) bool { _, ok := c[clock]; return ok }

// clouds has no empty cloud.
type clouds map[Ref]cloud

func (c clouds) add(tag Tag) {
	if c[tag.Replica] == nil {
		c[tag.Replica] = cloud{}
	}
	c[tag.Replica][tag.Clock] = struct{}{}
}

func (c clouds) has(tag Tag) bool { return c[tag.Replica].has(tag.Clock) }

func (c clouds) size() (n int) {
	for _, one := range c {
		n += len(one)
	}
	return n
}

func (c clouds) clone() clouds {
	copied := make(clouds, len(c))
	for ref, one := range c {
		copied[ref] = maps.Clone(one)
	}
	return copied
}
