package etf_test

import (
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

func parsed(t testing.TB, src string) etf.Term {
	t.Helper()
	term, err := etf.Parse(src)
	require.NoError(t, err, "%s", src)
	return term
}

func TestATermIsReadFromItsSource(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	atom := func(names ...etf.Atom) (terms []etf.Term) {
		for _, name := range names {
			terms = append(terms, name)
		}
		return terms
	}
	for src, want := range map[string]etf.Term{
		`ok`:                                etf.Atom("ok"),
		` ok . % with a dot`:                etf.Atom("ok"),
		`'Elixir.My App'`:                   etf.Atom("Elixir.My App"),
		`maybe`:                             etf.Atom("maybe"),
		`1_000`:                             etf.Int(1000),
		`16#ff`:                             etf.Int(255),
		`-36#Z`:                             etf.Int(-35),
		`$a`:                                etf.Int('a'),
		`$\x{1F600}`:                        etf.Int(0x1F600),
		`-9223372036854775808`:              etf.Int(-1 << 63),
		`123456789012345678901234567890`:    etf.NewBigInt(huge),
		`1.5e-3`:                            etf.Float(0.0015),
		`"a" "b\n"`:                         etf.Charlist("ab\n"),
		`""`:                                etf.List{},
		`<<"é"/utf8, 1:4, 2:3>>`:            etf.Bitstring{Data: []byte{0xC3, 0xA9, 0x14}, Bits: 7},
		`<<258:16/little, (<<3>>)/binary>>`: etf.Binary{2, 1, 3},
		`{a, [b|c], #{d => e}}`: etf.Tuple{etf.Atom("a"), etf.ImproperList{Elems: atom("b"), Tail: etf.Atom("c")},
			etf.Map{{Key: etf.Atom("d"), Value: etf.Atom("e")}}},
		`[a|[b|([c|"d"])]]`: append(etf.List(atom("a", "b", "c")), etf.Int('d')),
		`#{a => 1, b => 2, a => 3, a => 4}`: etf.Map{{Key: etf.Atom("a"), Value: etf.Int(4)},
			{Key: etf.Atom("b"), Value: etf.Int(2)}},
		`#{1 => a, 1.0 => b}`: etf.Map{{Key: etf.Int(1), Value: etf.Atom("a")},
			{Key: etf.Float(1), Value: etf.Atom("b")}},
		`fun lists:'Map'/2`: etf.Export{Module: "lists", Function: "Map", Arity: 2},
	} {
		require.True(t, etf.Equal(want, parsed(t, src)), "%s is %s", src, parsed(t, src))
	}
}

func TestAParseErrorSaysWhereAndWhat(t *testing.T) {
	for src, want := range map[string]string{
		``:                "1:1: expected a term before the end",
		"% nothing\n":     "1:1: expected a term before the end",
		`{a, b`:           "1:5: expected , or } before the end",
		`{a, b.`:          "1:6: expected , or } before .",
		"[é,\n 'ü', x y]": "2:9: expected , | or ] before y",
		`#{a => 1`:        "1:8: expected , or } before the end",
		`#{a := 1}`:       "1:5: expected => before :=",
		`<<1, 2`:          "1:6: expected , or >> before the end",
		`"abc`:            "1:1: unterminated string",
		"{a,\n  'abc}":    "2:3: unterminated quoted atom",
		`$`:               "1:1: unterminated character",
		`{ok, State}`:     "1:6: variable State is not a term",
		`[after]`:         "1:2: after is a reserved word: the atom is 'after'",
		`#state{}`:        "1:1: record #state is not a term",
		`{#Ref<0.1.2>}`:   "1:2: #Ref cannot be read from text",
		`{<0.1.2>}`:       "1:2: expected a term before <: pids cannot be read from text",
		`fun f/1`: "1:6: unexpected / in a fun: the only fun that is a term is fun " +
			"Module:Function/Arity",
		`fun() -> ok end`: "1:4: unexpected ( in a fun: the only fun that is a term is fun " +
			"Module:Function/Arity",
		`fun m:f/256`:                        "1:9: arity 256 is not an integer of 0 to 255",
		`- a`:                                "1:3: expected a number behind - before a",
		`-(-1)`:                              "1:2: expected a number behind -",
		`1 + 2`:                              "1:3: unexpected + behind the term",
		`a. b`:                               "1:4: unexpected b behind the term",
		`"\x{110000}"`:                       "1:2: illegal escape sequence: there is no such character",
		`"a\xg"`:                             `1:3: illegal escape sequence: \x needs two hexadecimal digits, or some in {}`,
		"\"\uFFFE\"":                         "1:2: illegal character U+FFFE",
		"% \uFFFF":                           "1:3: illegal character U+FFFF",
		"a, \xff":                            "1:2: unexpected , behind the term",
		"{a, \xff}":                          "1:5: invalid UTF-8",
		"37#1":                               "1:1: 37 is no base: bases are 2 to 36",
		"16#G":                               "1:1: no digit of base 16 behind 16#",
		"1.0e999":                            "1:1: float out of range",
		"1.0e+":                              "1:1: float without digits in its exponent",
		"<<X:8>>":                            "1:3: variable X is not a term",
		"<<1:a>>":                            "1:3: size of a segment is not an integer of 0 or more: a",
		"<<a>>":                              "1:3: value of a segment is not an integer: a",
		"<<1/utf9>>":                         "1:5: unknown type utf9 of a segment",
		"<<1:8/big-little>>":                 "1:11: a segment cannot be both big and little",
		"<<#{}>>":                            "1:3: a map cannot be a segment of a binary",
		"<<1:100000000000>>":                 "1:3: binaries of more than 16777216 bytes",
		"'" + strings.Repeat("x", 256) + "'": "1:1: atom longer than 255 characters",
		strings.Repeat("é", 256):             "1:1: atom longer than 255 characters",
		`~x"a"`:                              "1:1: unknown sigil ~x",
		`~b 1`:                               "1:3: a sigil needs a string behind ~b",
		`~"a"x`:                              "1:5: a sigil with the suffix x is not a term",
		"\"\"\"\n a\n":                       "1:1: unterminated triple-quoted string",
		"\"\"\"x\n\"\"\"":                    `1:4: only white space may stand on the line behind """`,
		"\"\"\"\n  a\n b\n  \"\"\"":          "3:1: line is indented less than the closing quotes of its string",
	} {
		term, err := etf.Parse(src)
		require.EqualError(t, err, want, "%q", src)
		require.Nil(t, term)
	}
}

func TestTripleQuotedStringsLoseTheirIndentation(t *testing.T) {
	for src, want := range map[string]string{
		"\"\"\"\n\"\"\"":                             "",
		"\"\"\"\nabc\n\"\"\"":                        "abc",
		"\"\"\" \t\n  abc\n\n   d\\n\"e\"\n  \"\"\"": "abc\n\n d\\n\"e\"",
		"\"\"\"\"\n\"\"\"\n\"\"\"\"":                 "\"\"\"",
		"\"\"\"\n  \"\" \"\n  \"\"\"":                "\"\" \"",
		"\"\"\"\r\n\ta\r\n\tb\r\n\t\"\"\"":           "a\r\nb",
		"\"\"\"\n\n\"\"\"":                           "",
		"\"\"\"\n\n\n\"\"\"":                         "\n",
		"\"x\"\n\"\"\"\ny\n\"\"\" \"z\"":             "xyz",
		"~s\"\"\"\n  a\\tb\\\"\\\"\\\"\n  \"\"\"":    "a\tb\"\"\"",
		"~S\"\"\"\n  a\\tb\n  \"\"\"":                "a\\tb",
		`~s(a\tb\)c)`:                                "a\tb)c",
		`~S{a\tb\}c}`:                                `a\tb}c`,
	} {
		require.True(t, etf.Equal(etf.Charlist(want), parsed(t, src)), "%s is %s", src, parsed(t, src))
	}
	for src, want := range map[string]string{
		`~"é\t"`: "é\t", `~b[é\t]`: "é\t", `~B<é\t\>>`: `é\t>`, `~B|x|`: "x", `~'it'`: "it",
		"~\"\"\"\n\té\\t\n\t\"\"\"":  `é\t`,
		"~b\"\"\"\n\té\\t\n\t\"\"\"": "é\t",
	} {
		require.Equal(t, etf.Binary(want), parsed(t, src), src)
	}
}

func TestConsultReadsEveryTermOfAFile(t *testing.T) {
	terms, err := etf.Consult("counter.config", []byte("%% two\n{a, 1}.\n\n\"b\".% no newline"))
	require.NoError(t, err)
	require.Equal(t, []etf.Term{etf.Tuple{etf.Atom("a"), etf.Int(1)}, etf.Charlist("b")}, terms)

	terms, err = etf.Consult("empty", nil)
	require.NoError(t, err)
	require.Empty(t, terms)
}

func TestConsultNamesTheFileInItsErrors(t *testing.T) {
	for src, want := range map[string]string{
		"{a}.\n{b, c d}.\n":   "x.config:2:7: expected , or } before d",
		"{a}\n{b}.\n":         "x.config:2:1: expected . before {",
		"{a}.{b}.\n":          "x.config:1:4: a dot ends a term only with white space behind it",
		"{a}.\n{b}\n\n % c\n": "x.config:2:3: expected . before the end",
		"a.\n\"b\n":           "x.config:2:1: unterminated string",
	} {
		terms, err := etf.Consult("x.config", []byte(src))
		require.EqualError(t, err, want)
		require.Nil(t, terms)
		var e *etf.ParseError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "x.config", e.File)

		_, err = etf.ConsultNodes("x.config", []byte(src))
		require.EqualError(t, err, want)
	}
}

