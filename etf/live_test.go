package etf_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/internal/termgen"
)

// checkWithErlang has erl decode what Go encoded, compare it with =:= to what erl builds from source, and encode it
// again for Go.
func checkWithErlang(t *testing.T, terms []etf.Term) {
	t.Helper()
	questions := make(etf.List, len(terms))
	for i, term := range terms {
		b, err := etf.Append(nil, term)
		require.NoError(t, err, "term %d", i)
		questions[i] = etf.Tuple{etf.Binary(source(term)), etf.Binary(b)}
	}
	for i, answer := range ask(t, "check", questions) {
		answer := answer.(etf.Tuple)
		require.Equal(t, etf.Atom("true"), answer[0], "term %d is another one for erl: %.500s", i, source(terms[i]))
		back, err := etf.Decode(answer[1].(etf.Binary))
		require.NoError(t, err, "term %d, written by erl: %.500s", i, source(terms[i]))
		require.True(t, etf.Equal(terms[i], back), "term %d came back as another one: %.500s", i, source(terms[i]))
	}
}

func TestErlangReadsRandomTermsAsTheyAreMeantAndGoReadsThemBack(t *testing.T) {
	otp := release(t)
	var terms []etf.Term
	for seed := range soak.Size[uint64](500, 1500) {
		g := termgen.New(seed)
		g.Identifiers = otp >= 24 // before, their numbers were smaller
		g.Records = otp >= 29
		if term := g.Term(); len(source(term)) < 10_000 { // the evaluator of erl is slow
			terms = append(terms, term)
		}
	}
	require.Greater(t, len(terms), soak.Size(300, 1000))
	checkWithErlang(t, terms)
}

func TestErlangReadsIntegersAroundTheBorderOfEveryTag(t *testing.T) {
	var terms []etf.Term
	for _, bits := range []uint{0, 7, 8, 15, 16, 27, 28, 31, 32, 47, 48, 59, 60, 62, 63, 64, 127, 128, 2032, 2039, 2040,
		2041, 20000} {
		for plus := int64(-2); plus <= 2; plus++ {
			v := pow2(bits, plus)
			terms = append(terms, etf.NewBigInt(v), etf.NewBigInt(negative(v)))
		}
	}
	checkWithErlang(t, terms)
}

func TestErlangReadsFloatsAtTheEndsOfTheirRange(t *testing.T) {
	var terms []etf.Term
	for _, f := range []float64{0, 1, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64, 2.2250738585072014e-308, 5e-310,
		1 << 53, 1 << 63} {
		terms = append(terms, etf.Float(f), etf.Float(math.Copysign(f, -1)))
	}
	checkWithErlang(t, terms)
}

func TestErlangReadsAtomsListsAndTuplesAroundTheBorderOfEveryTag(t *testing.T) {
	var terms []etf.Term
	for _, char := range []string{"a", "é", "語", "😀"} {
		for _, n := range []int{1, 63, 64, 127, 128, 254, 255} {
			terms = append(terms, etf.Atom(strings.Repeat(char, n)))
		}
	}
	for _, n := range []int{0, 1, 2, 254, 255, 256, 257} {
		terms = append(terms, etf.Tuple(repeat(n, etf.Int(1))), etf.List(repeat(n, etf.Int(1))),
			etf.List(repeat(n, etf.Atom("a"))))
	}
	for _, n := range []int{65534, 65535, 65536} {
		terms = append(terms, etf.List(repeat(n, etf.Int(1))))
	}
	checkWithErlang(t, terms)
}

func TestErlangReadsBitstringsOfEveryLength(t *testing.T) {
	var terms []etf.Term
	data := []byte{0xff, 0x00, 0xa5, 0x5a, 0xff}
	for n := range 8*len(data) + 1 {
		terms = append(terms, etf.NewBitstring(data, n))
	}
	checkWithErlang(t, terms)
}

func TestErlangReadsAMapOfTenThousandKeysATermAHundredDeepAndALargeInteger(t *testing.T) {
	m := make(etf.Map, 10_000)
	for i := range m {
		m[i] = etf.MapPair{Key: etf.Tuple{etf.Atom("key"), etf.Int(i)}, Value: etf.Float(i)}
	}
	var list, tuple, value etf.Term = etf.List{}, etf.Tuple{}, etf.Atom("bottom")
	for range 100 {
		list, tuple = etf.List{list}, etf.Tuple{tuple}
		value = etf.Map{{Key: etf.Atom("down"), Value: value}}
	}
	checkWithErlang(t, []etf.Term{m, list, tuple, value, etf.NewBigInt(new(big.Int).Lsh(big.NewInt(-3), 100_000))})
}

// The bytes of hostile_test.go that are no term here are none for OTP either, and the other way round, but for the
// differences that are marked there.
func TestErlangRefusesWhatGoRefuses(t *testing.T) {
	otp := release(t)
	var asked []int
	var questions etf.List
	for i, h := range hostile {
		switch h.name {
		case "reference of no words", "old reference of no words", "fun without a pid", "fun of another size":
			continue // what OTP says depends on what stands behind the input, or on the release
		}
		asked = append(asked, i)
		questions = append(questions, etf.Binary(h.bytes))
	}
	for i, answer := range ask(t, "accept", questions) {
		h := hostile[asked[i]]
		require.Equal(t, h.otpAccepts, answer == etf.Atom("true"), "OTP %d, %s", otp, h.name)
	}
}
