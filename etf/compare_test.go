package etf_test

import (
	"math"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/internal/termgen"
)

func elems(t ...etf.Term) []etf.Term { return t }

func mapOf(kv ...etf.Term) etf.Map {
	var m etf.Map
	for i := 0; i < len(kv); i += 2 {
		m = append(m, etf.MapPair{Key: kv[i], Value: kv[i+1]})
	}
	return m
}

// ascending is one long chain: every term is smaller than all behind it.
var ascending = []etf.Term{
	etf.Float(-math.MaxFloat64), etf.NewBigInt(negative(pow2(64, 0))), etf.Int(math.MinInt64), etf.Int(-1),
	etf.Float(-0.5), etf.Int(0),
	etf.Float(math.SmallestNonzeroFloat64), etf.Float(0.5), etf.Int(1), etf.Float(1.5), etf.Int(1 << 53),
	etf.Int(1<<53 + 1), etf.Float(1<<53 + 2), etf.Int(1<<53 + 3),
	etf.Int(math.MaxInt64), etf.Float(1 << 63), etf.NewBigInt(pow2(63, 1)), etf.NewBigInt(pow2(64, -1)),
	etf.Float(1 << 64), etf.NewBigInt(pow2(64, 1)), etf.Float(math.MaxFloat64),
	etf.NewBigInt(pow2(2000, 0)),
	etf.Atom(""), etf.Atom("a"), etf.Atom("aa"), etf.Atom("b"), etf.Atom("é"), etf.Atom("日"), etf.Atom("😀"),
	etf.Ref{Node: "a@b", Creation: 1, Len: 3, Words: [etf.MaxRefWords]uint32{9, 1, 1}},
	etf.Ref{Node: "a@b", Creation: 1, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 1}},
	etf.Ref{Node: "a@b", Creation: 1, Len: 3, Words: [etf.MaxRefWords]uint32{1, 1, 0xffffffff}},
	etf.Ref{Node: "a@b", Creation: 1, Len: 5, Words: [etf.MaxRefWords]uint32{1, 1, 1, 1, 1}},
	etf.Ref{Node: "a@b", Creation: 2, Len: 1, Words: [etf.MaxRefWords]uint32{1}},
	etf.Ref{Node: "b@b", Creation: 1, Len: 1, Words: [etf.MaxRefWords]uint32{1}},
	goodFun(), etf.Export{Module: "a", Function: "z", Arity: 9}, etf.Export{Module: "b", Function: "a", Arity: 1},
	etf.Export{Module: "b", Function: "a", Arity: 2}, etf.Export{Module: "b", Function: "b"},
	etf.Port{Node: "a@b", ID: 1, Creation: 1}, etf.Port{Node: "a@b", ID: 2, Creation: 1},
	etf.Port{Node: "a@b", ID: 1 << 40, Creation: 1}, etf.Port{Node: "a@b", ID: 1, Creation: 2},
	etf.Port{Node: "b@b", ID: 1, Creation: 1},
	etf.Pid{Node: "a@b", ID: 1, Creation: 1}, etf.Pid{Node: "a@b", ID: 1, Creation: 2},
	etf.Pid{Node: "b@b", ID: 1, Creation: 1}, etf.Pid{Node: "a@b", ID: 2, Creation: 1},
	etf.Pid{Node: "a@b", ID: 1, Serial: 1, Creation: 1},
	etf.Tuple{}, etf.Tuple{etf.List{}}, etf.Tuple{etf.Int(1), etf.Int(1)}, etf.Tuple{etf.Int(1), etf.Atom("a")},
	etf.Tuple{etf.Atom("a"), etf.Int(1)}, etf.Tuple{etf.Int(0), etf.Int(0), etf.Int(0)},
	&etf.Record{Module: "m", Name: "r"},
	etf.Map{}, mapOf(etf.Int(1), etf.Int(9)), mapOf(etf.Int(2), etf.Int(1)), mapOf(etf.Int(3), etf.Int(1)),
	mapOf(etf.Float(1), etf.Int(1)), mapOf(etf.Atom("a"), etf.Int(1)),
	mapOf(etf.Atom("a"), etf.Int(2)), mapOf(etf.Int(2), etf.Int(1), etf.Int(1), etf.Int(2)),
	mapOf(etf.Int(1), etf.Int(3), etf.Int(2), etf.Int(1)),
	etf.List{}, etf.ImproperList{Elems: elems(etf.Int(1)), Tail: etf.Int(2)},
	etf.ImproperList{Elems: elems(etf.Int(1)), Tail: etf.Atom("a")}, etf.List{etf.Int(1)},
	etf.ImproperList{Elems: elems(etf.Int(1), etf.Int(0)), Tail: etf.Int(2)}, etf.List{etf.Int(1), etf.Int(0)},
	etf.List{etf.Int(1), etf.List{}},
	etf.ImproperList{Elems: elems(etf.Int(1)), Tail: etf.Binary{}}, etf.List{etf.Int(2)}, etf.List{etf.List{etf.Int(1)}},
	etf.Binary{}, etf.Bitstring{Data: []byte{0}, Bits: 1}, etf.Bitstring{Data: []byte{0}, Bits: 7}, etf.Binary{0},
	etf.Bitstring{Data: []byte{0, 0}, Bits: 1}, etf.Binary{0, 0},
	etf.Binary{1}, etf.Bitstring{Data: []byte{0x80}, Bits: 1}, etf.Binary{0x80}, etf.Binary{0xff},
}

