package etf_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/internal/soak"
)

func TestTheEmulatorReadsWhatIsPrintedAsTheSameTerm(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(3)
	var terms []etf.Term
	var texts []string
	for range 10_000 {
		term := r.term(4)
		for _, p := range []etf.Printer{{}, {Plain: true}, {Latin1: true}} {
			terms, texts = append(terms, term), append(texts, p.Format(term))
		}
	}
	for i, v := range b.parse(texts) {
		require.NotNil(t, v.term, "%s: %s", texts[i], v.msg)
		require.True(t, etf.Equal(terms[i], v.term), "%s\n%s", texts[i], v.term)
	}
}

// notTheSame are texts that are not read alike by all releases from OTP 24 to OTP 29, and how we read them.
var notTheSame = map[string]struct {
	since, until int // the releases that read it as we do; until is the first that does not
	reason       string
}{
	`"""`:                   {27, 99, "quotes of a triple-quoted string"},
	`""""`:                  {27, 99, "quotes of a triple-quoted string"},
	`"""a"""`:               {27, 99, "quotes of a triple-quoted string"},
	`#{0.0=>a,-0.0=>b}`:     {27, 99, "the two zeros are different keys"},
	`~"a"`:                  {27, 99, "sigils"},
	`"a""b"`:                {0, 27, "strings need white space between them in later releases"},
	`$\^?`:                  {0, 27, "the control character of ? is 127 in later releases"},
	`maybe`:                 {0, 27, "a reserved word in later releases, which have to quote it"},
	`else`:                  {0, 27, "a reserved word in later releases, which have to quote it"},
	`<<(<<1>>):all/bytes>>`: {99, 99, "sizes are integers"},
	`<<$a:undefined/utf8>>`: {99, 99, "sizes are integers"},
}

func TestEveryOddTextIsReadOrRefusedAsTheEmulatorDoes(t *testing.T) {
	texts := oddTexts(t)
	b := startTextBridge(t)
	for i, v := range b.parse(texts) {
		t.Run(texts[i], func(t *testing.T) {
			got, err := etf.Parse(texts[i] + "\n.") // as the bridge does
			if rule, ok := notTheSame[texts[i]]; ok && (b.release < rule.since || b.release >= rule.until) {
				require.False(t, v.term != nil && err == nil && etf.Equal(v.term, got), "it is the same: %s", rule.reason)
				return
			}
			if b.release < 24 && b.readsOtherwise(texts[i]) {
				return
			}
			b.sameVerdict(t, texts[i], v, []etf.Term{got}, err)
		})
	}
}

// sameVerdict compares what the emulator says about a text with what we say.
func (b *textBridge) sameVerdict(t *testing.T, text string, v verdict, got []etf.Term, err error) {
	t.Helper()
	if v.term != nil {
		require.NoError(t, err, "%q is %s", text, v.term)
		require.Len(t, got, 1)
		require.True(t, etf.Equal(v.term, got[0]), "%q\nOTP    %s\ngonode %s", text, v.term, got[0])
		return
	}
	if v.module == "crash" {
		t.Logf("erl_scan crashes of %q, we say %v", text, err)
		return
	}
	require.Error(t, err, "%q is %s, but OTP says %s %s", text, got, v.module, v.msg)
	if b.release < 24 || b.release > 28 {
		return // their scanners and parsers put the blame on other places
	}
	var e *etf.ParseError
	require.ErrorAs(t, err, &e)
	ours := etf.Pos{Line: e.Line, Column: e.Column}
	about := "%q\nOTP    %v %s %s\ngonode %s"
	switch {
	case v.module == "file_io_server":
		// It found bytes that are not UTF-8 somewhere in what it has read ahead.
	case v.msg == `"bad term"`:
		// It only says where the whole term begins; of "a, b", where the second does.
		second := strings.HasSuffix(strings.TrimRight(textBefore(text, v.pos), " \t\r\n("), ",")
		require.False(t, before(ours, v.pos) && !second, about, text, v.pos, v.module, v.msg, e)
	default:
		// It finds out later where an expression could go on, and looks for bad characters in the rest of the text first.
		require.False(t, before(v.pos, ours), about, text, v.pos, v.module, v.msg, e)
	}
}

// textBefore is the text that stands before a position.
func textBefore(text string, pos etf.Pos) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:pos.Line-1], "") + string([]rune(lines[pos.Line-1])[:pos.Column-1])
}

func before(a, b etf.Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column }

// consultFiles are the files in testdata/consult that are terms, or nearly so.
func consultFiles(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"*.config", "*.app", "*.appup"} {
		names, err := filepath.Glob("testdata/consult/" + pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			files[name] = string(source)
		}
	}
	return files
}

func TestFilesAreConsultedAsTheEmulatorConsultsThem(t *testing.T) {
	b := startTextBridge(t)
	for name, source := range consultFiles(t) {
		t.Run(name, func(t *testing.T) {
			v := b.consult([]string{name})[0]
			got, err := etf.Consult(name, []byte(source))
			b.sameVerdict(t, source, v, []etf.Term{etf.List(got)}, err)
		})
	}
}

