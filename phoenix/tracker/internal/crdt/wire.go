package crdt

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// The structs of Elixir that travel.
const (
	stateStruct  etf.Atom = "Elixir.Phoenix.Tracker.State"
	mapSetStruct etf.Atom = "Elixir.MapSet"
)

// ShapeError says what of a message of another replica is not as it has to be.
type ShapeError struct {
	What string // the part
	Term etf.Term
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("no %s: %s", e.What, etf.FormatMax(e.Term, 100))
}

func pair(k, v etf.Term) etf.MapPair { return etf.MapPair{Key: k, Value: v} }

// Term returns {Name, Vsn}.
func (r Ref) Term() etf.Term { return etf.Tuple{r.Name, etf.Int(r.Vsn)} }

// Term returns {Ref, Clock}.
func (t Tag) Term() etf.Term { return etf.Tuple{t.Replica.Term(), etf.Int(t.Clock)} }

// Term returns the map #{Ref => Clock}.
func (c Clocks) Term() etf.Term {
	m := make(etf.Map, 0, len(c))
	for ref, clock := range c {
		m = append(m, pair(ref.Term(), etf.Int(clock)))
	}
	return m
}

// Term returns the State struct of a delta, or the tuple of one and its values for a full state.
func (u *Update) Term() etf.Term {
	values := ValuesTerm(u.Values)
	if !u.Full {
		return structTerm(u, "delta", values, etf.Map{})
	}
	return etf.Tuple{structTerm(u, "normal", etf.Atom("nil"), etf.Map{pair(u.Replica.Term(), etf.Atom("up"))}), values}
}

func structTerm(u *Update, mode etf.Atom, values etf.Term, replicas etf.Map) etf.Term {
	return etf.Map{
		pair(etf.Atom("__struct__"), stateStruct),
		pair(etf.Atom("clouds"), u.Clouds.term()),
		pair(etf.Atom("context"), u.Context.Term()),
		pair(etf.Atom("delta"), etf.Atom("unset")),
		pair(etf.Atom("mode"), mode),
		pair(etf.Atom("pids"), etf.Atom("nil")),
		pair(etf.Atom("range"), etf.Tuple{u.Start.Term(), u.End.Term()}),
		pair(etf.Atom("replica"), u.Replica.Term()),
		pair(etf.Atom("replicas"), replicas),
		pair(etf.Atom("values"), values),
	}
}

// ValuesTerm returns #{Tag => {Pid, Topic, Key, Meta}}.
func ValuesTerm(values map[Tag]*Element) etf.Term {
	m := make(etf.Map, 0, len(values))
	for tag, e := range values {
		m = append(m, pair(tag.Term(), etf.Tuple{e.Pid, etf.Binary(e.Topic), e.Key, e.Meta}))
	}
	return m
}

// term writes sets as Elixir up to 1.14 has them. Later ones ignore the version.
func (c clouds) term() etf.Term {
	m := make(etf.Map, 0, len(c))
	for ref, one := range c {
		set := make(etf.Map, 0, len(one))
		for clock := range one {
			set = append(set, pair(Tag{ref, clock}.Term(), etf.List{}))
		}
		m = append(m, pair(ref.Term(), etf.Map{pair(etf.Atom("__struct__"), mapSetStruct),
			pair(etf.Atom("map"), set), pair(etf.Atom("version"), etf.Int(2))}))
	}
	return m
}

// Term returns the whole copy as a State struct whose values are a map: what {list, Topic} is answered with. On a BEAM
// they are the name of a table, which means another table to whoever asks from another node.
func (s *State) Term() etf.Term {
	values := map[Tag]*Element{}
	for _, e := range s.All() {
		values[e.Tag] = e
	}
	replicas := etf.Map{}
	for ref := range s.context {
		status := etf.Atom("up")
		if s.down[ref] {
			status = "down"
		}
		replicas = append(replicas, pair(ref.Term(), status))
	}
	all := &Update{Replica: s.me, Context: s.context, Clouds: s.clouds}
	return structTerm(all, "normal", ValuesTerm(values), replicas)
}

// ParseRef reads {Name, Vsn}.
func ParseRef(t etf.Term) (Ref, error) {
	two, _ := t.(etf.Tuple)
	if len(two) == 2 {
		name, ok := two[0].(etf.Atom)
		vsn, also := two[1].(etf.Int)
		if ok && also {
			return Ref{name, int64(vsn)}, nil
		}
	}
	return Ref{}, &ShapeError{"replica", t}
}

func parseTag(t etf.Term) (Tag, error) {
	two, _ := t.(etf.Tuple)
	if len(two) != 2 {
		return Tag{}, &ShapeError{"tag", t}
	}
	ref, err := ParseRef(two[0])
	if err != nil {
		return Tag{}, err
	}
	clock, err := parseClock(two[1])
	return Tag{ref, clock}, err
}

