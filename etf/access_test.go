package etf_test

import (
	"math"
	"math/big"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestIsAtomComparesWithoutPanic(t *testing.T) {
	require.True(t, etf.IsAtom(etf.Atom("ok"), "ok"))
	for _, other := range []etf.Term{nil, etf.Atom("error"), etf.Binary("ok"), etf.List{}, etf.Tuple{etf.Atom("ok")},
		etf.Map{}} {
		require.False(t, etf.IsAtom(other, "ok"), "%v", other)
	}
}

func TestIntegersAsGoNumbers(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 80)
	for _, c := range []struct {
		term etf.Term
		n    int
		ok   bool
	}{
		{etf.Int(-7), -7, true},
		{etf.Int(math.MaxInt), math.MaxInt, true},
		{(*etf.BigInt)(big.NewInt(12)), 12, true}, // not canonical, but an integer
		{etf.NewBigInt(huge), 0, false},
		{(*etf.BigInt)(nil), 0, false},
		{etf.Float(1), 0, false},
		{nil, 0, false},
	} {
		n, ok := etf.AsInt(c.term)
		require.Equal(t, c.ok, ok, "%v", c.term)
		require.Equal(t, c.n, n)
	}
	n, ok := etf.AsBig(etf.NewBigInt(huge))
	require.True(t, ok)
	require.Zero(t, n.Cmp(huge))
	n, ok = etf.AsBig(etf.Int(-7))
	require.True(t, ok)
	require.EqualValues(t, -7, n.Int64())
	for _, no := range []etf.Term{nil, etf.Float(1), etf.Atom("1"), (*etf.BigInt)(nil)} {
		_, ok := etf.AsBig(no)
		require.False(t, ok, "%v", no)
	}
}

func TestTextOfTerms(t *testing.T) {
	for _, c := range []struct {
		term         etf.Term
		text         string
		ok, charlist bool
	}{
		{etf.Atom("ä€"), "ä€", true, false},
		{etf.Binary("ä€"), "ä€", true, false},
		{etf.Binary{0xff, 'a'}, "\xffa", true, false}, // not UTF-8: as it is
		{etf.Charlist("ä€𝄞"), "ä€𝄞", true, true},
		{etf.List{etf.Int(228), etf.Int(8364)}, "ä€", true, true},
		{etf.List{}, "", true, true},
		{etf.List(nil), "", true, true},
		{etf.List{etf.Int(-1)}, "", false, false},
		{etf.List{etf.Int(0xd800)}, "", false, false},
		{etf.List{etf.Int(0x110000)}, "", false, false},
		{etf.List{etf.Int('a'), etf.Binary("b")}, "", false, false},
		{etf.ImproperList{Elems: []etf.Term{etf.Int('a')}, Tail: etf.Binary("b")}, "", false, false},
		{etf.Int(65), "", false, false},
		{nil, "", false, false},
	} {
		text, ok := etf.AsText(c.term)
		require.Equal(t, c.ok, ok, "%v", c.term)
		require.Equal(t, c.text, text)
		text, ok = etf.AsCharlist(c.term)
		require.Equal(t, c.charlist, ok, "%v", c.term)
		if ok {
			require.Equal(t, c.text, text)
		}
	}
}

func TestListsOfAtoms(t *testing.T) {
	atoms, ok := etf.AsAtoms(etf.Atoms("a", "b"))
	require.True(t, ok)
	require.Equal(t, []etf.Atom{"a", "b"}, atoms)
	atoms, ok = etf.AsAtoms(etf.List{})
	require.True(t, ok)
	require.Empty(t, atoms)
	for _, no := range []etf.Term{nil, etf.Atom("a"), etf.List{etf.Atom("a"), etf.Int(1)}, etf.Tuple{etf.Atom("a")},
		etf.ImproperList{Elems: []etf.Term{etf.Atom("a")}, Tail: etf.Atom("b")}} {
		_, ok := etf.AsAtoms(no)
		require.False(t, ok, "%v", no)
	}
}