// encodingComments are beginnings of files, and whether they make Latin-1 of the rest.
var encodingComments = map[string]bool{
	"":                                  false,
	"%% coding: latin-1\n":              true,
	"%% -*- coding: latin-1 -*-\n":      true,
	"\n  % x coding = Latin-1-unix y\n": true,
	"% coding, coding:latin-1\n":        true,
	"% codcoding:latin-1\n":             true,
	"% encoding:latin-1\n":              true,
	"\n\n% coding: latin-1\n":           false,
	"% coding: latin1\n":                false,
	"% coding: latin-11\n":              false,
	"% coding: iso-8859-1\n":            false,
	"% coding: utf-8 coding: latin-1\n": false,
	"% coding: \n% coding: latin-1\n":   false,
	"% coding latin-1\n":                false,
	"% coding\t: latin-1\n":             false,
	"% coding\n":                        false,
	"% coding\n%coding:latin-1\n":       true,
	"'%'. % coding: latin-1\n":          true,
	"'coding: latin-1'. %\n":            false,
	"% " + strings.Repeat("x", 492) + "coding: latin-1 \n": true,
	"% " + strings.Repeat("x", 495) + "coding: latin-1 \n": false,
	"% " + strings.Repeat("x", 496) + "coding: latin-1 \n": false,
	"% " + strings.Repeat("x", 520) + "coding: latin-1 \n": false,
}

