package etf_test

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

// foreignNumber is the number that the emulator gives to another node; ours is always 0.
var foreignNumber = regexp.MustCompile(`(<|#Port<|#Ref<)\d{4,6}\.`)

func TestRandomTermsArePrintedAsTheEmulatorPrintsThem(t *testing.T) {
	for _, mode := range []struct {
		flag   string
		latin1 bool
	}{{"unicode", false}, {"latin1", true}} {
		t.Run(mode.flag, func(t *testing.T) {
			b := startTextBridge(t, "+pc", mode.flag)
			r := newTextRandom(1)
			r.identities = true
			terms := make([]etf.Term, soak.Size(4_000, 20_000))
			for i := range terms {
				terms[i] = r.term(3)
			}
			for _, p := range b.print(terms) {
				require.Equal(t, foreignNumber.ReplaceAllString(p.pretty, "${1}0."),
					etf.Printer{Latin1: mode.latin1}.Format(p.term))
				require.Equal(t, foreignNumber.ReplaceAllString(p.wide, "${1}0."), etf.Printer{Plain: true}.Format(p.term))
			}
		})
	}
}

func TestFloatsArePrintedInTheShortestFormOfTheEmulator(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(2)
	terms := make([]etf.Term, 100_000)
	for i := range terms {
		terms[i] = r.float()
	}
	for _, p := range b.print(terms) {
		require.Equal(t, p.pretty, p.term.(etf.Float).String())
	}
}

func TestATableOfTermsIsPrintedAsTheEmulatorPrintsIt(t *testing.T) {
	var terms []etf.Term
	add := func(more ...etf.Term) { terms = append(terms, more...) }
	for _, word := range strings.Fields(`after and andalso band begin bnot bor bsl bsr bxor case catch cond div end fun if let not of
		or orelse receive rem try when xor maybe_ elsE true nil Elixir.Foo a@b.c éa àé Éa ñ÷ ÷ × ß ÿ a1 1a _a A aB a-b`) {
		add(etf.Atom(word))
	}
	for c := range rune(0x200) {
		add(etf.Atom(string(c)), etf.Atom("a"+string(c)), etf.Charlist("a"+string(c)), etf.Binary(string(c)),
			etf.Binary{byte(c)},
			etf.Binary("a"+string(c)), etf.List{etf.Int(c)}, etf.List{etf.Int(c), etf.Atom("a")})
	}
	for _, c := range []rune{0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10FFFF} {
		add(etf.List{etf.Int(c)}, etf.Binary(string(c)), etf.Binary(string(c)+"a"))
	}
	add(etf.List{etf.Int(0xD800)}, etf.List{etf.Int(0x110000)}, etf.List{etf.Int(-1)},
		etf.List{etf.Int('a'), etf.Float(98)},
		etf.Binary("\xff\xfe"), etf.Binary("a\xc3"), etf.Binary("\xc3\xa9\xff"), etf.Binary("\xed\xa0\x80"),
		etf.Binary("\xc3\xa9\x00"))
	for exp := -30; exp <= 30; exp++ {
		for _, f := range []float64{1, -1, 1.5, 9.99, 123, 1234567, 123456789012345678} {
			add(etf.Float(f * math.Pow10(exp)))
		}
	}
	add(etf.Float(0), etf.Float(math.Copysign(0, -1)), etf.Float(math.MaxFloat64), etf.Float(math.SmallestNonzeroFloat64))
	add(etf.ImproperList{Elems: []etf.Term{etf.Int(97)}, Tail: etf.Int(98)},
		etf.Tuple{etf.List{}, etf.Tuple{}, etf.Map{}, etf.Binary{}, etf.Charlist("x\"'\\")},
		etf.Bitstring{Data: []byte("abc\x80"), Bits: 1}, etf.Bitstring{Data: []byte{0x60}, Bits: 3},
		etf.Export{Module: "Elixir.Enum", Function: "map", Arity: 2}, etf.Export{Module: "erlang", Function: "+", Arity: 255},
		&etf.Fun{Module: "Elixir.Foo Bar", OldIndex: etf.Int(3), OldUniq: etf.Int(99),
			Pid: etf.Pid{Node: "a@b", ID: 1, Creation: 1}})

	for _, mode := range []struct {
		flag   string
		latin1 bool
	}{{"unicode", false}, {"latin1", true}} {
		b := startTextBridge(t, "+pc", mode.flag)
		for i, p := range b.print(terms) {
			require.Equal(t, p.pretty, etf.Printer{Latin1: mode.latin1}.Format(terms[i]))
			require.Equal(t, p.wide, etf.Printer{Plain: true}.Format(terms[i]))
		}
	}
}

