package crdt

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

// replica is one copy in a cluster of the tests.
type replica struct{ *State }

func newReplica(name string, others ...*replica) *replica {
	r := &replica{New(Ref{etf.Atom(name), 1}, []int{4, 12, 40})}
	for _, o := range others {
		r.Up(o.Me())
		o.Up(r.Me())
	}
	return r
}

// receive takes an update over the wire, so that all that the tests do is done to what is decoded too.
func (r *replica) receive(t testing.TB, u *Update) (joins, leaves []*Element) {
	t.Helper()
	wire, err := etf.Append(nil, u.Term())
	require.NoError(t, err)
	term, err := etf.Decode(wire)
	require.NoError(t, err)
	parsed, err := ParseUpdate(term)
	require.NoError(t, err)
	return r.Merge(parsed)
}

func (r *replica) add(i int) *Element {
	return r.Join(etf.Pid{Node: r.Me().Name, ID: uint32(i)}, fmt.Sprint("room:", i%3), etf.Binary(fmt.Sprint("key", i)),
		etf.Map{pair(etf.Atom("n"), etf.Int(i))})
}

// change does something to own elements at random.
func (r *replica) change(rnd *rand.Rand) {
	mine := r.of(r.Me())
	switch n := rnd.IntN(10); {
	case len(mine) == 0 || n < 5:
		r.add(rnd.IntN(1000))
	case n < 8:
		r.Leave(mine[rnd.IntN(len(mine))])
	default:
		e := mine[rnd.IntN(len(mine))]
		r.Leave(e)
		r.Join(e.Pid, e.Topic, e.Key, etf.Map{pair(etf.Atom("n"), etf.Int(rnd.IntN(100)))})
	}
}

// show is all that the copies of a cluster agree on.
func (r *replica) show() string {
	var b strings.Builder
	for _, e := range r.All() {
		fmt.Fprintln(&b, etf.Format(e.Tag.Term()), e.Pid, e.Topic, etf.Format(e.Key), etf.Format(e.Meta))
	}
	return b.String()
}

// full is what is known of events, too.
func (r *replica) full() string {
	lines := []string{r.show()}
	for ref, clock := range r.context {
		lines = append(lines, fmt.Sprint("context ", ref, clock))
	}
	for ref, one := range r.clouds {
		lines = append(lines, fmt.Sprint("cloud ", ref, slices.Sorted(maps.Keys(one))))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (r *replica) copy() *replica { return &replica{r.Clone()} }

// settle has everybody tell the others what they lack, as the heartbeats do when nothing is in the way.
func settle(t testing.TB, all []*replica) {
	t.Helper()
	for range 20 {
		requests := 0
		for _, r := range all {
			d := r.TakeDelta()
			for _, o := range all {
				if o != r {
					o.receive(t, d)
				}
			}
		}
		for _, r := range all {
			var seen Seen
			for _, o := range all {
				seen.Add(o.Me(), o.Clocks())
			}
			for _, ref := range seen.Ahead(r.Clocks()) {
				i := slices.IndexFunc(all, func(o *replica) bool { return o.Me() == ref })
				r.receive(t, all[i].Answer(r.Me(), r.Clocks()))
				requests++
			}
		}
		if requests == 0 {
			return
		}
	}
	t.Fatal("they go on to ask each other")
}

func cluster(names ...string) (all []*replica) {
	for _, name := range names {
		all = append(all, newReplica(name, all...))
	}
	return all
}

// updates makes deltas and full states of two replicas, and a third one that has some of them.
func updates(t testing.TB, rnd *rand.Rand) (r *replica, list []*Update) {
	all := cluster("a", "b", "c")
	for range 3 + rnd.IntN(5) {
		o := all[rnd.IntN(2)]
		for range rnd.IntN(6) {
			o.change(rnd)
		}
		d := o.TakeDelta()
		list = append(list, d)
		if rnd.IntN(2) == 0 {
			all[1-slices.Index(all, o)].receive(t, d)
		}
		if rnd.IntN(4) == 0 {
			list = append(list, o.Answer(Ref{"c", 1}, Clocks{{"a", 1}: 0, {"b", 1}: uint64(rnd.IntN(3))}))
		}
	}
	return all[2], list
}

func TestTheOrderAndTheNumberOfUpdatesDoNotMatter(t *testing.T) {
	for seed := range uint64(soak.Size(80, 5000)) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r, list := updates(t, rnd)
		want := r.copy()
		for _, u := range list {
			want.receive(t, u)
		}
		other := r.copy()
		shuffled := slices.Concat(list, list)
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, u := range shuffled {
			other.receive(t, u)
		}
		require.Equal(t, want.full(), other.full(), "seed %d", seed)
		require.Equal(t, want.full(), want.copy().full(), "seed %d: a copy", seed)
	}
}

func TestDeltasJoinedAreTheDeltasOneByOne(t *testing.T) {
	for seed := range uint64(soak.Size(80, 5000)) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		r, list := updates(t, rnd)
		one := r.copy()
		joined := newDelta(Ref{"a", 1}, Clocks{}, Clocks{})
		for _, u := range list {
			if len(u.Start) == 1 && u.Start[u.Replica] == joined.End[u.Replica] { // no answer to a request
				one.receive(t, u)
				joined.join(u)
			}
		}
		r.receive(t, joined)
		require.Equal(t, one.full(), r.full(), "seed %d", seed)
	}
}