func TestAnEncodingCommentIsHonouredInTheFirstTwoLines(t *testing.T) {
	for comment, latin1 := range encodingComments {
		src := comment + "\"é\".\n"
		if latin1 {
			src = comment + "\"\xe9\".\n"
		}
		terms, err := etf.Consult("x", []byte(src))
		require.NoError(t, err, "%q", comment)
		require.Equal(t, etf.Charlist("é"), terms[len(terms)-1])
	}
}

func TestNodesTellWhereEveryPartOfATermStands(t *testing.T) {
	nodes, err := etf.ConsultNodes("counter.appup", []byte(
		"{\"2.0\",\n [{é, [x|[y|\"zz\"]]}],\n #{k => [a|b], k => -1}}.\nlast.\n"))
	require.NoError(t, err)
	require.Len(t, nodes, 2)

	var lines []string
	var walk func(n etf.Node, indent string)
	walk = func(n etf.Node, indent string) {
		lines = append(lines, fmt.Sprintf("%s%d:%d %s", indent, n.Pos.Line, n.Pos.Column, n.Term))
		for _, e := range n.Elems {
			walk(e, indent+"  ")
		}
	}
	walk(nodes[0], "")
	walk(nodes[1], "")
	require.Equal(t, strings.TrimSpace(`
1:1 {"2.0",[{é,[x,y,122,122]}],#{k => -1}}
  1:2 "2.0"
  2:2 [{é,[x,y,122,122]}]
    2:3 {é,[x,y,122,122]}
      2:4 é
      2:7 [x,y,122,122]
        2:8 x
        2:11 y
        2:13 122
        2:13 122
  3:2 #{k => -1}
    3:4 k
    3:9 [a|b]
      3:10 a
      3:12 b
    3:16 k
    3:21 -1
4:1 last`), strings.Join(lines, "\n"))
}

