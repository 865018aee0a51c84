package etf_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

// nests are terms that stand n deep in each other, around an atom of one character.
func nests(n int, leaf string) map[string][]byte {
	end := raw(119, 1, leaf)
	fun := raw(1, make([]byte, 16), uint32(0), uint32(1), 119, 1, "m", 97, 0, 97, 0,
		88, 119, 1, "n", uint32(1), uint32(2), uint32(3))
	// The size of a fun has that of the funs in it: each of them is written in front of what is there already.
	funs := make([]byte, 0, n*(len(fun)+5)+len(end))
	for i := n; i > 0; i-- {
		funs = append(append(funs, raw(112, uint32(i*(len(fun)+5)-1+len(end)))...), fun...)
	}
	return map[string][]byte{
		"tuples":   raw(131, bytes.Repeat(raw(104, 1), n), end),
		"lists":    raw(131, bytes.Repeat(raw(108, uint32(1)), n), end, bytes.Repeat(raw(106), n)),
		"values":   raw(131, bytes.Repeat(raw(116, uint32(1), 97, 1), n), end),
		"keys":     raw(131, bytes.Repeat(raw(116, uint32(1)), n), end, bytes.Repeat(raw(106), n)),
		"records":  raw(131, bytes.Repeat(raw(67, uint32(1), 0, 119, 0, 119, 0, 119, 0), n), end),
		"improper": raw(131, bytes.Repeat(raw(108, uint32(1), 104, 1), n), end, bytes.Repeat(raw(97, 1), n)),
		"tails":    raw(131, bytes.Repeat(raw(108, uint32(1), 97, 1, 104, 1), n), end),
		"funs":     raw(131, funs, end),
		"mixed": raw(131, bytes.Repeat(raw(108, uint32(2), 97, 1, 104, 2, 116, uint32(1), 119, 1, "k"), n), end,
			bytes.Repeat(raw(97, 7, 106), n)),
	}
}

func TestDepthCostsNoStackWhateverIsDone(t *testing.T) {
	const n = 30_000
	others := nests(n, "b")
	for name, b := range nests(n, "a") {
		t.Run(name, func(t *testing.T) {
			term, err := etf.Decode(b)
			require.NoError(t, err)
			encoded, err := etf.Append(nil, term)
			require.NoError(t, err)
			require.True(t, bytes.Equal(b, encoded), "the bytes that came go out again")

			again, err := etf.Decode(b)
			require.NoError(t, err)
			other, err := etf.Decode(others[name])
			require.NoError(t, err)
			require.True(t, etf.Equal(term, again))
			require.False(t, etf.Equal(term, other))
			require.Zero(t, etf.Compare(term, again))
			require.Equal(t, -1, etf.Compare(term, other))
			require.Equal(t, 1, etf.Compare(other, term))

			asKeys := etf.Map{{Key: term, Value: etf.Int(1)}, {Key: other, Value: etf.Int(2)}}
			found, ok := asKeys.Get(again)
			require.True(t, ok)
			require.Equal(t, etf.Int(1), found)
			_, err = etf.Append(nil, asKeys)
			require.NoError(t, err)
			_, err = etf.Append(nil, append(asKeys, etf.MapPair{Key: again, Value: etf.Int(3)}))
			require.ErrorContains(t, err, "the keys of pairs 1 and 3 are equal")

			text := etf.Format(term)
			require.LessOrEqual(t, len(etf.FormatMax(term, 100)), 100)
			if name != "records" && name != "funs" {
				read, err := etf.Parse(text)
				require.NoError(t, err)
				require.True(t, etf.Equal(term, read))
			}
			var list []any
			err = etf.Unmarshal(etf.List{term}, &list)
			if name == "lists" {
				require.ErrorContains(t, err, "nested too deep")
				require.Less(t, len(err.Error()), 500)
			} else {
				require.NoError(t, err, "a term that Go has no values for stays one")
			}
		})
	}
}

func TestMillionsOfLevelsAreDecodedAndEncoded(t *testing.T) {
	n := soak.Size(1_000_000, 10_000_000)
	b := raw(131, bytes.Repeat(raw(104, 1), n), 106)
	term, err := etf.Decode(b)
	require.NoError(t, err)
	encoded, err := etf.Append(make([]byte, 0, len(b)), term)
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, encoded))
}