func TestSpoiledFilesAreConsultedAsTheEmulatorConsultsThem(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(4)
	var whole []string
	for _, source := range consultFiles(t) {
		whole = append(whole, source)
	}
	slices.Sort(whole)
	for _, text := range oddTexts(t) {
		if _, other := notTheSame[text]; !other {
			whole = append(whole, text+"\n.\n")
		}
	}
	dir := t.TempDir()
	var files, sources []string
	for i := range soak.Size(800, 3000) {
		source := r.spoil(whole[i%len(whole)])
		if b.readsOtherwise(source) {
			continue
		}
		name := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(name, []byte(source), 0o600))
		files, sources = append(files, name), append(sources, source)
	}
	for i, v := range b.consult(files) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			got, err := etf.Consult("", []byte(sources[i]))
			b.sameVerdict(t, sources[i], v, []etf.Term{etf.List(got)}, err)
		})
	}
}

// readsOtherwise tells whether a text may be one that other releases read otherwise: those of notTheSame, spoiled.
func (b *textBridge) readsOtherwise(text string) bool {
	var signs []string
	switch {
	case b.release < 24: // without floats of 16 bits, and with one zero
		signs = []string{"16/float", "0.0"}
	case b.release >= 27:
		signs = []string{`""`, `\^`, "maybe", "else"}
	}
	for _, sign := range append(signs, `"""`, "~") {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func TestEncodingCommentsMeanWhatTheyMeanToTheEmulator(t *testing.T) {
	b := startTextBridge(t)
	name := filepath.Join(t.TempDir(), "x")
	for comment, latin1 := range encodingComments {
		src := comment + "\"\xe9\".\n"
		require.NoError(t, os.WriteFile(name, []byte(src), 0o600))
		v := b.consult([]string{name})[0]
		require.Equal(t, latin1, v.term != nil, "%q", src)
		got, err := etf.Consult(name, []byte(src))
		b.sameVerdict(t, src, v, []etf.Term{etf.List(got)}, err)
	}
}

func TestNodesStandWhereTheEmulatorSeesThem(t *testing.T) {
	b := startTextBridge(t)
	r := newTextRandom(8)
	var texts []string
	var places [][]etf.Pos
	for range 5000 {
		text := r.layout(4)
		nodes, err := etf.ConsultNodes("", []byte(text+"\n."))
		require.NoError(t, err, text)
		var all []etf.Pos
		var walk func(n etf.Node)
		walk = func(n etf.Node) {
			all = append(all, n.Pos)
			for _, e := range n.Elems {
				walk(e)
			}
		}
		walk(nodes[0])
		texts, places = append(texts, text), append(places, all)
	}
	for i, want := range b.places(texts) {
		require.Equal(t, want, places[i], texts[i])
	}
}

// layout writes a random term over several lines, in ways that Format does not use.
func (r *textRandom) layout(depth int) string {
	space := func() string {
		return []string{"", "", "", " ", "\n", "\t ", " % x\n ", "\r\n", "\u00a0"}[r.IntN(9)]
	}
	leaves := []string{"a", "'é b'", "-1", "- 1", "+ $a", "1.5", `"st"`, `"s" "t"`, "\"l\n\"", `""`, "<<1,2:3>>",
		"fun m:f/1", "$\\x{41}", "'\\\n'"}
	if depth == 0 || r.IntN(4) == 0 {
		return leaves[r.IntN(len(leaves))]
	}
	parts := make([]string, r.IntN(4))
	for i := range parts {
		parts[i] = space() + r.layout(depth-1) + space()
	}
	all := strings.Join(parts, ",")
	switch r.IntN(5) {
	case 0:
		return "{" + all + space() + "}"
	case 1:
		for i := range parts {
			parts[i] += "=>" + space() + r.layout(depth-1)
		}
		return "#" + space() + "{" + strings.Join(parts, ",") + "}"
	case 2:
		if len(parts) > 0 {
			return "[" + all + "|" + space() + r.layout(depth-1) + space() + "]"
		}
	case 3:
		return "(" + space() + r.layout(depth-1) + ")"
	}
	return "[" + all + "]"
}

// spoil changes some characters of a text to others that mean something.
func (r *textRandom) spoil(text string) string {
	chars := []byte(text)
	const with = "{}[]()<<>>||,,..;:/-+=#%\"'$\\_ \n\t\r0129aefxAX@~\x00\xc3\xa9\xff"
	for range 1 + r.IntN(3) {
		at := r.IntN(len(chars) + 1)
		switch c := with[r.IntN(len(with))]; r.IntN(3) {
		case 0:
			chars = slices.Insert(chars, at, c)
		case 1:
			if at < len(chars) {
				chars = slices.Delete(chars, at, at+1)
			}
		default:
			if at < len(chars) {
				chars[at] = c
			}
		}
	}
	return string(chars)
}

// oddTexts are the texts of testdata/consult/texts.golden, without what they are read as.
func oddTexts(t testing.TB) (texts []string) {
	t.Helper()
	source, err := os.ReadFile("testdata/consult/texts.golden")
	require.NoError(t, err)
	for line := range strings.Lines(string(source)) {
		if !strings.HasPrefix(line, "    ") {
			texts = append(texts, strings.TrimSuffix(line, "\n"))
		}
	}
	return texts
}
