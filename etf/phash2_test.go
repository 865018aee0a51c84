package etf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/internal/termgen"
)

// What erlang:phash2(T, 4294967296) answers on OTP 25.
func TestPHash2IsThatOfErlang(t *testing.T) {
	for source, want := range map[string]uint32{
		`<<>>`: 147926629, `<<"a">>`: 1589197455, `<<"lobby">>`: 1753080461, `<<"topic">>`: 971076582,
		`<<"room:1">>`: 1231556617, `<<"users:1">>`: 4197853660, `<<"日本"/utf8>>`: 3822022147,
		`<<"abcdefghijklmnop">>`:                              3491374364,
		`<<"a-much-longer-topic-name-over-twelve-bytes:42">>`: 918175069,
		`"abc"`: 519996486, `[1,2,3]`: 4186538188, `{[]}`: 1775079505, `[[]]`: 499070068, `[]`: 3468870702, `foo`: 27999,
	} {
		term, err := etf.Parse(source)
		require.NoError(t, err)
		require.Equal(t, want, etf.PHash2(term), source)
	}
	require.EqualValues(t, 9, etf.PHash2Range(etf.Binary(nil), 10), "the whole hash modulo the range")
	require.EqualValues(t, 13708901, etf.PHash2(etf.Binary(nil))&(1<<27-1), "erlang:phash2/1")
}

func TestPHash2OfAnyTermIsThatOfARealNode(t *testing.T) {
	otp := release(t)
	native := func(t etf.Term) bool { _, ok := t.(*etf.Record); return ok }
	var terms etf.List
	for _, v := range vectors(t) {
		term, err := etf.Decode(v.bytes)
		if err == nil && v.file == fmt.Sprintf("otp%d.txt", otp) && !contains(term, native) {
			terms = append(terms, term)
		}
	}
	random := termgen.New(2)
	random.Identifiers = otp >= 24
	for range soak.Size(2000, 50_000) {
		if term := random.Term(); known(otp, term) && !contains(term, native) {
			terms = append(terms, term)
		}
	}
	for i, answer := range ask(t, "phash2", terms) {
		want, _ := answer.(etf.Int)
		require.EqualValues(t, want, etf.PHash2(terms[i]), "%s", etf.FormatMax(terms[i], 300))
	}
}

func TestPHash2OfADeepTermTakesNoStack(t *testing.T) {
	var deep etf.Term = etf.List{}
	for range 1_000_000 {
		deep = etf.List{deep}
	}
	require.NotZero(t, etf.PHash2(deep))
	require.Panics(t, func() { etf.PHash2Range(deep, 0) })
}
