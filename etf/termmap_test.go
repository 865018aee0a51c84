package etf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/termgen"
)

func TestAMapOfTermsDoesWhatASliceOfPairsDoes(t *testing.T) {
	g := termgen.New(7)
	g.Depth, g.Width = 2, 2
	keys := make([]etf.Term, 60)
	for i := range keys {
		keys[i] = g.Term()
	}
	var m etf.TermMap[int]
	var model etf.Map
	_, ok := m.Get(etf.Atom("none"))
	require.False(t, ok)
	require.False(t, m.Delete(etf.Atom("none")))
	for step := range 20_000 {
		key := keys[g.Rand().IntN(len(keys))]
		at := -1
		for i := range model {
			if etf.Equal(model[i].Key, key) {
				at = i
			}
		}
		switch {
		case step%3 == 0:
			require.Equal(t, at >= 0, m.Delete(key))
			if at >= 0 {
				model = append(model[:at], model[at+1:]...)
			}
		case at >= 0:
			m.Set(key, step)
			model[at].Value = etf.Int(step)
		default:
			m.Set(key, step)
			model = append(model, etf.MapPair{Key: key, Value: etf.Int(step)})
		}
		require.Equal(t, len(model), m.Len())
	}
	seen := 0
	for key, value := range m.All() {
		want, ok := model.Get(key)
		require.True(t, ok)
		require.Equal(t, want, etf.Int(value))
		seen++
	}
	require.Equal(t, len(model), seen)
	for range m.All() {
		break
	}
}

func TestKeysOfAMapOfTermsAreTheSameWhateverTheOrderOfTheirPairs(t *testing.T) {
	var m etf.TermMap[string]
	m.Set(mapOf(etf.Int(1), etf.Atom("a"), etf.Int(2), etf.Atom("b")), "first")
	m.Set(mapOf(etf.Int(2), etf.Atom("b"), etf.Int(1), etf.Atom("a")), "second")
	m.Set(etf.Int(1), "integer")
	m.Set(etf.Float(1), "float")
	require.Equal(t, 3, m.Len())
	v, ok := m.Get(mapOf(etf.Int(1), etf.Atom("a"), etf.Int(2), etf.Atom("b")))
	require.True(t, ok)
	require.Equal(t, "second", v)
}