func TestEveryTypeOfTermPrintsItself(t *testing.T) {
	huge := etf.NewBigInt(new(big.Int).Lsh(big.NewInt(-1), 70))
	for _, c := range []struct {
		term fmt.Stringer
		want string
	}{
		{etf.Atom("it's"), `'it\'s'`}, {etf.Int(-1), "-1"}, {huge.(*etf.BigInt), "-1180591620717411303424"},
		{etf.Float(1), "1.0"},
		{etf.Binary("é\n"), `<<"é\n"/utf8>>`}, {etf.Binary{0, 255}, "<<0,255>>"},
		{etf.Bitstring{Data: []byte{255, 160}, Bits: 3}, "<<255,5:3>>"},
		{etf.Charlist("text"), `"text"`}, {etf.List{etf.Int(1)}, "[1]"}, {etf.List(nil), "[]"}, {etf.Tuple(nil), "{}"},
		{etf.Map(nil), "#{}"},
		{etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: etf.Atom("a")}, "[alias|a]"},
		{etf.Tuple{etf.Atom("ok"), etf.List{}}, "{ok,[]}"},
		{etf.Map{{Key: etf.Atom("b"), Value: etf.Int(1)}, {Key: etf.Atom("a"), Value: etf.Int(2)}}, "#{b => 1,a => 2}"},
		{etf.Pid{Node: "a@b", ID: 12, Serial: 3, Creation: 99}, "<0.12.3>"}, {etf.Port{Node: "a@b", ID: 5}, "#Port<0.5>"},
		{etf.Ref{Node: "a@b", Len: 3, Words: [5]uint32{3, 2, 1}}, "#Ref<0.1.2.3>"},
		{&etf.Fun{Module: "m\n", OldIndex: etf.Int(1), OldUniq: etf.Int(2)}, `#Fun<m\n.1.2>`},
		{etf.Export{Module: "m", Function: "end", Arity: 1}, "fun m:'end'/1"},
		{&etf.Record{Module: "geo", Name: "point", Fields: []etf.Atom{"x", "Y"},
			Values: []etf.Term{etf.Int(1), etf.Atom("b c")}}, "#geo:point{x = 1,'Y' = 'b c'}"},
	} {
		require.Equal(t, c.want, c.term.String())
		require.Equal(t, c.want, fmt.Sprint(c.term))
		require.Equal(t, "x"+c.want, string(etf.AppendText([]byte("x"), c.term.(etf.Term))))
	}
}

func TestTheReservedWordsOfLaterReleasesAreQuoted(t *testing.T) {
	require.Equal(t, "{'maybe','else'}", etf.Format(etf.Tuple{etf.Atom("maybe"), etf.Atom("else")}))
}

func TestWhatIsNoTermIsPrintedTooAndDoesNotPanic(t *testing.T) {
	require.Equal(t, "{<nil>,<nil>,<nil>,<nil>,nan,+Inf,-Inf}", etf.Format(etf.Tuple{
		nil, (*etf.BigInt)(nil), (*etf.Fun)(nil), (*etf.Record)(nil), etf.Float(math.NaN()), etf.Float(math.Inf(1)),
		etf.Float(math.Inf(-1))}))
	require.Equal(t, "[|<nil>]", etf.Format(etf.ImproperList{}))
	require.Equal(t, "<<1,2>>", etf.Format(etf.Bitstring{Data: []byte{1, 2}}))
	require.Equal(t, "<<>>", etf.Format(etf.Bitstring{Bits: 3}))
	require.Equal(t, "#Ref<0.0.0.0.0.0>", etf.Format(etf.Ref{Len: 200}))
	require.Equal(t, "#'':''{}", etf.Format(&etf.Record{Fields: []etf.Atom{"x"}}))
	require.Equal(t, "'\ufffd'", etf.Format(etf.Atom("\xff")))
}

func TestALimitedTextIsThePrefixOfTheWholeOne(t *testing.T) {
	r := newTextRandom(6)
	r.identities = true
	for range 20_000 {
		term := r.term(3)
		for _, p := range []etf.Printer{{}, {Plain: true}, {Latin1: true}} {
			whole := p.Format(term)
			p.Max = 1 + r.IntN(60)
			text := p.Format(term)
			require.Equal(t, "x"+text, string(p.Append([]byte("x"), term)))
			if len(whole) <= p.Max {
				require.Equal(t, whole, text)
				continue
			}
			require.LessOrEqual(t, len(text), p.Max)
			require.True(t, utf8.ValidString(text), "%q", text)
			shown, _, cut := strings.Cut(text, "..."[:min(3, p.Max)])
			require.True(t, cut, text)
			if p.Plain { // else a list may be shown as a text, because of what is shown of it
				require.True(t, strings.HasPrefix(whole, shown), "%s\n%s", whole, text)
			}
		}
	}
}

func TestALimitedTextCostsWhatIsShown(t *testing.T) {
	list := make(etf.List, 1_000_000)
	chars := make(etf.List, len(list))
	for i := range list {
		list[i], chars[i] = etf.Int(-i), etf.Int('a')
	}
	pairs := make(etf.Map, len(list))
	for i := range pairs {
		pairs[i] = etf.MapPair{Key: list[i], Value: list[i]}
	}
	digits := etf.NewBigInt(new(big.Int).Lsh(big.NewInt(1), 1<<24))
	for term, want := range map[fmt.Stringer]string{
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{etf.Binary(make([]byte, 1<<24))}}: "#'':r{x = <<0,0,0...",
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{etf.Binary(strings.Repeat("é", 1<<20))}}: `#'':r{x = <<"éé...`,
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{list}}: "#'':r{x = [0,-1,-...",
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{chars}}: `#'':r{x = "aaaaaa...`,
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{pairs}}: "#'':r{x = #{0 => ...",
		&etf.Record{Name: "r", Fields: []etf.Atom{"x"},
			Values: []etf.Term{digits}}: "#'':r{x = ...}",
	} {
		var got string
		cost := testing.AllocsPerRun(1, func() { got = etf.FormatMax(term.(etf.Term), 20) })
		require.LessOrEqual(t, cost, 12.0)
		require.Equal(t, want, got)
	}
}

func BenchmarkFormat(b *testing.B) {
	r := newTextRandom(7)
	terms := make([]etf.Term, 100)
	for i := range terms {
		terms[i] = r.term(4)
	}
	var dst []byte
	for b.Loop() {
		for _, t := range terms {
			dst = etf.AppendText(dst[:0], t)
		}
	}
}
