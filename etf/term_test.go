package etf_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestAnAtomIsCheckedWhenItIsMade(t *testing.T) {
	a, err := etf.NewAtom(strings.Repeat("😀", 255))
	require.NoError(t, err)
	require.Len(t, string(a), 1020)
	_, err = etf.NewAtom(strings.Repeat("a", 256))
	require.ErrorContains(t, err, "more than 255 characters")
	_, err = etf.NewAtom("\xff")
	require.ErrorContains(t, err, "not valid UTF-8")
}

func TestABigIntIsOneOnlyWhereAnIntIsNotEnough(t *testing.T) {
	require.Equal(t, etf.Int(5), etf.NewBigInt(big.NewInt(5)))
	require.Equal(t, etf.Int(-1<<63), etf.NewBigInt(negative(pow2(63, 0))))
	v := pow2(63, 0)
	term := etf.NewBigInt(v)
	require.IsType(t, (*etf.BigInt)(nil), term)
	v.SetInt64(0)
	require.Equal(t, "9223372036854775808", term.(*etf.BigInt).Big().String(), "it is a copy")
}

func TestNewListIsTheListThatTheSourceSyntaxMakes(t *testing.T) {
	one, two := etf.Int(1), etf.Int(2)
	require.Equal(t, etf.List{one, two}, etf.NewList(elems(one), etf.List{two}), "[1|[2]]")
	require.Equal(t, etf.List{one}, etf.NewList(elems(one), etf.List{}), "[1|[]]")
	require.Equal(t, etf.ImproperList{Elems: elems(one), Tail: two}, etf.NewList(elems(one), two), "[1|2]")
	require.Equal(t, etf.ImproperList{Elems: elems(one, one), Tail: two},
		etf.NewList(elems(one), etf.ImproperList{Elems: elems(one), Tail: two}), "[1|[1|2]]")
	require.Equal(t, two, etf.NewList(nil, two))
}

func TestNewListDoesNotWriteBehindItsElements(t *testing.T) {
	all := elems(etf.Int(1), etf.Int(2))
	_ = etf.NewList(all[:1], etf.List{etf.Int(3)})
	_ = etf.NewList(all[:1], etf.ImproperList{Elems: elems(etf.Int(3)), Tail: etf.Int(4)})
	require.Equal(t, elems(etf.Int(1), etf.Int(2)), all)
}

func TestNewBitstringKeepsTheFirstBitsAndClearsTheRest(t *testing.T) {
	data := []byte{0xff, 0xff}
	require.Equal(t, etf.Binary{}, etf.NewBitstring(data, 0))
	require.Equal(t, etf.Bitstring{Data: []byte{0x80}, Bits: 1}, etf.NewBitstring(data, 1))
	require.Equal(t, etf.Binary{0xff}, etf.NewBitstring(data, 8))
	require.Equal(t, etf.Bitstring{Data: []byte{0xff, 0xfe}, Bits: 7}, etf.NewBitstring(data, 15))
	require.Equal(t, []byte{0xff, 0xff}, data)
	require.Panics(t, func() { etf.NewBitstring(data, 17) })
}

func TestACharlistHoldsCodePoints(t *testing.T) {
	require.Equal(t, etf.List{etf.Int('a'), etf.Int('é'), etf.Int('😀')}, etf.Charlist("aé😀"))
	require.Empty(t, etf.Charlist(""))
}

func TestIdentifiersCanBeComparedInGo(t *testing.T) {
	p := etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}
	var d etf.Decoder
	got, _, err := d.Term(bare(t, p))
	require.NoError(t, err)
	require.True(t, got == etf.Term(p))
	other := p
	other.Creation++
	require.False(t, etf.Term(other) == etf.Term(p), "another creation is another process")
	require.True(t, etf.Term(goodRef) == etf.Term(goodRef))
}
