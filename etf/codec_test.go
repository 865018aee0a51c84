package etf_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

var zoo = []etf.Term{
	etf.Atom("ok"), etf.Atom("é"), etf.Int(0), etf.Int(255), etf.Int(256), etf.Int(-1), etf.Int(1 << 40), etf.Int(-1 << 63),
	etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 64)), etf.Float(1.5), etf.Binary("abc"), etf.Binary{}, etf.Bitstring{Data: []byte{0x80}, Bits: 3},
	etf.List{}, etf.List{etf.Int(1), etf.Int(2)}, etf.List{etf.Atom("a")}, etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: etf.Int(1)},
	etf.Tuple{}, etf.Tuple{etf.Int(1), etf.Tuple{etf.Atom("x")}}, etf.Map{{Key: etf.Atom("k"), Value: etf.Int(1)}},
	etf.Pid{Node: "a@b", ID: 1, Serial: 2, Creation: 3}, etf.Port{Node: "a@b", ID: 1 << 40, Creation: 3}, etf.Ref{Node: "a@b", Creation: 1, Len: 2, Words: [5]uint32{1, 2}},
	etf.Export{Module: "m", Function: "f", Arity: 3},
}

func TestWhatIsAppendedDecodesToTheSameTerm(t *testing.T) {
	for _, term := range zoo {
		b, err := etf.Append(nil, term)
		require.NoError(t, err)
		got, err := etf.Decode(b)
		require.NoError(t, err)
		require.Equal(t, term, got)
	}
}