func TestTermsAreInTheOrderOfErlang(t *testing.T) {
	for i, a := range ascending {
		for j, b := range ascending {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			require.Equal(t, want, etf.Compare(a, b), "%v and %v", a, b)
			require.Equal(t, i == j, etf.Equal(a, b), "%v and %v", a, b)
		}
	}
}

func TestOneAndOnePointZeroCompareEqualAndAreTwoTerms(t *testing.T) {
	require.Zero(t, etf.Compare(etf.Int(1), etf.Float(1)))
	require.False(t, etf.Equal(etf.Int(1), etf.Float(1)))
	require.Zero(t, etf.Compare(etf.Tuple{etf.Int(1)}, etf.Tuple{etf.Float(1)}))
	require.False(t, etf.Equal(etf.Tuple{etf.Int(1)}, etf.Tuple{etf.Float(1)}))
	require.Zero(t, etf.Compare(mapOf(etf.Atom("k"), etf.Int(1)), mapOf(etf.Atom("k"), etf.Float(1))),
		"values are compared by ==")
	require.Equal(t, -1, etf.Compare(mapOf(etf.Int(1), etf.Atom("v")), mapOf(etf.Float(1), etf.Atom("v"))), "keys are not")
	require.Equal(t, -1, etf.Compare(mapOf(etf.Tuple{etf.Int(1)}, etf.Atom("v")),
		mapOf(etf.Tuple{etf.Float(1)}, etf.Atom("v"))))
	require.Equal(t, -1, etf.Compare(mapOf(etf.Int(9), etf.Atom("v")), mapOf(etf.Float(1), etf.Atom("v"))))
}

func TestTheTwoZerosCompareEqualAndAreTwoTermsSinceOTP27(t *testing.T) {
	zero, minus := etf.Float(0), etf.Float(math.Copysign(0, -1))
	require.Zero(t, etf.Compare(zero, minus))
	require.False(t, etf.Equal(zero, minus))
	require.Zero(t, etf.Compare(etf.Int(0), minus))
	require.Equal(t, 1, etf.Compare(mapOf(zero, zero), mapOf(minus, zero)))
}

