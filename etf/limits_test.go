package etf_test

import (
	"bytes"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// allocatedBytes is how much was allocated since the start of the program.
func allocatedBytes() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestNestingIsAllowedUpToTheLimitAndNotOneDeeper(t *testing.T) {
	nested := func(n int) []byte { return raw(131, bytes.Repeat(raw(104, 1), n), 106) }
	d := etf.Decoder{Limits: etf.Limits{Depth: 3}}
	_, err := d.Decode(nested(3))
	require.NoError(t, err)
	_, err = d.Decode(nested(4))
	require.ErrorIs(t, err, etf.ErrLimit)
	var e *etf.DecodeError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 7, e.Offset)

	for _, n := range []int{100, 1000} { // with and without the stack on the heap
		d.Limits.Depth = n
		deepest, err := d.Decode(nested(n))
		require.NoError(t, err)
		_, err = d.Decode(nested(n + 1))
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, etf.ErrLimit)
		require.Equal(t, 1+2*n, e.Offset)

		encoder := etf.Encoder{Depth: n}
		_, err = encoder.Append(nil, deepest)
		require.NoError(t, err)
		_, err = encoder.Append(nil, etf.List{deepest})
		require.ErrorContains(t, err, fmt.Sprintf("nested deeper than %d", n))
	}
}

// A list may come in any number of pieces, each the tail of the one before. It is one list, and costs no depth.
func TestAListInAMillionPiecesIsOneList(t *testing.T) {
	const n = 1_000_000
	got, err := etf.Decode(raw(131, bytes.Repeat(raw(108, uint32(1), 97, 7), n), 106))
	require.NoError(t, err)
	require.Len(t, got, n)
	require.Equal(t, etf.Int(7), got.(etf.List)[n-1])

	got, err = etf.Decode(raw(131, bytes.Repeat(raw(108, uint32(0)), n), 106))
	require.NoError(t, err)
	require.Equal(t, etf.List{}, got)

	got, err = etf.Decode(raw(131, bytes.Repeat(raw(108, uint32(1), 97, 7), n), 97, 8))
	require.NoError(t, err)
	require.Len(t, got.(etf.ImproperList).Elems, n)
	require.Equal(t, etf.Int(8), got.(etf.ImproperList).Tail)
}

// Each tuple claims as many elements as there are bytes left. Believing each of them alone would take the square of the
// input in memory.
func TestCountsThatFitOneByOneButNotTogetherAreRefused(t *testing.T) {
	const n = 4000
	var b []byte
	for i := range n {
		b = append(b, raw(105, uint32(6*n-5*i-10))...)
	}
	b = raw(131, b, strings.Repeat("j", n))
	before := allocatedBytes()
	_, err := etf.Decode(b)
	require.ErrorIs(t, err, etf.ErrTruncated)
	require.Less(t, allocatedBytes()-before, uint64(64*len(b)))
}

func TestMemoryStaysWithinSixtyFourTimesTheInput(t *testing.T) {
	const n = 20_000
	inputs := map[string][]byte{
		"empty lists":  raw(131, 108, uint32(n), strings.Repeat("j", n), 106),
		"strings":      raw(131, 108, uint32(n/4), bytes.Repeat(raw(107, uint16(1), 1), n/4), 106),
		"tuples":       raw(131, 108, uint32(n/3), bytes.Repeat(raw(104, 1, 106), n/3), 106),
		"pairs":        raw(131, 108, uint32(n/5), bytes.Repeat(raw(108, uint32(1), 106, 97, 1), n/5), 106),
		"bytes":        raw(131, 108, uint32(n/6), bytes.Repeat(raw(109, uint32(1), 1), n/6), 106),
		"small bigs":   raw(131, 108, uint32(n/12), bytes.Repeat(raw(110, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), n/12), 106),
		"empty bigs":   raw(131, 108, uint32(n/3), bytes.Repeat(raw(110, 0, 0), n/3), 106),
		"fresh atoms":  raw(131, 108, uint32(n/4), freshAtoms(n/4), 106),
		"records":      raw(131, 108, uint32(n/10), bytes.Repeat(raw(67, uint32(0), 0, 119, 0, 119, 0), n/10), 106),
		"list in bits": raw(131, bytes.Repeat(raw(108, uint32(1), 106), n/6), 106),
		"one key maps": raw(131, 108, uint32(n/7), bytes.Repeat(raw(116, uint32(1), 106, 106), n/7), 106),
		"two key maps": raw(131, 108, uint32(n/11), bytes.Repeat(raw(116, uint32(2), 106, 106, 104, 0, 106), n/11), 106),
	}
	for name, b := range inputs {
		var d etf.Decoder
		before := allocatedBytes()
		_, err := d.Decode(b)
		require.NoError(t, err, name)
		require.Less(t, allocatedBytes()-before, uint64(64*len(b)), name)
	}
}