func TestATermThatContainsItselfIsAnError(t *testing.T) {
	list := etf.List{etf.Int(1), nil}
	list[1] = etf.Tuple{etf.Atom("in"), list}
	_, err := etf.Append(nil, list)
	require.ErrorContains(t, err, "contains itself")
	require.Less(t, len(err.Error()), 300)
	text := etf.Format(list)
	require.True(t, strings.HasSuffix(text, "..."+strings.Repeat("}]", strings.Count(text, "}"))), "%.100s", text)
	list[1] = etf.Tuple{list, etf.Atom("behind")}
	text = etf.Format(list)
	require.True(t, strings.HasSuffix(text, "..."+strings.Repeat(",behind}]", strings.Count(text, "}"))), "%.100s", text)
	m := etf.Map{{Key: etf.Atom("k")}}
	m[0].Value = m
	_, err = etf.Append(nil, etf.Tuple{etf.Atom("a"), m})
	require.ErrorContains(t, err, "contains itself")
	shared := etf.Tuple{etf.Int(1)}
	for range 16 {
		shared = etf.Tuple{shared, shared}
	}
	_, err = etf.Append(nil, shared)
	require.NoError(t, err, "one that stands in several places does not")
}

func TestAnErrorFarDownNamesBothEndsOfItsPath(t *testing.T) {
	for _, n := range []int{100, 140, 200, 5000} {
		var term etf.Term = etf.Tuple{etf.Atom("x"), nil}
		for i := range n {
			term = etf.List{etf.Int(i), etf.Atom("a"), term}
		}
		_, err := etf.Append(nil, term)
		var bad *etf.EncodeError
		require.ErrorAs(t, err, &bad)
		require.True(t, strings.HasPrefix(bad.Path, strings.Repeat("[3]", 24)+"..."), bad.Path)
		require.True(t, strings.HasSuffix(bad.Path, "more..."+strings.Repeat("[3]", 23)+"{2}"), bad.Path)
		require.Contains(t, bad.Path, "..."+etf.Format(etf.Int(n+1-48))+" more...")
	}
}

// One byte makes an element of 16 bytes, and two bytes a tuple.
func TestMemoryFollowsTheInputHoweverDeepItIs(t *testing.T) {
	for name, b := range nests(200_000, "a") {
		before := allocatedBytes()
		_, err := etf.Decode(b)
		require.NoError(t, err)
		require.Less(t, allocatedBytes()-before, uint64(64*len(b)), name)
	}
	_, err := etf.Decode(raw(131, bytes.Repeat(raw(108, uint32(1<<30)), 1000)))
	require.ErrorIs(t, err, etf.ErrTruncated)
}

func TestTwentyMillionElementsAreATerm(t *testing.T) {
	const n = 20_000_000
	term, err := etf.Decode(raw(131, 108, uint32(n), bytes.Repeat(raw(106), n), 106))
	require.NoError(t, err)
	require.Len(t, term, n)
}

// deepRandom makes terms that are seldom wide and often deep.
func deepRandom(r *rand.Rand, n int) etf.Term {
	var term etf.Term = etf.Int(r.IntN(3))
	for range n {
		switch r.IntN(6) {
		case 0:
			term = etf.Tuple{etf.Int(r.IntN(2)), term}
		case 1:
			term = etf.List{term, etf.Atom("x")}
		case 2:
			term = etf.Map{{Key: etf.Atom("k"), Value: term}, {Key: etf.Int(r.IntN(4)), Value: etf.Float(1)}}
		case 3:
			term = etf.Map{{Key: term, Value: etf.Atom("v")}}
		case 4:
			if _, proper := term.(etf.List); !proper {
				term = etf.NewList([]etf.Term{etf.Int(1), etf.Tuple{}}, term)
			}
		case 5:
			term = &etf.Record{Module: "m", Name: "n", Fields: []etf.Atom{"f"}, Values: []etf.Term{term}}
		}
	}
	return term
}

func TestDeepTermsOfAllKindsComeBackAndAreOrdered(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		a, b := deepRandom(r, r.IntN(400)), deepRandom(r, r.IntN(400))
		encoded, err := etf.Append(nil, a)
		require.NoError(t, err)
		back, err := etf.Decode(encoded)
		require.NoError(t, err)
		require.True(t, etf.Equal(a, back))
		require.Equal(t, etf.Format(a), etf.Format(back))
		require.Equal(t, etf.Compare(a, b), -etf.Compare(b, a))
	}
}