// parseClock takes what a counter can have reached: no negative number and no big one.
func parseClock(t etf.Term) (uint64, error) {
	clock, ok := t.(etf.Int)
	if !ok || clock < 0 {
		return 0, &ShapeError{"clock", t}
	}
	return uint64(clock), nil
}

// ParseClocks reads #{Ref => Clock}.
func ParseClocks(t etf.Term) (Clocks, error) {
	m, ok := t.(etf.Map)
	if !ok {
		return nil, &ShapeError{"map of clocks", t}
	}
	c := make(Clocks, len(m))
	for _, p := range m {
		ref, err := ParseRef(p.Key)
		if err != nil {
			return nil, err
		}
		if c[ref], err = parseClock(p.Value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// ParseUpdate reads a delta, or the tuple of a full state and its values. The error is a *ShapeError.
func ParseUpdate(t etf.Term) (*Update, error) {
	fields, values := t, etf.Term(nil)
	two, full := t.(etf.Tuple)
	if full {
		if len(two) != 2 {
			return nil, &ShapeError{"full state", t}
		}
		fields, values = two[0], two[1]
	}
	m, err := parseStruct(fields, stateStruct)
	if err != nil {
		return nil, err
	}
	mode, _ := m.Get(etf.Atom("mode"))
	if want := etf.Atom("delta"); !full {
		if values, _ = m.Get(etf.Atom("values")); !etf.IsAtom(mode, want) {
			return nil, &ShapeError{"mode of a delta", mode}
		}
	} else if !etf.IsAtom(mode, "normal") {
		return nil, &ShapeError{"mode of a full state", mode}
	}
	u := &Update{Full: full}
	if err := u.parseFields(m); err != nil {
		return nil, err
	}
	u.Values, err = parseValues(values)
	return u, err
}

func (u *Update) parseFields(m etf.Map) (err error) {
	replica, _ := m.Get(etf.Atom("replica"))
	if u.Replica, err = ParseRef(replica); err != nil {
		return err
	}
	context, _ := m.Get(etf.Atom("context"))
	if u.Context, err = ParseClocks(context); err != nil {
		return err
	}
	bounds, _ := m.Get(etf.Atom("range"))
	two, _ := bounds.(etf.Tuple)
	if len(two) != 2 {
		return &ShapeError{"range", bounds}
	}
	if u.Start, err = ParseClocks(two[0]); err != nil {
		return err
	}
	if u.End, err = ParseClocks(two[1]); err != nil {
		return err
	}
	sets, _ := m.Get(etf.Atom("clouds"))
	u.Clouds, err = parseClouds(sets)
	return err
}

func parseStruct(t etf.Term, name etf.Atom) (etf.Map, error) {
	m, ok := t.(etf.Map)
	if have, _ := m.Get(etf.Atom("__struct__")); !ok || !etf.IsAtom(have, name) {
		return nil, &ShapeError{"struct " + string(name), t}
	}
	return m, nil
}

// parseClouds reads #{Ref => MapSet}. The elements of the set are the keys of its map, in every version of Elixir.
func parseClouds(t etf.Term) (clouds, error) {
	m, ok := t.(etf.Map)
	if !ok {
		return nil, &ShapeError{"map of clouds", t}
	}
	all := make(clouds, len(m))
	for _, p := range m {
		ref, err := ParseRef(p.Key)
		if err != nil {
			return nil, err
		}
		set, err := parseStruct(p.Value, mapSetStruct)
		if err != nil {
			return nil, err
		}
		inner, _ := set.Get(etf.Atom("map"))
		elems, ok := inner.(etf.Map)
		if !ok {
			return nil, &ShapeError{"map of a MapSet", inner}
		}
		if len(elems) == 0 {
			continue
		}
		one := make(cloud, len(elems))
		for _, e := range elems {
			tag, err := parseTag(e.Key)
			if err != nil {
				return nil, err
			}
			if tag.Replica != ref {
				return nil, &ShapeError{"tag of " + string(ref.Name), e.Key}
			}
			one[tag.Clock] = struct{}{}
		}
		all[ref] = one
	}
	return all, nil
}

// parseValues reads #{Tag => {Pid, Topic, Key, Meta}}.
func parseValues(t etf.Term) (map[Tag]*Element, error) {
	m, ok := t.(etf.Map)
	if !ok {
		return nil, &ShapeError{"map of values", t}
	}
	values := make(map[Tag]*Element, len(m))
	for _, p := range m {
		tag, err := parseTag(p.Key)
		if err != nil {
			return nil, err
		}
		four, _ := p.Value.(etf.Tuple)
		if len(four) != 4 {
			return nil, &ShapeError{"presence", p.Value}
		}
		pid, isPid := four[0].(etf.Pid)
		topic, isTopic := four[1].(etf.Binary)
		meta, isMeta := four[3].(etf.Map)
		if !isPid || !isTopic || !isMeta {
			return nil, &ShapeError{"presence", p.Value}
		}
		values[tag] = &Element{Tag: tag, Pid: pid, Topic: string(topic), Key: four[2], Meta: meta}
	}
	return values, nil
}
