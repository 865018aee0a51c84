package crdt

import (
	"cmp"
	"maps"
	"strings"
)

// Merge takes over what another replica tells. joins and leaves are what has changed for those who look: elements of
// replicas that are down change too, but are not among them. Nothing is changed by what is known already, so the
// order of updates and how often they come do not matter.
func (s *State) Merge(u *Update) (joins, leaves []*Element) {
	for tag, e := range u.Values {
		if tag.Replica != s.me && s.knows(tag.Replica) && !s.observed(tag) {
			s.insert(e)
			s.clouds.add(tag)
			if !s.down[tag.Replica] {
				joins = append(joins, e)
			}
		}
	}
	for _, e := range s.removedBy(u) {
		s.remove(e)
		if !s.down[e.Tag.Replica] {
			leaves = append(leaves, e)
		}
	}
	for ref, one := range u.Clouds {
		if ref == s.me || !s.knows(ref) {
			continue
		}
		for clock := range one {
			if clock > s.context[ref] {
				s.clouds.add(Tag{ref, clock})
			}
		}
	}
	for ref, clock := range u.Context {
		if ref != s.me && s.knows(ref) {
			s.context[ref] = max(s.context[ref], clock)
		}
	}
	for ref := range u.Clouds {
		s.compact(ref)
	}
	for ref := range u.Context {
		s.compact(ref)
	}
	s.keep(u)
	return joins, leaves
}

// keep notes a delta in the generations. What it says of this replica is not all that this replica has told: those
// who answer a request leave the elements of the one that asks out, but some not the events.
func (s *State) keep(u *Update) {
	if _, ok := u.Clouds[s.me]; ok && !u.Full {
		u = u.clone()
		u.forget(s.me)
	}
	s.gens.push(u)
}

// removedBy returns the elements that the sender has observed and does not have.
func (s *State) removedBy(u *Update) (gone []*Element) {
	see := func(e *Element) {
		if _, ok := u.Values[e.Tag]; !ok {
			gone = append(gone, e)
		}
	}
	for ref, clock := range u.Context {
		if ref == s.me {
			continue
		}
		for at, e := range s.values[ref] {
			if at <= clock {
				see(e)
			}
		}
	}
	for ref, one := range u.Clouds {
		rows, until := s.values[ref], u.Context[ref]
		if ref == s.me || len(rows) == 0 {
			continue
		}
		for clock := range one {
			if e := rows[clock]; e != nil && clock > until {
				see(e)
			}
		}
	}
	return gone
}

func (s *State) knows(ref Ref) bool { _, ok := s.context[ref]; return ok }

// observed reports whether the event is known here.
func (s *State) observed(tag Tag) bool {
	return tag.Clock <= s.context[tag.Replica] || s.clouds.has(tag)
}

// compact absorbs what continues the context of a replica, and drops what it has reached.
func (s *State) compact(ref Ref) {
	one := s.clouds[ref]
	for one.has(s.context[ref] + 1) {
		s.context[ref]++
	}
	for clock := range one {
		if clock <= s.context[ref] {
			delete(one, clock)
		}
	}
	if len(one) == 0 {
		delete(s.clouds, ref)
	}
}

// Answer returns what one that asks and has these clocks lacks: the shortest generation that has it all, else the full
// state. Of replicas that it does not know it gets nothing.
func (s *State) Answer(asker Ref, theirs Clocks) *Update {
	goal := maps.Clone(s.context)
	goal[s.me] = s.delta.Start[s.me] // what is beyond has not been told to anybody and is no part of a generation
	if u := s.gens.find(asker, theirs, goal); u != nil {
		return u.extract(asker, theirs)
	}
	full := &Update{Replica: s.me, Full: true, Context: maps.Clone(s.context), Clouds: s.clouds.clone(),
		Values: map[Tag]*Element{}, Start: Clocks{}, End: Clocks{}}
	for ref, rows := range s.values {
		for clock, e := range rows {
			full.Values[Tag{ref, clock}] = e
		}
	}
	return full.extract(asker, theirs)
}

func compareTags(a, b Tag) int {
	return cmp.Or(strings.Compare(string(a.Replica.Name), string(b.Replica.Name)),
		cmp.Compare(a.Replica.Vsn, b.Replica.Vsn), cmp.Compare(a.Clock, b.Clock))
}
