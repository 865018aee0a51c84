package etf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestLargeBinariesMayStandApart(t *testing.T) {
	large, larger := make(etf.Binary, 100), make(etf.Binary, 200)
	term := etf.Tuple{large, etf.Atom("between"), etf.Map{{Key: larger, Value: make(etf.Binary, 99)}}, etf.Binary{}}
	want := append([]byte("before"), bare(t, term)...)

	e := etf.Encoder{Apart: 100}
	dst, err := e.Append([]byte("before"), term)
	require.NoError(t, err)
	require.Len(t, e.Parts, 2)
	require.Same(t, &large[0], &e.Parts[0].Bytes[0])
	var got []byte
	at := 0
	for _, p := range e.Parts {
		got = append(append(got, dst[at:p.At]...), p.Bytes...)
		at = p.At
	}
	require.Equal(t, want, append(got, dst[at:]...))

	kept := e.Parts
	_, err = e.Append(dst, etf.Tuple{larger, nil})
	require.Error(t, err)
	require.Equal(t, kept, e.Parts, "what failed leaves nothing behind")
}