func TestDeepAndLargeTextsAreBounded(t *testing.T) {
	nest := func(open, inner, end string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	const n = 50_000
	for _, brackets := range [][2]string{
		{"[", "]"}, {"{", "}"}, {"#{a=>", "}"}, {"#{", "=>c}"}, {"(", ")"}, {"[a|{", "}]"}, {"-(", ")"},
	} {
		_, err := etf.Parse(nest(brackets[0], "a", brackets[1], n))
		if brackets[0] == "-(" {
			require.ErrorContains(t, err, "expected a number behind -")
			continue
		}
		require.NoError(t, err)
	}
	inBinaries := parsed(t, nest("<<(", "<<1>>", ")/binary>>", n))
	require.Equal(t, etf.Binary{1}, inBinaries)
	deepest := parsed(t, nest("[", "{}", "]", n))
	require.Equal(t, nest("[", "{}", "]", n), etf.Format(deepest))
	_, err := etf.Parse(nest("[", "", "", n))
	require.EqualError(t, err, fmt.Sprintf("1:%d: expected a term before the end", n))

	_, err = etf.Parse(strings.Repeat(" ", 16<<20) + "a")
	require.EqualError(t, err, "1:1: source of more than 16777216 bytes")

	_, err = etf.Parse("<<" + strings.Repeat("0:100000000,", 6) + "0>>")
	require.ErrorContains(t, err, "binaries of more than")
	_, err = etf.Parse("<<\"" + strings.Repeat("x", 1000) + "\":1000000/little>>")
	require.ErrorContains(t, err, "binaries of more than")
	_, err = etf.Parse("{" + strings.Repeat("<<0:100000000>>,", 6) + "a}")
	require.ErrorContains(t, err, "binaries of more than")
}

func TestALongTailIsNoDepth(t *testing.T) {
	const n = 100_000
	list := parsed(t, strings.Repeat("[a|(", n)+"b"+strings.Repeat(")]", n)).(etf.ImproperList)
	require.Len(t, list.Elems, n)
	require.Equal(t, etf.Atom("b"), list.Tail)
	require.Len(t, parsed(t, strings.Repeat("[a|", n)+"[]"+strings.Repeat("]", n)), n)
}

func TestIntegersOfManyDigits(t *testing.T) {
	for _, n := range []int{511, 512, 513, 5000, 100_000} {
		want := new(big.Int).Sub(new(big.Int).Exp(big.NewInt(7), big.NewInt(int64(n)), nil), big.NewInt(1))
		for _, base := range []int{2, 7, 10, 16, 36} {
			src := fmt.Sprintf("-%d#%s", base, want.Text(base))
			require.True(t, etf.Equal(etf.NewBigInt(new(big.Int).Neg(want)), parsed(t, src)), "%d digits of base %d", n, base)
		}
	}
	limit := new(big.Int).Lsh(big.NewInt(1), 8*(512<<10))
	_, err := etf.Parse(limit.String())
	require.EqualError(t, err, "1:1: integer of more than 524288 bytes")
	_, err = etf.Parse("16#" + strings.Repeat("F", 8*(512<<10)+1))
	require.EqualError(t, err, "1:1: integer of more than 524288 bytes")
	largest := limit.Sub(limit, big.NewInt(1))
	require.True(t, etf.Equal(etf.NewBigInt(largest), parsed(t, largest.String())))
	require.Equal(t, etf.Int(7), parsed(t, strings.Repeat("0", 10_000_000)+"7"))
}

func TestWhatIsPrintedIsReadBackAsTheSameTerm(t *testing.T) {
	r := newTextRandom(5)
	for range soak.Size(5_000, 20_000) {
		term := r.term(5)
		for _, p := range []etf.Printer{{}, {Plain: true}, {Latin1: true}} {
			text := p.Format(term)
			require.True(t, etf.Equal(term, parsed(t, text)), "%s", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range oddTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, src string) {
		term, err := etf.Parse(src)
		if err != nil {
			require.IsType(t, &etf.ParseError{}, err)
			return
		}
		_, err = etf.Append(nil, term)
		require.NoError(t, err)
		text := etf.Format(term)
		if len(text) > 1<<20 {
			return // a few characters can ask for a binary that takes more text than Parse reads
		}
		again, err := etf.Parse(text)
		require.NoError(t, err, "%s", text)
		require.True(t, etf.Equal(term, again), "%s\n%s", text, etf.Format(again))
	})
}

func FuzzConsult(f *testing.F) {
	for _, source := range consultFiles(f) {
		f.Add([]byte(source))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		terms, err := etf.Consult("x", src)
		nodes, nodesErr := etf.ConsultNodes("x", src)
		require.Equal(t, err, nodesErr)
		require.Len(t, nodes, len(terms))
		lines := 1 + strings.Count(string(src), "\n")
		if e, ok := err.(*etf.ParseError); ok {
			require.True(t, e.Line >= 1 && e.Line <= lines && e.Column >= 1, "%v of %d lines", e, lines)
		}
		for i, n := range nodes {
			require.True(t, etf.Equal(terms[i], n.Term))
			require.True(t, n.Pos.Line >= 1 && n.Pos.Line <= lines && n.Pos.Column >= 1)
		}
	})
}

// TestOddTextsReadAsWritten compares with testdata/consult/texts.golden, in which every text is followed by what it is
// read as. UPDATE_GOLDEN=1 writes the file anew; that the emulator agrees is the matter of another test.
func TestOddTextsReadAsWritten(t *testing.T) {
	var b strings.Builder
	for _, text := range oddTexts(t) {
		term, err := etf.Parse(text)
		if err != nil {
			fmt.Fprintf(&b, "%s\n    error %v\n", text, err)
		} else {
			fmt.Fprintf(&b, "%s\n    %T %s\n", text, term, etf.Format(term))
		}
	}
	const name = "testdata/consult/texts.golden"
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}