func TestMapsAreEqualInAnyOrderOfTheirPairs(t *testing.T) {
	for _, n := range []int{2, 8, 9, 40, 1000} {
		a := make(etf.Map, n)
		for i := range a {
			a[i] = etf.MapPair{Key: etf.Tuple{etf.Int(i)}, Value: etf.Int(i)}
		}
		b := slices.Clone(a)
		slices.Reverse(b)
		require.True(t, etf.Equal(a, b))
		require.Zero(t, etf.Compare(a, b))
		b[n/2].Value = etf.Atom("other")
		require.False(t, etf.Equal(a, b))
		require.Equal(t, -1, etf.Compare(a, b))
		b[n/2].Key = etf.Atom("other")
		require.False(t, etf.Equal(a, b))
		v, ok := a.Get(etf.Tuple{etf.Int(n - 1)})
		require.True(t, ok)
		require.Equal(t, etf.Int(n-1), v)
		_, ok = a.Get(etf.Int(n - 1))
		require.False(t, ok)
	}
}

func TestAFunIsTheSameWhicheverProcessMadeIt(t *testing.T) {
	a, b := goodFun(), goodFun()
	b.Pid.ID++
	require.True(t, etf.Equal(a, b))
	require.Zero(t, etf.Compare(a, b))
	b.Free = []etf.Term{etf.Int(2)}
	require.False(t, etf.Equal(a, b))
	require.Equal(t, -1, etf.Compare(a, b))
}

func TestWhatIsNoTermCanBeCompared(t *testing.T) {
	odd := []etf.Term{nil, (*etf.BigInt)(nil), (*etf.Fun)(nil), (*etf.Record)(nil), etf.Float(math.NaN()),
		etf.Float(math.Inf(1)), etf.Bitstring{}, etf.ImproperList{}, &etf.Fun{}}
	for _, a := range append(odd, ascending...) {
		for _, b := range odd {
			require.Equal(t, -etf.Compare(a, b), etf.Compare(b, a), "%#v and %#v", a, b)
			require.Equal(t, etf.Equal(a, b), etf.Equal(b, a), "%#v and %#v", a, b)
		}
	}
	require.True(t, etf.Equal(nil, nil))
	require.False(t, etf.Equal(nil, etf.List{}))
}

func TestABigIntThatShouldBeAnIntStillEqualsIt(t *testing.T) {
	b := (*etf.BigInt)(big.NewInt(7))
	require.True(t, etf.Equal(b, etf.Int(7)))
	require.True(t, etf.Equal(etf.Int(7), b))
	require.False(t, etf.Equal(etf.Int(8), b))
	require.Zero(t, etf.Compare(b, etf.Int(7)))
	many := numbered(20, kindsOfKeys["integers"])
	same := slices.Clone(many)
	same[7].Key = b
	require.True(t, etf.Equal(many, same))
}

// nestedKeys is a map of two keys, each of which is such a map, and so on: 2^depth in all.
func nestedKeys(depth, id int) etf.Term {
	if depth == 0 {
		return etf.Int(id)
	}
	return mapOf(nestedKeys(depth-1, 2*id+1), etf.Int(0), nestedKeys(depth-1, 2*id), etf.Int(0))
}

func TestKeysThatAreMapsAreSortedOnceAndNotAtEveryLevelAgain(t *testing.T) {
	a, b := nestedKeys(14, 1), nestedKeys(14, 1)
	start := time.Now()
	require.Zero(t, etf.Compare(a, b))
	require.Equal(t, -1, etf.Compare(a, nestedKeys(14, 2)))
	require.True(t, etf.Equal(a, b))
	require.Less(t, time.Since(start), 10*time.Second, "each with each would be 10^8 comparisons at every level")
}