func freshAtoms(n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, raw(119, 2, i/250+1, i%250/2+1)...)
	}
	for i, c := range b {
		if i%4 >= 2 && c > 127 {
			b[i] = 127
		}
	}
	return b
}

func TestTheNumberOfElementsIsLimited(t *testing.T) {
	d := etf.Decoder{Limits: etf.Limits{Elements: 10}}
	list := func(n int) []byte { return raw(131, 108, uint32(n), strings.Repeat("j", n), 106) }
	_, err := d.Decode(list(10))
	require.NoError(t, err)
	_, err = d.Decode(list(11))
	require.ErrorIs(t, err, etf.ErrLimit)
	_, err = d.Decode(raw(131, 107, uint16(11), "elevenbytes"))
	require.ErrorIs(t, err, etf.ErrLimit)
	_, err = d.Decode(raw(131, 104, 2, 107, uint16(4), "four", 107, uint16(4), "four"))
	require.NoError(t, err)
	_, err = d.Decode(raw(131, 104, 2, 107, uint16(4), "four", 107, uint16(5), "fives"))
	require.ErrorIs(t, err, etf.ErrLimit)
	_, err = d.Decode(raw(131, 116, uint32(6), "xjyjzjajbjcj"))
	require.ErrorIs(t, err, etf.ErrLimit)
}

func TestTheSizeOfAnIntegerIsLimited(t *testing.T) {
	d := etf.Decoder{Limits: etf.Limits{BigIntBytes: 16}}
	v := func(n int) []byte {
		b, err := etf.Append(nil, etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), uint(8*n-1))))
		require.NoError(t, err)
		return b
	}
	_, err := d.Decode(v(16))
	require.NoError(t, err)
	_, err = d.Decode(v(17))
	require.ErrorIs(t, err, etf.ErrLimit)
	_, err = d.Decode(raw(131, 110, 20, 0, 1, strings.Repeat("\x00", 19)))
	require.NoError(t, err, "leading zeros do not count")
}

// Each map has a second key, so that its keys are checked. Reading every one of them again at each level would take an
// hour.
func TestMapsAsKeysOfMapsAreCheckedInTimeThatIsLinear(t *testing.T) {
	const n = 30_000
	start := time.Now()
	b := raw(131, bytes.Repeat(raw(116, uint32(2)), n), 106, bytes.Repeat(raw(106, 97, 1, 106), n))
	term, err := etf.Decode(b)
	require.NoError(t, err)
	encoded, err := etf.Append(nil, term)
	require.NoError(t, err)
	require.True(t, bytes.Equal(b, encoded))
	require.True(t, etf.Equal(term, term))
	require.Zero(t, etf.Compare(term, term))
	_, err = etf.Parse(etf.Format(term))
	require.NoError(t, err)
	require.Less(t, time.Since(start), 20*time.Second)
	_, err = etf.Decode(raw(131, 116, uint32(2), b[1:], 106, b[1:], 106))
	require.ErrorContains(t, err, "a map with two equal keys")
}

// A map that is its own worst case: every key is a map of two keys, of which every one is again, so that comparing keys
// each with each would take years.
func TestKeysThatAreMapsAreComparedInReasonableTime(t *testing.T) {
	start := time.Now()
	b, err := etf.Append(nil, nestedKeys(16, 1))
	require.NoError(t, err)
	_, err = etf.Decode(b)
	require.NoError(t, err)
	require.Less(t, time.Since(start), 20*time.Second)
}
