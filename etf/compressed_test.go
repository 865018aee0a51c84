package etf_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// deflated is tag 80 with the size it is to claim and b in zlib format.
func deflated(size uint32, b []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(b); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return raw(80, size, z.Bytes())
}

func TestACompressedTermIsReadBehindAVersionByte(t *testing.T) {
	plain, err := etf.Append(nil, mapsTerm(50))
	require.NoError(t, err)
	got, err := etf.Decode(raw(131, deflated(uint32(len(plain)-1), plain[1:])))
	require.NoError(t, err)
	require.True(t, etf.Equal(mapsTerm(50), got))
}

func TestACompressedTermIsRefusedInAFrame(t *testing.T) {
	var d etf.Decoder
	_, _, err := d.Term(deflated(2, raw(97, 1)))
	require.ErrorIs(t, err, etf.ErrRefused)
}

func TestTheSizeACompressedTermClaimsIsNotBelieved(t *testing.T) {
	bomb := raw(131, deflated(etf.DefaultInflated, raw(97, 1)))
	before := allocatedBytes()
	_, err := etf.Decode(bomb)
	require.ErrorIs(t, err, etf.ErrMalformed)
	require.Less(t, allocatedBytes()-before, uint64(1<<20))
}

func TestABombStopsAtTheLimit(t *testing.T) {
	const limit = 1 << 16
	zeros := raw(109, uint32(10<<20), make([]byte, 10<<20))
	d := etf.Decoder{Limits: etf.Limits{Inflated: limit}}
	_, err := d.Decode(raw(131, deflated(uint32(len(zeros)), zeros)))
	require.ErrorIs(t, err, etf.ErrLimit)
	before := allocatedBytes()
	_, err = d.Decode(raw(131, deflated(limit, zeros))) // claims to be small
	require.ErrorIs(t, err, etf.ErrMalformed)
	require.Less(t, allocatedBytes()-before, uint64(2<<20))
}

func TestABrokenChecksumOfACompressedTermIsAnError(t *testing.T) {
	b := raw(131, deflated(2, raw(97, 1)))
	b[len(b)-1] ^= 1
	_, err := etf.Decode(b)
	var e *etf.DecodeError
	require.True(t, errors.As(err, &e))
	require.Equal(t, etf.ErrMalformed, e.Kind)
	require.Contains(t, e.Detail, "checksum")
}
