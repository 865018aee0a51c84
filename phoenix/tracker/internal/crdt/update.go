package crdt

import "maps"

// Update is what one replica tells another: a delta, which is the events of a range of clocks, or all that it knows.
// It is not changed once it has been sent or received. On the wire it is a Phoenix.Tracker.State of the mode delta, or
// one of the mode normal with its values beside it.
type Update struct {
	Replica Ref  // whose it is
	Full    bool // all that it knows, not a delta
	Context Clocks
	Clouds  clouds
	Values  map[Tag]*Element
	// Start and End are the range of a delta: it has all events of these replicas behind Start up to End.
	Start, End Clocks
}

func newDelta(me Ref, start, end Clocks) *Update {
	return &Update{Replica: me, Context: Clocks{}, Clouds: clouds{}, Values: map[Tag]*Element{}, Start: start, End: end}
}

// Size is the number of events and elements. State.delta_size of Phoenix.
func (u *Update) Size() int { return len(u.Values) + u.Clouds.size() }

// observed reports whether the sender has seen the event.
func (u *Update) observed(tag Tag) bool {
	clock, ok := u.Context[tag.Replica]
	return ok && tag.Clock <= clock || u.Clouds.has(tag)
}

// extract returns the part for one that asks and knows the replicas in known: without its own events, which it knows
// best.
func (u *Update) extract(asker Ref, known Clocks) *Update {
	others := maps.Clone(known)
	delete(others, asker)
	part := &Update{Replica: u.Replica, Full: u.Full, Context: u.Context.only(others), Clouds: clouds{},
		Values: map[Tag]*Element{}, Start: u.Start.only(others), End: u.End.only(others)}
	for ref, one := range u.Clouds {
		if _, ok := others[ref]; ok {
			part.Clouds[ref] = one
		}
	}
	for tag, e := range u.Values {
		if _, ok := others[tag.Replica]; ok {
			part.Values[tag] = e
		}
	}
	return part
}

// clone returns a copy that can be changed.
func (u *Update) clone() *Update {
	copied := *u
	copied.Context, copied.Clouds, copied.Values = maps.Clone(u.Context), u.Clouds.clone(), maps.Clone(u.Values)
	copied.Start, copied.End = maps.Clone(u.Start), maps.Clone(u.End)
	return &copied
}

// join adds a delta to one. What u has of a replica is given up if there is a gap between it and what d has.
func (u *Update) join(d *Update) {
	for ref, end := range d.End {
		have, ok := u.End[ref]
		if ok && (d.Start[ref] > have || u.Start[ref] > end) {
			u.forget(ref)
		}
	}
	for tag := range u.Values {
		if _, ok := d.Values[tag]; !ok && d.observed(tag) {
			delete(u.Values, tag)
		}
	}
	for tag, e := range d.Values {
		if _, ok := u.Values[tag]; !ok && !u.observed(tag) {
			u.Values[tag] = e
		}
	}
	for ref, one := range d.Clouds {
		for clock := range one {
			u.Clouds.add(Tag{ref, clock})
		}
	}
	for ref, start := range d.Start {
		if have, ok := u.Start[ref]; !ok || start < have {
			u.Start[ref] = start
		}
	}
	u.End.raise(d.End)
}

// forget drops all that is of a replica.
func (u *Update) forget(ref Ref) {
	for tag := range u.Values {
		if tag.Replica == ref {
			delete(u.Values, tag)
		}
	}
	delete(u.Context, ref)
	delete(u.Clouds, ref)
	delete(u.Start, ref)
	delete(u.End, ref)
}
