package crdt

import (
	"maps"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Element is one presence. It is not changed once it is in a State.
type Element struct {
	Tag   Tag
	Pid   etf.Pid
	Topic string
	Key   etf.Term
	Meta  etf.Map
}

// State is the copy of one replica.
type State struct {
	me      Ref
	context Clocks
	clouds  clouds
	delta   *Update      // own events since the last TakeDelta
	down    map[Ref]bool // replicas whose elements are kept and not shown
	gens    *generations
	// The elements, by replica and clock, by topic, by process and topic, and the own ones by process.
	values map[Ref]map[uint64]*Element
	topics map[string]map[Tag]*Element
	places map[place][]*Element
	pids   map[etf.Pid]map[uint64]*Element
}

// place is where Find looks.
type place struct {
	pid   etf.Pid
	topic string
}

// New returns an empty State of a replica. sizes are those of its delta generations, ascending: max_delta_sizes.
func New(me Ref, sizes []int) *State {
	s := &State{me: me, context: Clocks{me: 0}, clouds: clouds{}, down: map[Ref]bool{}, gens: &generations{sizes: sizes}}
	s.makeTables()
	s.resetDelta()
	return s
}

func (s *State) makeTables() {
	s.values, s.topics = map[Ref]map[uint64]*Element{}, map[string]map[Tag]*Element{}
	s.places, s.pids = map[place][]*Element{}, map[etf.Pid]map[uint64]*Element{}
}

// Me returns the replica whose copy it is.
func (s *State) Me() Ref { return s.me }

// Clocks returns the context without the replicas that are down: others do not have to ask for what these have.
func (s *State) Clocks() Clocks {
	c := maps.Clone(s.context)
	for ref := range s.down {
		delete(c, ref)
	}
	return c
}

// Context returns the clocks of all replicas that are known.
func (s *State) Context() Clocks { return maps.Clone(s.context) }

// Len returns the number of elements, of replicas that are down too.
func (s *State) Len() (n int) {
	for _, rows := range s.values {
		n += len(rows)
	}
	return n
}

// Join adds an element of this replica.
func (s *State) Join(pid etf.Pid, topic string, key etf.Term, meta etf.Map) *Element {
	e := &Element{Tag: s.bump(), Pid: pid, Topic: topic, Key: key, Meta: meta}
	s.insert(e)
	s.delta.Values[e.Tag] = e
	return e
}

// Leave removes an element of this replica. The removal is an event too, so that the others see that they lack it.
func (s *State) Leave(e *Element) {
	s.remove(e)
	delete(s.delta.Values, e.Tag)
	s.delta.Clouds.add(e.Tag)
	s.bump()
}

// bump takes the next clock of this replica.
func (s *State) bump() Tag {
	s.context[s.me]++
	tag := Tag{s.me, s.context[s.me]}
	s.delta.End[s.me] = tag.Clock
	s.delta.Clouds.add(tag)
	return tag
}

func (s *State) insert(e *Element) {
	put(s.values, e.Tag.Replica, e.Tag.Clock, e)
	put(s.topics, e.Topic, e.Tag, e)
	at := place{e.Pid, e.Topic}
	s.places[at] = append(s.places[at], e)
	if e.Tag.Replica == s.me {
		put(s.pids, e.Pid, e.Tag.Clock, e)
	}
}

func (s *State) remove(e *Element) {
	take(s.values, e.Tag.Replica, e.Tag.Clock)
	take(s.topics, e.Topic, e.Tag)
	at := place{e.Pid, e.Topic}
	i := slices.Index(s.places[at], e)
	if rest := slices.Delete(s.places[at], i, i+1); len(rest) > 0 {
		s.places[at] = rest
	} else {
		delete(s.places, at)
	}
	if e.Tag.Replica == s.me {
		take(s.pids, e.Pid, e.Tag.Clock)
	}
}

func put[K, I comparable](m map[K]map[I]*Element, k K, i I, e *Element) {
	if m[k] == nil {
		m[k] = map[I]*Element{}
	}
	m[k][i] = e
}

func take[K, I comparable](m map[K]map[I]*Element, k K, i I) {
	if delete(m[k], i); len(m[k]) == 0 {
		delete(m, k)
	}
}

// Find returns the element of a process, topic and key: that of this replica or, if there is none, of another one
// that is up. Nil if there is none.
func (s *State) Find(pid etf.Pid, topic string, key etf.Term) *Element {
	var found *Element
	for _, e := range s.places[place{pid, topic}] {
		if etf.Equal(e.Key, key) && !s.down[e.Tag.Replica] && (found == nil || e.Tag.Replica == s.me) {
			found = e
		}
	}
	return found
}

// OfPid returns the elements of this replica that belong to a process, in the order of their clocks.
func (s *State) OfPid(pid etf.Pid) []*Element { return sorted(s.pids[pid]) }

// Pids returns the processes that have elements of this replica.
func (s *State) Pids() []etf.Pid { return slices.Collect(maps.Keys(s.pids)) }

// Online returns the elements of a topic whose replica is up, in the order in which an ETS table of the topic has
// them: by process and key.
func (s *State) Online(topic string) (list []*Element) {
	for _, e := range s.topics[topic] {
		if !s.down[e.Tag.Replica] {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, compareElements)
	return list
}

// All returns all elements, in the order of topic, process, key and tag.
func (s *State) All() (list []*Element) {
	for _, rows := range s.values {
		for _, e := range rows {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, compareElements)
	return list
}

// compareElements needs Erlang's order of terms for keys alone.
func compareElements(a, b *Element) int {
	if c := strings.Compare(a.Topic, b.Topic); c != 0 {
		return c
	}
	if c := etf.Compare(a.Pid, b.Pid); c != 0 {
		return c
	}
	if c := etf.Compare(a.Key, b.Key); c != 0 {
		return c
	}
	return compareTags(a.Tag, b.Tag)
}

// of returns the elements of a replica.
func (s *State) of(ref Ref) []*Element { return sorted(s.values[ref]) }

func sorted(rows map[uint64]*Element) []*Element {
	list := make([]*Element, 0, len(rows))
	for _, clock := range slices.Sorted(maps.Keys(rows)) {
		list = append(list, rows[clock])
	}
	return list
}

// HasDelta reports whether this replica has events that TakeDelta has not returned.
func (s *State) HasDelta() bool { return len(s.delta.Clouds) > 0 }

// TakeDelta returns the events of this replica since the last one, to be told to the others.
func (s *State) TakeDelta() *Update {
	d := s.delta
	s.gens.push(d)
	s.resetDelta()
	return d
}

func (s *State) resetDelta() {
	now := s.context[s.me]
	s.delta = newDelta(s.me, Clocks{s.me: now}, Clocks{s.me: now})
}

// Up makes a replica known, and its elements shown. joins are those that were held and not shown.
func (s *State) Up(ref Ref) (joins []*Element) {
	if _, ok := s.context[ref]; !ok {
		s.context[ref] = 0
		s.compact(ref)
	}
	if !s.down[ref] {
		return nil
	}
	delete(s.down, ref)
	return s.of(ref)
}

// Down keeps the elements of a replica and shows them no more: they are the leaves.
func (s *State) Down(ref Ref) (leaves []*Element) {
	if _, ok := s.context[ref]; !ok || ref == s.me || s.down[ref] {
		return nil
	}
	s.down[ref] = true
	return s.of(ref)
}

// Remove forgets a replica that is down, in the generations too: permdown.
func (s *State) Remove(ref Ref) {
	if ref == s.me {
		return
	}
	for _, e := range s.of(ref) {
		s.remove(e)
	}
	delete(s.context, ref)
	delete(s.clouds, ref)
	delete(s.down, ref)
	s.gens.remove(ref)
}

// Clone returns a copy that shares nothing that changes.
func (s *State) Clone() *State {
	copied := &State{me: s.me, context: maps.Clone(s.context), clouds: s.clouds.clone(), delta: s.delta.clone(),
		down: maps.Clone(s.down), gens: s.gens.clone()}
	copied.makeTables()
	for _, rows := range s.values {
		for _, e := range rows {
			copied.insert(e)
		}
	}
	return copied
}
