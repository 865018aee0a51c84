package etf_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// raw puts bytes together: numbers below 256 are bytes, uint16, uint32 and uint64 are written in full, strings as
// they are.
func raw(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case uint16:
			b = binary.BigEndian.AppendUint16(b, p)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, p)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, p)
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

var nodeAB = raw(119, 3, "a@b")

func floatText(s string) []byte { return raw(131, 99, s, strings.Repeat("\x00", 31-len(s))) }

func funBytes(size uint32, free uint32, rest ...any) []byte {
	return raw(append([]any{131, 112, size, 1, strings.Repeat("u", 16), uint32(0), free}, rest...)...)
}

// hostile is input that is no term. The offset is where the offending term begins.
var hostile = []struct {
	name       string
	bytes      []byte
	kind       error
	offset     int
	tag        byte
	otpAccepts bool // OTP 23 to 29 do
}{
	{"nothing", nil, etf.ErrTruncated, 0, 0, false},
	{"another version", raw(130, 97, 1), etf.ErrMalformed, 0, 130, false},
	{"only the version", raw(131), etf.ErrTruncated, 1, 0, false},
	{"an unknown tag", raw(131, 1), etf.ErrMalformed, 1, 1, false},
	{"tag 0", raw(131, 0), etf.ErrMalformed, 1, 0, false},
	{"a version inside", raw(131, 104, 1, 131, 97, 1), etf.ErrMalformed, 3, 131, false},
	{"bytes behind the term", raw(131, 97, 1, 0), etf.ErrRefused, 3, 0, true}, // Differs from OTP: see Decode

	{"SMALL_INTEGER_EXT cut", raw(131, 97), etf.ErrTruncated, 1, 97, false},
	{"INTEGER_EXT cut", raw(131, 98, 0, 0, 0), etf.ErrTruncated, 1, 98, false},
	{"NEW_FLOAT_EXT cut", raw(131, 70, "1234567"), etf.ErrTruncated, 1, 70, false},
	{"NaN", raw(131, 70, math.Float64bits(math.NaN())), etf.ErrMalformed, 1, 70, false},
	{"infinity", raw(131, 70, math.Float64bits(math.Inf(1))), etf.ErrMalformed, 1, 70, false},
	{"minus infinity", raw(131, 70, math.Float64bits(math.Inf(-1))), etf.ErrMalformed, 1, 70, false},
	{"FLOAT_EXT cut", raw(131, 99, "1.5"), etf.ErrTruncated, 1, 99, false},
	{"FLOAT_EXT with a letter", floatText("1.5x"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT with a space", floatText(" 1.5"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT inf", floatText("inf"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT without a point", floatText("1e5"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT without digits behind the point", floatText("1.e5"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT without an exponent", floatText("1.5e"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT in hexadecimal", floatText("0x1.8p1"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT too large", floatText("1.0e999"), etf.ErrMalformed, 1, 99, false},
	{"FLOAT_EXT empty", floatText(""), etf.ErrMalformed, 1, 99, false},
	{"SMALL_BIG_EXT cut", raw(131, 110, 2, 0, 1), etf.ErrTruncated, 1, 110, false},
	{"LARGE_BIG_EXT of 4 GB", raw(131, 111, uint32(math.MaxUint32), 0, 1), etf.ErrTruncated, 1, 111, false},

	{"atom cut", raw(131, 119, 3, "ab"), etf.ErrTruncated, 1, 119, false},
	{"ATOM_UTF8_EXT cut", raw(131, 118, 0), etf.ErrTruncated, 1, 118, false},
	{"atom of 256 characters", raw(131, 118, uint16(256), strings.Repeat("a", 256)), etf.ErrMalformed, 1, 118, false},
	{"atom of 256 wide characters", raw(131, 118, uint16(512), strings.Repeat("é", 256)), etf.ErrMalformed, 1, 118, false},
	{"latin1 atom of 256 characters", raw(131, 100, uint16(256), strings.Repeat("a", 256)), etf.ErrMalformed, 1, 100,
		false},
	{"atom with half a character", raw(131, 119, 1, 0xc3), etf.ErrMalformed, 1, 119, false},
	{"atom with a surrogate", raw(131, 119, 3, 0xed, 0xa0, 0x80), etf.ErrMalformed, 1, 119, false},
	{"atom with an overlong character", raw(131, 119, 2, 0xc0, 0x80), etf.ErrMalformed, 1, 119, false},
	{"atom above U+10FFFF", raw(131, 119, 4, 0xf4, 0x90, 0x80, 0x80), etf.ErrMalformed, 1, 119, false},
	{"atom cache reference without a table", raw(131, 82, 0), etf.ErrRefused, 1, 82, false},

	{"tuple cut", raw(131, 104, 3, 97, 1), etf.ErrTruncated, 1, 104, false},
	{"tuple cut behind an element", raw(131, 104, 2, 97, 1), etf.ErrTruncated, 5, 0, false},
	{"tuple cut in an element", raw(131, 104, 1, 98, 0), etf.ErrTruncated, 3, 98, false},
	{"tuple of 4 G elements", raw(131, 105, uint32(math.MaxUint32), 106, 106), etf.ErrMalformed, 1, 105, false},
	{"list of 4 G elements", raw(131, 108, uint32(math.MaxUint32), 106, 106), etf.ErrTruncated, 1, 108, false},
	{"list without a tail", raw(131, 108, uint32(1), 97, 1), etf.ErrTruncated, 8, 0, false},
	{"list whose tail is cut", raw(131, 108, uint32(1), 97, 1, 108, uint32(3), 97, 1), etf.ErrTruncated, 8, 108, false},
	{"STRING_EXT cut", raw(131, 107, uint16(3), "ab"), etf.ErrTruncated, 1, 107, false},
	{"map of 4 G pairs", raw(131, 116, uint32(math.MaxUint32), 106, 106), etf.ErrTruncated, 1, 116, false},
	{"map without a value", raw(131, 116, uint32(1), 97, 1), etf.ErrTruncated, 8, 0, false},
	{"map with a key twice", raw(131, 116, uint32(2), 97, 1, 106, 97, 1, 106), etf.ErrMalformed, 1, 116, false},
	{"map with a key in two forms", raw(131, 116, uint32(2), 97, 1, 106, 98, uint32(1), 106), etf.ErrMalformed, 1, 116,
		false},
	{"map with a tuple twice", raw(131, 116, uint32(2), 104, 1, 97, 1, 106, 104, 1, 97, 1, 106), etf.ErrMalformed, 1,
		116, false},
	{"map with a map twice, in another order", raw(131, 116, uint32(2),
		116, uint32(2), 97, 1, 106, 97, 2, 106, 106,
		116, uint32(2), 97, 2, 106, 97, 1, 106, 106), etf.ErrMalformed, 1, 116, false},
	{"inner map with a key twice", raw(131, 104, 1, 116, uint32(2), 97, 1, 106, 97, 1, 106), etf.ErrMalformed, 3, 116,
		false},

	{"binary cut", raw(131, 109, uint32(3), "ab"), etf.ErrTruncated, 1, 109, false},
	{"binary of 4 GB", raw(131, 109, uint32(math.MaxUint32), "ab"), etf.ErrTruncated, 1, 109, false},
	{"bitstring of nine bits a byte", raw(131, 77, uint32(1), 9, 255), etf.ErrMalformed, 1, 77, false},
	{"bitstring of no bits in a byte", raw(131, 77, uint32(1), 0, 255), etf.ErrMalformed, 1, 77, false},
	{"bitstring of three bits in no byte", raw(131, 77, uint32(0), 3), etf.ErrMalformed, 1, 77, false},

	{"pid cut", raw(131, 88, nodeAB, uint32(1), uint32(2)), etf.ErrTruncated, 1, 88, false},
	{"pid of a node that is an integer", raw(131, 88, 97, 1, uint32(1), uint32(2), uint32(3)), etf.ErrMalformed, 2, 97,
		false},
	// Differs from OTP: see nodeName
	{"pid of a node without a name", raw(131, 88, 119, 0, uint32(1), uint32(2), uint32(3)), etf.ErrMalformed, 1, 88, true},
	{"port cut", raw(131, 120, nodeAB, uint32(1), uint32(2)), etf.ErrTruncated, 1, 120, false},
	// Differs from OTP: it crashes on it
	{"reference of no words", raw(131, 90, uint16(0), nodeAB, uint32(3)), etf.ErrMalformed, 1, 90, true},
	{"old reference of no words", raw(131, 114, uint16(0), nodeAB, 3), etf.ErrMalformed, 1, 114, false},
	{"reference of six words", raw(131, 90, uint16(6), nodeAB, uint32(3), strings.Repeat("word", 6)), etf.ErrMalformed,
		1, 90, false},
	{"reference cut", raw(131, 90, uint16(2), nodeAB, uint32(3), uint32(4)), etf.ErrTruncated, 1, 90, false},

	{"export cut", raw(131, 113, 119, 1, "m", 119, 1, "f"), etf.ErrTruncated, 8, 0, false},
	// Differs from OTP: it cuts the arity
	{"export of arity 256", raw(131, 113, 119, 1, "m", 119, 1, "f", 98, uint32(256)), etf.ErrMalformed, 8, 98, true},
	{"export of an arity that is an atom", raw(131, 113, 119, 1, "m", 119, 1, "f", 119, 1, "a"), etf.ErrMalformed, 8,
		119, false},
	{"fun of 4 G free variables", funBytes(100, math.MaxUint32, 119, 1, "m", 97, 0, 97, 0, 88, nodeAB, uint32(1),
		uint32(2), uint32(3)), etf.ErrTruncated, 1, 112, false},
	{"fun cut", funBytes(100, 0, 119, 1, "m"), etf.ErrTruncated, 34, 0, false},
	{"fun with an atom for an index", funBytes(100, 0, 119, 1, "m", 119, 1, "a"), etf.ErrMalformed, 34, 119, false},
	// Differs from OTP: it does not look
	{"fun without a pid", funBytes(100, 0, 119, 1, "m", 97, 0, 97, 0, 97, 0), etf.ErrMalformed, 38, 97, true},
	// Differs from OTP: it skips the size
	{"fun of another size", funBytes(100, 0, 119, 1, "m", 97, 0, 97, 0, 88, nodeAB, uint32(1), uint32(2), uint32(3)),
		etf.ErrMalformed, 1, 112, true},
	{"FUN_EXT", raw(131, 117, uint32(0)), etf.ErrRefused, 1, 117, false},
	{"LOCAL_EXT", raw(131, 121, uint64(0), 97, 1), etf.ErrRefused, 1, 121, false},

	{"record cut", raw(131, 67, uint32(1), 0, 119, 1, "m", 119, 1, "r"), etf.ErrTruncated, 13, 0, false},
	{"record of 4 G fields", raw(131, 67, uint32(math.MaxUint32), 0, 119, 1, "m"), etf.ErrTruncated, 1, 67, false},
	{"record with a field twice", raw(131, 67, uint32(2), 0, 119, 1, "m", 119, 1, "r", 119, 1, "f", 119, 1, "f", 97, 1,
		97, 1), etf.ErrMalformed, 1, 67, false},

	{"compressed and cut", raw(131, 80, uint32(5)), etf.ErrMalformed, 1, 80, false},
	{"compressed inside a tuple", raw(131, 104, 1, deflated(2, raw(97, 1))), etf.ErrRefused, 3, 80, false},
	{"compressed twice", raw(131, deflated(uint32(len(deflated(2, raw(97, 1)))), deflated(2, raw(97, 1)))),
		etf.ErrRefused, 0, 80, false},
	{"compressed and larger than announced", raw(131, deflated(1, raw(97, 1))), etf.ErrMalformed, 1, 80, false},
	{"compressed and smaller than announced", raw(131, deflated(3, raw(97, 1))), etf.ErrMalformed, 1, 80, false},
	{"compressed and not", raw(131, 80, uint32(2), 97, 1), etf.ErrMalformed, 1, 80, false},
	{"compressed garbage", raw(131, deflated(1, raw(1))), etf.ErrMalformed, 0, 1, false},
	{"compressed with bytes behind the term inside", raw(131, deflated(3, raw(97, 1, 7))), etf.ErrMalformed, 2, 7, true},
	// Differs from OTP: see Decode
	{"compressed with bytes behind it", raw(131, deflated(2, raw(97, 1)), 7), etf.ErrRefused, 20, 7, true},
	{"compressed and larger than allowed", raw(131, 80, uint32(etf.DefaultInflated+1), 1, 2, 3), etf.ErrLimit, 1, 80,
		false},
}

func TestADecoderRefusesWhatIsNoTermAndSaysWhere(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			got, err := etf.Decode(h.bytes)
			require.Nil(t, got)
			var e *etf.DecodeError
			require.ErrorAs(t, err, &e)
			require.ErrorIs(t, err, h.kind, "%v", err)
			require.Equal(t, h.offset, e.Offset, "%v", err)
			require.Equal(t, h.tag, e.Tag, "%v", err)
			require.NotEmpty(t, e.Error())
		})
	}
}

func TestADecoderGoesOnAfterWhatItRefused(t *testing.T) {
	good, err := etf.Append(nil, callTerm())
	require.NoError(t, err)
	var d etf.Decoder
	for _, h := range hostile {
		_, err := d.Decode(h.bytes)
		require.Error(t, err)
		got, err := d.Decode(good)
		require.NoError(t, err, "after %s", h.name)
		require.Equal(t, callTerm(), got, "after %s", h.name)
	}
}

// Every vector that OTP wrote, cut anywhere, is an error and not a shorter term.
func TestNoBeginningOfATermIsATerm(t *testing.T) {
	for _, v := range vectors(t) {
		for n := range min(len(v.bytes), 400) {
			_, err := etf.Decode(v.bytes[:n])
			require.Error(t, err, "%s cut to %d bytes", v.name, n)
		}
	}
}

// One changed byte may be another term, but never more than an error.
func TestATermWithAFlippedBitIsATermOrAnError(t *testing.T) {
	for _, v := range vectors(t) {
		b := bytes.Clone(v.bytes)
		for i := range min(len(b), 200) {
			for bit := range 8 {
				b[i] ^= 1 << bit
				if got, err := etf.Decode(b); err == nil {
					_, err = etf.Append(nil, got)
					require.NoError(t, err, "%s, byte %d, bit %d", v.name, i, bit)
				}
				b[i] ^= 1 << bit
			}
		}
	}
}

func TestTheTextOfADecodeErrorNamesTagOffsetAndReason(t *testing.T) {
	_, err := etf.Decode(raw(131, 104, 1, 116, uint32(2), 97, 1, 106, 97, 1, 106))
	require.EqualError(t, err, "etf: MAP_EXT at offset 3: malformed: a map with two equal keys")
	_, err = etf.Decode(raw(131, 200))
	require.EqualError(t, err, "etf: tag 200 at offset 1: malformed: unknown tag")
	_, err = etf.Decode(raw(131, 104, 1))
	require.EqualError(t, err, "etf: SMALL_TUPLE_EXT at offset 1: input ends inside the term: more elements announced "+
		"than bytes left")
	_, err = etf.Decode(raw(131))
	require.EqualError(t, err, "etf: offset 1: input ends inside the term")
}
