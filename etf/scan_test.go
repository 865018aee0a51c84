package etf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestCharactersAndEscapes(t *testing.T) {
	for src, want := range map[string]rune{
		`$a`: 'a', `$ `: ' ', "$\n": '\n', `$%`: '%', `$"`: '"', `$'`: '\'', `$é`: 'é', `$😀`: '😀', `$\\`: '\\',
		`$\n`: '\n', `$\r`: '\r', `$\t`: '\t', `$\v`: '\v', `$\b`: '\b', `$\f`: '\f', `$\e`: 27, `$\s`: ' ', `$\d`: 127,
		`$\q`: 'q', `$\é`: 'é', "$\\\n": '\n', `$\0`: 0, `$\7`: 7, `$\101`: 'A', `$\777`: 511, `$\x41`: 'A', `$\xfF`: 255,
		`$\x{41}`: 'A', `$\x{0001F600}`: '😀', `$\x{10FFFF}`: 0x10FFFF, `$\^A`: 1, `$\^z`: 26, `$\^[`: 27, "$\\^\n": '\n',
	} {
		require.Equal(t, etf.Int(want), parsed(t, src), src)
		if strings.HasPrefix(src, `$\`) {
			require.Equal(t, etf.Charlist("<"+string(want)+">"), parsed(t, `"<`+src[1:]+`>"`), src)
			require.Equal(t, etf.Atom("<"+string(want)+">"), parsed(t, `'<`+src[1:]+`>'`), src)
		}
	}
}

func TestEverythingThatErlangTakesForSpaceIsSpace(t *testing.T) {
	want := etf.Tuple{etf.Atom("a"), etf.Atom("b")}
	for c := rune(1); c <= ' '; c++ {
		require.Equal(t, want, parsed(t, fmt.Sprintf("{a%c,%cb}", c, c)))
	}
	for c := rune(0x80); c <= 0xA0; c++ {
		require.Equal(t, want, parsed(t, fmt.Sprintf("{%ca,b%c}", c, c)))
	}
	require.Equal(t, want, parsed(t, "% one } \" ' $\n{a % two\n,b}.% three"))
}

func TestOnlyADotBeforeSpaceEndsATerm(t *testing.T) {
	for _, src := range []string{"a.", "a.\n", "a. ", "a.\t", "a.%", "a.\u00a0", "a.\r\n"} {
		require.Equal(t, etf.Atom("a"), parsed(t, src))
	}
	for _, src := range []string{"a..", "a...", "a.b", "a.1", "a.\u00e9"} {
		_, err := etf.Parse(src)
		require.Error(t, err, src)
	}
	require.Equal(t, etf.Float(1.5), parsed(t, "1.5."))
	require.Equal(t, etf.Int(1), parsed(t, "1."))
}

func TestColumnsCountCharacters(t *testing.T) {
	for src, want := range map[string]string{
		"{é, '日本', \"😀\", X}":          "1:16: variable X is not a term",
		"\t\tX":                        "1:3: variable X is not a term",
		"{\"a\\\nb\", X}":              "2:5: variable X is not a term",
		"{$\n, X}":                     "2:3: variable X is not a term",
		"{\r\nX}":                      "2:1: variable X is not a term",
		"{\"\\x{1F600}\\101\\^A\", X}": "1:22: variable X is not a term",
		"{1_000, 16#F_F, 1.5e-3, X}":   "1:25: variable X is not a term",
		"\"\"\"\n é\n \"\"\" X":        "3:6: unexpected X behind the term",
	} {
		_, err := etf.Parse(src)
		require.EqualError(t, err, want, "%q", src)
	}
}

func TestErrorsNameTheTokenThatIsInTheWay(t *testing.T) {
	for token, want := range map[string]string{
		"b": "b", "'B c'": "'B c'", "X": "X", "end": "end", "12": "12", "1.50": "1.50", "1_0": "1_0", "16#Ff": "16#Ff",
		"$a": "$a", "$ ": `$\s`, `$\n`: `$\n`,
		`"a\nb"`: `"a\nb"`, `~"s"`: `~"s"`, "=>": "=>", "->": "->", "×": "×",
		strings.Repeat("x", 60):                strings.Repeat("x", 40) + "...",
		`"` + strings.Repeat("é", 60) + `"`:    `"` + strings.Repeat("é", 40) + `..."`,
		strings.Repeat("1", 60):                strings.Repeat("1", 40) + "...",
		"X" + strings.Repeat("x", 60):          "X" + strings.Repeat("x", 39) + "...",
		"'" + strings.Repeat("\\n", 200) + "'": "'" + strings.Repeat("\\n", 19) + "\\...",
	} {
		_, err := etf.Parse("a " + token)
		require.EqualError(t, err, "1:3: unexpected "+want+" behind the term")
	}
	_, err := etf.Parse("X" + strings.Repeat("x", 255))
	require.EqualError(t, err, "1:1: name of a variable longer than 255 characters")
}

// number writes something that looks like a number.
func (r *textRandom) number() string {
	digits := func(alphabet string) string {
		var b strings.Builder
		for range 1 + r.IntN(24) {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
			if r.IntN(12) == 0 {
				b.WriteByte('_')
			}
		}
		return b.String()
	}
	switch r.IntN(4) {
	case 0:
		return digits("0123456789")
	case 1:
		base := r.IntN(39)
		return fmt.Sprintf("%d#%s", base,
			digits("0123456789abcdefghijklmnopqrstuvwxyzABCXYZ"[:max(1, min(42, base+r.IntN(4)))]))
	case 2:
		return digits("0123456789") + "." + digits("0123456789")
	}
	exp := []string{"e", "E", "e-", "e+"}[r.IntN(4)] + fmt.Sprint(r.IntN(330))
	return fmt.Sprintf("%d.%s%s", r.IntN(10), digits("0123456789"), exp)
}

func TestRandomNumbersAreReadAsTheEmulatorReadsThem(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(10)
	var texts []string
	for range 30_000 {
		texts = append(texts, []string{"", "-", "+"}[r.IntN(3)]+r.number())
	}
	for i, v := range b.parse(texts) {
		got, err := etf.Parse(texts[i])
		b.sameVerdict(t, texts[i], v, []etf.Term{got}, err)
	}
}

func TestRandomEscapesAreReadAsTheEmulatorReadsThem(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(11)
	const pieces = `\ \ \x \x{ } { 0 1 7 8 a f F n r s d e ^ ^A ^a [ é 日 \\ \n \777 \x41 \x{1F600} \x{D800} \x{}`
	split := strings.Fields(pieces)
	var texts []string
	for range 20_000 {
		quote := []string{`"`, `'`}[r.IntN(2)]
		text := quote
		for range r.IntN(7) {
			text += split[r.IntN(len(split))]
		}
		texts = append(texts, text+quote, "$"+text[1:])
	}
	for i, v := range b.parse(texts) {
		got, err := etf.Parse(texts[i] + "\n.")
		b.sameVerdict(t, texts[i], v, []etf.Term{got}, err)
	}
}