func TestAnUpdateTellsWhatIsDifferentAfterwards(t *testing.T) {
	for seed := range uint64(soak.Size(80, 3000)) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		r, list := updates(t, rnd)
		seen := map[Tag]bool{}
		for _, u := range list {
			joins, leaves := r.receive(t, u)
			for _, e := range leaves {
				require.True(t, seen[e.Tag], "seed %d", seed)
				delete(seen, e.Tag)
			}
			for _, e := range joins {
				require.False(t, seen[e.Tag], "seed %d", seed)
				seen[e.Tag] = true
			}
		}
		require.Len(t, r.All(), len(seen))
	}
}

func TestAnElementThatIsNewWinsOverARemovalThatDoesNotKnowIt(t *testing.T) {
	all := cluster("a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	old := a.add(1)
	first := a.TakeDelta()
	b.receive(t, first)
	c.receive(t, first)
	a.Leave(old)
	gone := a.TakeDelta()
	a.Join(old.Pid, old.Topic, old.Key, etf.Map{pair(etf.Atom("again"), etf.Int(1))})
	again := a.TakeDelta()

	b.receive(t, again) // before the removal
	b.receive(t, gone)
	require.Len(t, b.Online(old.Topic), 1)
	require.Equal(t, "#{again => 1}", etf.Format(b.Online(old.Topic)[0].Meta))

	c.receive(t, gone)
	require.Empty(t, c.Online(old.Topic))
	b.receive(t, c.Answer(b.Me(), b.Clocks())) // c knows less
	require.Len(t, b.Online(old.Topic), 1)
}

func TestReplicasAgreeAfterANetsplit(t *testing.T) {
	for seed := range uint64(soak.Size(40, 2000)) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		all := cluster("a", "b", "c", "d")
		for range 3 {
			sides := [2][]*replica{}
			for _, r := range all {
				i := rnd.IntN(2)
				sides[i] = append(sides[i], r)
			}
			for range rnd.IntN(60) {
				all[rnd.IntN(len(all))].change(rnd)
				if rnd.IntN(3) > 0 {
					continue
				}
				for _, side := range sides {
					for _, r := range side {
						d := r.TakeDelta()
						for _, o := range side {
							if o != r && rnd.IntN(5) > 0 { // some are lost
								o.receive(t, d)
							}
						}
					}
				}
			}
			for _, r := range sides[0] { // one side finds that the other one is down, and that it was a mistake
				for _, o := range sides[1] {
					require.Len(t, r.Down(o.Me()), len(r.values[o.Me()]))
					require.Empty(t, r.Down(o.Me()))
					require.Len(t, r.Up(o.Me()), len(r.values[o.Me()]))
				}
			}
			settle(t, all)
			for _, r := range all[1:] {
				require.Equal(t, all[0].full(), r.full(), "seed %d", seed)
			}
		}
	}
}

