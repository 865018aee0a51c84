package etf_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func numbered(n int, key func(i int) etf.Term) etf.Map {
	m := make(etf.Map, n)
	for i := range m {
		m[i] = etf.MapPair{Key: key(i), Value: etf.Int(i)}
	}
	return m
}

// kindsOfKeys are keys by number, of every type a key can have.
var kindsOfKeys = map[string]func(i int) etf.Term{
	"atoms":      func(i int) etf.Term { return etf.Atom(fmt.Sprint("key", i)) },
	"integers":   func(i int) etf.Term { return etf.Int(i) },
	"large":      func(i int) etf.Term { return etf.NewBigInt(pow2(70, int64(i))) },
	"negative":   func(i int) etf.Term { return etf.NewBigInt(negative(pow2(70, int64(i)))) },
	"floats":     func(i int) etf.Term { return etf.Float(i) / 2 },
	"binaries":   func(i int) etf.Term { return etf.Binary(fmt.Sprint("key", i)) },
	"bitstrings": func(i int) etf.Term { return etf.NewBitstring([]byte{byte(i), byte(i >> 8), 0xff}, 17) },
	"tuples":     func(i int) etf.Term { return etf.Tuple{etf.Atom("key"), etf.Int(i)} },
	"lists":      func(i int) etf.Term { return etf.List{etf.Atom("key"), etf.Int(i)} },
	"improper":   func(i int) etf.Term { return etf.NewList(elems(etf.Atom("key")), etf.Int(i)) },
	"maps":       func(i int) etf.Term { return mapOf(etf.Atom("a"), etf.Int(1), etf.Atom("key"), etf.Int(i)) },
	"pids":       func(i int) etf.Term { return etf.Pid{Node: "a@b", ID: uint32(i), Creation: 1} },
	"ports":      func(i int) etf.Term { return etf.Port{Node: "a@b", ID: uint64(i), Creation: 1} },
	"references": func(i int) etf.Term {
		return etf.Ref{Node: "a@b", Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, uint32(i) + 1}}
	},
	"exports": func(i int) etf.Term {
		return etf.Export{Module: "m", Function: etf.Atom(fmt.Sprint("f", i)), Arity: 1}
	},
	"funs": func(i int) etf.Term {
		return badFun(func(f *etf.Fun) { f.Free = []etf.Term{etf.Int(i)} })
	},
	"records": func(i int) etf.Term {
		return &etf.Record{Module: "m", Name: "r", Fields: []etf.Atom{"f"}, Values: []etf.Term{etf.Int(i)}}
	},
}

func TestAKeyThatOccursTwiceIsFoundWhateverItIsAndWhereverItStands(t *testing.T) {
	for name, key := range kindsOfKeys {
		for _, n := range []int{2, 3, 8, 9, 100} {
			m := numbered(n, key)
			b, err := etf.Append(nil, m)
			require.NoError(t, err, "%d %s", n, name)
			got, err := etf.Decode(b)
			require.NoError(t, err, "%d %s", n, name)
			require.Equal(t, m, got)

			m[n-1].Key = key(n / 3)
			_, err = etf.Append(nil, m)
			require.ErrorContains(t, err, fmt.Sprintf("the keys of pairs %d and %d are equal", n/3+1, n), "%d %s", n, name)
		}
	}
}

func TestAMapOfManyKeysTakesTimeInProportion(t *testing.T) {
	for name, key := range kindsOfKeys {
		const n = 10_000
		m := numbered(n, key)
		start := time.Now()
		b, err := etf.Append(nil, m)
		require.NoError(t, err, name)
		_, err = etf.Decode(b)
		require.NoError(t, err, name)
		require.True(t, etf.Equal(m, m))
		require.Less(t, time.Since(start), 20*time.Second, "%s: comparing each with each takes 50 million comparisons", name)
	}
}

func TestCheckingTheKeysOfASmallMapAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 1<<16)
	for name, key := range kindsOfKeys {
		for _, n := range []int{1, 8, 9, 100} {
			var e etf.Encoder
			m := numbered(n, key)
			allocs := testing.AllocsPerRun(20, func() {
				if _, err := e.Append(dst, m); err != nil {
					t.Fatal(err)
				}
			})
			require.Zero(t, allocs, "%d %s", n, name)
		}
	}
}

func TestTheMemoryForALargeMapIsNotKept(t *testing.T) {
	e := new(etf.Encoder)
	_, err := e.Append(nil, numbered(200_000, kindsOfKeys["integers"]))
	require.NoError(t, err)
	dst := make([]byte, 0, 1<<16)
	m := numbered(9, kindsOfKeys["integers"])
	require.Less(t, testing.AllocsPerRun(1, func() {
		if _, err := e.Append(dst, m); err != nil {
			t.Fatal(err)
		}
	}), 3.0)
}
