package etf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestSegmentsBecomeBits(t *testing.T) {
	for src, want := range map[string]string{
		"<<>>":                                     "<<>>",
		"<<1, 300, -1>>":                           "<<1,44,255>>",
		"<<1:3, 2:5>>":                             "<<34>>",
		"<<1:3>>":                                  "<<1:3>>",
		"<<16#123:12/little>>":                     "<<35,1:4>>",
		"<<16#12345:20/little-unsigned>>":          "<<69,35,1:4>>",
		"<<258:16/big, 258:16/little-signed>>":     "<<1,2,2,1>>",
		"<<2:2/unit:8>>":                           "<<0,2>>",
		"<<1.0/float>>":                            "<<63,240,0,0,0,0,0,0>>",
		"<<1.0:32/float-little, 1:16/float>>":      "<<0,0,128,63,60,0>>",
		"<<\"é€\"/utf8>>":                          "<<195,169,226,130,172>>",
		"<<\"€\", \"€\":16>>":                      "<<172,32,172>>",
		"<<\"😀\"/utf16, $a/utf16-little>>":         "<<216,61,222,0,97,0>>",
		"<<\"a\"/utf32, $a/little-utf32>>":         "<<0,0,0,97,97,0,0,0>>",
		"<<(<<1,2,3>>):2/binary, (<<5:3>>)/bits>>": "<<1,2,5:3>>",
		"<<5:3, (<<1,2>>)/bytes>>":                 "<<160,32,2:3>>",
		"<<(<<1,2>>):1/binary-unit:16>>":           "<<1,2>>",
		"<<\"\", \"\":4, \"\"/utf8, \"\"/float>>":  "<<>>",
		"<<(1), (\"a\" \"b\"), -(1)>>":             "<<1,97,98,255>>",
	} {
		require.Equal(t, want, etf.Printer{Plain: true}.Format(parsed(t, src)), src)
	}
}

func TestASegmentThatMakesNoBitsIsRefused(t *testing.T) {
	for src, want := range map[string]string{
		"<<1/unit:8>>":            "1:3: a segment with a unit needs a size",
		"<<1/utf8-unit:8>>":       "1:3: a segment with a unit needs a size",
		"<<1:8/utf8>>":            "1:3: a segment of type utf8 has neither size nor unit",
		"<<1.0:8/float>>":         "1:3: a float of 8 bits: it can have 16, 32 or 64",
		"<<1, \"\":a>>":           "1:6: size of a segment is not an integer of 0 or more: a",
		"<<1:(-1)>>":              "1:3: size of a segment is not an integer of 0 or more: -1",
		"<<1:#{}>>":               "1:5: a map cannot be the size of a segment",
		"<<1:8/unit:0>>":          "1:12: expected a unit of 1 to 256 before 0",
		"<<1:8/unit>>":            "1:11: expected : behind unit before >>",
		"<<1:8/unit:2-unit:3>>":   "1:19: a segment cannot have both unit 2 and unit 3",
		"<<(<<>>)/bytes-unit:2>>": "1:21: a segment cannot have both unit 8 and unit 2",
		"<<1:8/1>>":               "1:7: expected a type of a segment before 1",
		"<<1.5>>":                 "1:3: value of a segment is not an integer: 1.5",
		"<<a/float>>":             "1:3: value of a segment is not a number that fits a float: a",
		"<<16#D800/utf8>>":        "1:3: value of a segment is not a character: 55296",
		"<<1/binary>>":            "1:3: value of a segment is not a binary: 1",
		"<<\"a\"/binary>>":        "1:3: value of a segment is not a binary: \"a\"",
		"<<(<<1:1>>)/binary>>":    "1:3: a binary of 1 bits is not made of units of 8",
		"<<(<<1>>):2/binary>>":    "1:3: a binary of 8 bits is shorter than its segment of 16",
		"<<1" + strings.Repeat("0", 400) + "/float>>": "1:3: value of a segment is not a number that fits a float: ...",
	} {
		_, err := etf.Parse(src)
		require.EqualError(t, err, want, src)
	}
}

// segment writes a segment of a binary that mostly makes sense.
func (r *textRandom) segment() string {
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	size := pick("", "", fmt.Sprintf(":%d", r.IntN(80)), fmt.Sprintf(":%d", r.IntN(12)), ":16", ":(8)")
	unit := pick("", "", "", fmt.Sprintf("-unit:%d", 1+r.IntN(17)))
	order := pick("", "", "-little", "-big", "-native")
	switch r.IntN(6) {
	case 0:
		number := pick(etf.Format(r.float()), etf.Format(r.integer()))
		return number + pick("", ":64", ":32", ":16", ":16", ":16") + "/float" + order
	case 1:
		return fmt.Sprintf("%q", "a"+pick("é", "€", "😀", "\u0301")) + pick("/utf8", "/utf16", "/utf32", "", size)
	case 2:
		return pick("$a", "$€", "-5", "16#D7FF", "16#FFFE", "16#110000") + pick("/utf8", "/utf16", "/utf32") + order
	case 3:
		bits := r.IntN(30)
		return fmt.Sprintf("(<<%d:%d>>)%s/%s%s", r.Uint32(), bits, size, pick("binary", "bits", "bytes", "bitstring"), unit)
	}
	return etf.Format(r.integer()) + size + "/integer" + order + pick("", "-signed", "-unsigned") + unit
}

func TestRandomSegmentsMakeTheBitsThatTheEmulatorMakes(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(9)
	var texts []string
	for range 10_000 {
		segments := make([]string, 1+r.IntN(3))
		for i := range segments {
			segments[i] = r.segment()
		}
		texts = append(texts, "<< "+strings.Join(segments, ",")+" >>")
	}
	read := 0
	for i, v := range b.parse(texts) {
		got, err := etf.Parse(texts[i])
		b.sameVerdict(t, texts[i], v, []etf.Term{got}, err)
		if err == nil {
			read++
		}
	}
	require.Greater(t, read, 3000)
}