func TestTaggedTuples(t *testing.T) {
	term := etf.Tagged("ok", etf.Int(1))
	require.Equal(t, etf.Tuple{etf.Atom("ok"), etf.Int(1)}, term)
	got, ok := etf.AsTuple(term, "ok", 2)
	require.True(t, ok)
	require.Equal(t, etf.Int(1), got[1])
	for _, no := range []struct {
		term  etf.Term
		arity int
	}{{term, 1}, {term, 3}, {etf.Tuple{}, 0}, {etf.Tuple{etf.Int(1)}, 1}, {etf.Atom("ok"), 1}, {nil, 0}} {
		_, ok := etf.AsTuple(no.term, "ok", no.arity)
		require.False(t, ok, "%v/%d", no.term, no.arity)
	}
	_, ok = etf.AsTuple(etf.Tuple{etf.Tuple{}}, "ok", 1)
	require.False(t, ok)
}

func TestVerbOfARequest(t *testing.T) {
	for _, c := range []struct {
		term etf.Term
		verb etf.Atom
		args etf.Tuple
	}{
		{etf.Atom("get"), "get", nil},
		{etf.Tagged("add", etf.Int(1)), "add", etf.Tuple{etf.Int(1)}},
		{etf.Tagged("stop"), "stop", etf.Tuple{}},
		{etf.Tuple{}, "", nil},
		{etf.Tuple{etf.Int(1)}, "", nil},
		{etf.List{etf.Atom("get")}, "", nil},
		{nil, "", nil},
	} {
		verb, args := etf.Verb(c.term)
		require.Equal(t, c.verb, verb, "%v", c.term)
		require.Equal(t, c.args, args, "%v", c.term)
	}
}

func TestAnIndexFindsWhatTheMapHas(t *testing.T) {
	for _, size := range []int{0, 1, 8, 9, 1000} {
		var m etf.Map
		for i := range size {
			var key etf.Term = etf.Binary(strconv.Itoa(i))
			switch i % 4 {
			case 1:
				key = etf.Tagged("key", etf.Int(i))
			case 2:
				key = etf.Map{{Key: etf.Int(i), Value: etf.List{}}}
			case 3:
				key = etf.Int(i)
			}
			m = append(m, etf.MapPair{Key: key, Value: etf.Int(i)})
		}
		index := m.Index()
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i, pair := range m {
					if v, ok := index.Get(pair.Key); !ok || v != etf.Term(etf.Int(i)) {
						t.Errorf("map of %d: %v, %v under %v", size, v, ok, pair.Key)
					}
				}
			})
		}
		all.Wait()
		for _, no := range []etf.Term{nil, etf.Float(3), etf.Atom("1"), etf.Map{}} {
			_, ok := index.Get(no)
			require.False(t, ok, "%v", no)
		}
	}
}

// Such a map cannot be encoded, but a lookup in it neither fails nor differs from Map.Get.
func TestAnIndexOfEqualKeysFindsTheFirst(t *testing.T) {
	var m etf.Map
	for i := range 20 {
		m = append(m, etf.MapPair{Key: etf.Int(i / 2), Value: etf.Int(i)})
	}
	for i := range 10 {
		v, ok := m.Index().Get(etf.Int(i))
		require.True(t, ok)
		require.Equal(t, etf.Int(2*i), v)
	}
}

func BenchmarkLookup(b *testing.B) {
	var m etf.Map
	for i := range 1000 {
		m = append(m, etf.MapPair{Key: etf.Int(i), Value: etf.Int(i)})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			m.Get(etf.Int(500))
		}
	})
	b.Run("index", func(b *testing.B) {
		index := m.Index()
		b.ReportAllocs()
		for b.Loop() {
			index.Get(etf.Int(500))
		}
	})
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			m.Index()
		}
	})
}