func TestAReplicaThatWasRemovedComesBackByItselfAlone(t *testing.T) {
	all := cluster("a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	e := a.add(1)
	settle(t, all)
	require.Len(t, b.Down(a.Me()), 1)
	require.Empty(t, b.Online(e.Topic))
	b.Remove(a.Me())
	require.Zero(t, b.Len())
	require.NotContains(t, b.Context(), a.Me())
	b.receive(t, c.Answer(b.Me(), b.Clocks()))
	require.Zero(t, b.Len(), "c has not heard of it")
	a.add(2)
	b.receive(t, a.TakeDelta())
	require.Zero(t, b.Len(), "it is not up")
	require.Empty(t, b.Up(a.Me()))
	settle(t, all)
	require.Equal(t, 2, b.Len())
}

func TestWhatIsDownIsMergedAndNotTold(t *testing.T) {
	all := cluster("a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	e := a.add(1)
	settle(t, all)
	b.Down(a.Me())
	require.NotContains(t, b.Clocks(), a.Me())
	a.Leave(e)
	a.add(2)
	c.receive(t, a.TakeDelta())
	joins, leaves := b.receive(t, c.Answer(b.Me(), b.Context()))
	require.Empty(t, joins)
	require.Empty(t, leaves)
	joins = b.Up(a.Me())
	require.Len(t, joins, 1)
	require.Equal(t, "<<\"key2\">>", etf.Format(joins[0].Key))
}

func TestARequestIsAnsweredByTheShortestDeltasThatSuffice(t *testing.T) {
	all := cluster("a", "b")
	a, b := all[0], all[1]
	behind := b.Clocks()
	for i := range 3 {
		a.add(i)
		b.receive(t, a.TakeDelta())
	}
	near := b.Clocks()
	a.add(3)
	a.TakeDelta()
	u := a.Answer(b.Me(), near)
	require.False(t, u.Full)
	require.LessOrEqual(t, u.Size(), 4, "of the first generation")
	u = a.Answer(b.Me(), behind)
	require.False(t, u.Full)
	require.Len(t, u.Values, 4)
	for i := range 40 {
		a.add(i + 4)
		a.TakeDelta()
	}
	u = a.Answer(b.Me(), behind)
	require.True(t, u.Full)
	require.Len(t, u.Values, 44)
	b.receive(t, u)
	require.Equal(t, a.full(), b.full())
	require.Empty(t, b.gens.kept, "nothing that it has now came by deltas")
	u = a.Answer(b.Me(), Clocks{b.Me(): 0})
	require.Empty(t, u.Values, "it does not know the one it asks")
}

func TestFindPrefersOwnElements(t *testing.T) {
	all := cluster("a", "b")
	a, b := all[0], all[1]
	e := a.add(1)
	b.receive(t, a.TakeDelta())
	found := b.Find(e.Pid, e.Topic, e.Key)
	require.Equal(t, e.Tag, found.Tag)
	require.Nil(t, b.Find(e.Pid, e.Topic, etf.Atom("other")))
	require.Nil(t, b.Find(e.Pid, "other", e.Key))
	mine := b.Join(e.Pid, e.Topic, e.Key, e.Meta)
	require.Equal(t, mine.Tag, b.Find(e.Pid, e.Topic, e.Key).Tag)
	require.Equal(t, []*Element{mine}, b.OfPid(e.Pid))
	require.Equal(t, []etf.Pid{e.Pid}, b.Pids())
	b.Leave(mine)
	require.Empty(t, b.Pids())
	b.Down(a.Me())
	require.Nil(t, b.Find(e.Pid, e.Topic, e.Key), "down")
}

func TestClocksThatNobodyCanHelpWithAreNotAskedFor(t *testing.T) {
	a, b, x := Ref{"a", 1}, Ref{"b", 1}, Ref{"x", 1}
	mine := Clocks{a: 2, b: 3}
	for _, c := range []struct {
		seen []seenClocks
		want []Ref
	}{
		{nil, nil},
		{[]seenClocks{{b, Clocks{}}}, nil},
		{[]seenClocks{{b, Clocks{a: 2, b: 3}}}, nil},
		{[]seenClocks{{b, Clocks{a: 1, b: 4}}}, []Ref{b}},
		{[]seenClocks{{b, Clocks{a: 1, b: 3, x: 9}}}, nil}, // x is not known here
		{[]seenClocks{{b, Clocks{b: 4}}, {a, Clocks{a: 3}}}, []Ref{b, a}},
		{[]seenClocks{{b, Clocks{b: 4}}, {a, Clocks{a: 3, b: 5}}}, []Ref{a}},
		{[]seenClocks{{a, Clocks{a: 3, b: 5}}, {b, Clocks{b: 4}}, {x, Clocks{b: 5}}}, []Ref{a}},
	} {
		var seen Seen
		for _, e := range c.seen {
			seen.Add(e.ref, e.clocks)
		}
		copied := seen.Clone()
		require.Equal(t, c.want, seen.Ahead(mine))
		require.Equal(t, c.want, copied.Ahead(mine))
		require.Empty(t, seen.Ahead(mine), "they are forgotten")
	}
}