func TestTheOrderOfRandomTermsHasNoCycles(t *testing.T) {
	g := termgen.New(11)
	terms := make([]etf.Term, 400)
	for i := range terms {
		if i%2 == 0 {
			terms[i] = g.Term()
		} else {
			terms[i] = g.Near(terms[i-1])
		}
	}
	slices.SortFunc(terms, etf.Compare)
	for i := range terms {
		for j := range i {
			require.LessOrEqual(t, etf.Compare(terms[j], terms[i]), 0, "%v\n%v", terms[j], terms[i])
			require.GreaterOrEqual(t, etf.Compare(terms[i], terms[j]), 0, "%v\n%v", terms[j], terms[i])
		}
	}
}

func TestWhatIsEqualComparesEqual(t *testing.T) {
	g := termgen.New(12)
	for range 5000 {
		a := g.Term()
		b := g.Near(a)
		if etf.Equal(a, b) {
			require.Zero(t, etf.Compare(a, b), "%v\n%v", a, b)
		}
		require.Equal(t, etf.Equal(a, b), etf.Equal(b, a))
		require.Equal(t, -etf.Compare(a, b), etf.Compare(b, a))
	}
}

// contains says whether t or a part of it is what is looked for.
func contains(t etf.Term, is func(etf.Term) bool) bool {
	within := func(t etf.Term) bool { return contains(t, is) }
	if is(t) {
		return true
	}
	switch t := t.(type) {
	case etf.Tuple:
		return slices.ContainsFunc(t, within)
	case etf.List:
		return slices.ContainsFunc(t, within)
	case etf.ImproperList:
		return slices.ContainsFunc(t.Elems, within) || within(t.Tail)
	case *etf.Fun:
		return slices.ContainsFunc(t.Free, within)
	case *etf.Record:
		return slices.ContainsFunc(t.Values, within)
	case etf.Map:
		return slices.ContainsFunc(t, func(p etf.MapPair) bool { return within(p.Key) || within(p.Value) })
	}
	return false
}

// disputed says whether an old release orders t in a way of its own: -0.0 before OTP 27, and maps of more than 32 pairs
// before OTP 24, where the documented order did not hold.
func disputed(otp int, t etf.Term) bool {
	return contains(t, func(t etf.Term) bool {
		switch t := t.(type) {
		case etf.Float:
			return otp < 27 && t == 0 && math.Signbit(float64(t))
		case etf.Map:
			return otp < 24 && len(t) > 32
		}
		return false
	})
}

// known says whether a release can hold t.
func known(otp int, t etf.Term) bool {
	switch t := t.(type) {
	case *etf.Record:
		return otp >= 29
	case etf.Ref:
		return otp >= 24 || t.Len <= 3
	case etf.Port:
		return otp >= 24 || t.ID < 1<<28
	}
	return true
}

func TestErlangOrdersRandomTermsTheSameWay(t *testing.T) {
	otp := release(t)
	g := termgen.New(13)
	g.Depth, g.Width = 3, 3
	g.Identifiers = otp >= 24 // before, their numbers were smaller
	g.Records = otp >= 29
	var questions etf.List
	for len(questions) < soak.Size(5_000, 20_000) {
		a := g.Term()
		if g.Records && len(questions)%8 == 0 {
			a = g.Record()
		}
		b := g.Near(a)
		if len(questions)%4 == 1 {
			b = g.Term()
		}
		if !disputed(otp, a) && !disputed(otp, b) {
			questions = append(questions, etf.Tuple{a, b})
		}
	}
	for i, a := range ascending {
		for j, b := range ascending {
			if known(otp, a) && known(otp, b) && (i-j)*(i-j) < 100 {
				questions = append(questions, etf.Tuple{a, b})
			}
		}
	}
	for i, answer := range ask(t, "order", questions) {
		pair := questions[i].(etf.Tuple)
		want := answer.(etf.Tuple)
		require.Equal(t, want[0], etf.Int(etf.Compare(pair[0], pair[1])), "%#v\n%#v", pair[0], pair[1])
		require.Equal(t, want[1] == etf.Atom("true"), etf.Equal(pair[0], pair[1]), "%#v\n%#v", pair[0], pair[1])
	}
}
