package etf

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// noQuote stands for a text without a quote character that would have to be escaped.
const noQuote = rune(-1)

// writeFlatList writes a list without elements, and as "..." one whose elements are all printable characters.
// io_lib:printable_list/1. Other lists it does not write.
func (w *textWriter) writeFlatList(l List) bool {
	if len(l) == 0 {
		w.str("[]")
		return true
	}
	if w.plain || !w.printableList(l) {
		return false
	}
	w.byte('"')
	for _, t := range l[:w.maxElements(len(l))] {
		w.buf = appendCharText(w.buf, rune(t.(Int)), '"')
	}
	w.byte('"')
	return true
}

func (w *textWriter) printableList(l List) bool {
	for _, t := range l[:max(1, w.maxElements(len(l)))] {
		c, ok := t.(Int)
		if !ok || c < 0 || c > utf8.MaxRune || !w.printable(rune(c)) {
			return false
		}
	}
	return true
}

// printable tells whether c counts as a printable character. io_lib:printable_unicode_list/1, printable_latin1_list/1.
func (w *textWriter) printable(c rune) bool {
	switch {
	case c < ' ':
		return c >= '\b' && c <= '\r' || c == '\x1b'
	case c <= '~':
		return true
	case c < 0xA0:
		return false
	case w.latin1:
		return c <= 0xFF
	}
	return legalChar(c)
}

// legalChar tells whether c may stand in Erlang source: erl_scan, macro UNICODE.
func legalChar(c rune) bool {
	return c >= 0 && c < 0xD800 || c > 0xDFFF && c < 0xFFFE || c > 0xFFFF && c <= utf8.MaxRune
}

// binary writes a binary, as <<"...">> if all its bytes are printable Latin-1 characters and as <<"..."/utf8>> if they
// are printable characters in UTF-8. io_lib_pretty, printable_bin.
func (w *textWriter) binary(b Binary) {
	whole := b
	if n := w.maxElements(len(b)); n < len(b) {
		b = b[:cutText(b, max(0, n))]
	}
	if len(b) == 0 {
		w.bytes(whole)
		return
	}
	utf, ascii := utf8.Valid(b), true
	for rest := []byte(b); len(rest) > 0 && !w.plain; {
		c, size := rune(rest[0]), 1
		if utf {
			c, size = utf8.DecodeRune(rest)
		}
		if !w.printable(c) {
			w.bytes(whole)
			return
		}
		ascii = ascii && c < utf8.RuneSelf
		rest = rest[size:]
	}
	if w.plain {
		w.bytes(whole)
		return
	}
	w.str(`<<"`)
	if utf {
		w.buf = appendEscapedText(w.buf, string(b), '"')
	} else {
		for _, c := range b {
			w.buf = appendCharText(w.buf, rune(c), '"')
		}
	}
	w.byte('"')
	if utf && !ascii {
		w.str("/utf8")
	}
	w.str(">>")
}

func (w *textWriter) bytes(b []byte) {
	w.str("<<")
	for i, c := range b[:max(0, w.maxElements(len(b)))] {
		if i > 0 {
			w.byte(',')
		}
		w.uint(uint64(c))
	}
	w.str(">>")
}

func (w *textWriter) bitstring(b Bitstring) {
	if len(b.Data) == 0 || b.Bits == 0 || b.Bits > 7 {
		w.binary(Binary(b.Data))
		return
	}
	last := len(b.Data) - 1
	w.str("<<")
	for _, c := range b.Data[:max(0, w.maxElements(last))] {
		w.uint(uint64(c))
		w.byte(',')
	}
	w.uint(uint64(b.Data[last] >> (8 - b.Bits)))
	w.byte(':')
	w.uint(uint64(b.Bits))
	w.str(">>")
}

// appendAtomText appends an atom, quoted where Erlang source needs it. io_lib:write_atom/1.
//
// Differs from OTP: maybe and else are always quoted. OTP 25 and 26 print them bare, from OTP 27 on they are reserved
// words; the quoted form is read by all.
func appendAtomText(dst []byte, s string) []byte {
	if bareAtom(s) && !reservedWord(s) && s != "maybe" && s != "else" {
		return append(dst, s...)
	}
	dst = append(dst, '\'')
	dst = appendEscapedText(dst, s, '\'')
	return append(dst, '\'')
}

func bareAtom(s string) bool {
	for i, c := range s {
		if i == 0 && !lowerChar(c) || !nameChar(c) {
			return false
		}
	}
	return s != ""
}

// lowerChar tells whether c begins an atom that needs no quotes.
func lowerChar(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'ß' && c <= 'ÿ' && c != '÷' }

// upperChar tells whether c begins a variable, as "_" does too.
func upperChar(c rune) bool { return c >= 'A' && c <= 'Z' || c >= 'À' && c <= 'Þ' && c != '×' }

// nameChar tells whether c continues an atom or a variable.
func nameChar(c rune) bool {
	return lowerChar(c) || upperChar(c) || c >= '0' && c <= '9' || c == '_' || c == '@'
}

// reservedWord tells whether s is a reserved word in every release. erl_scan:reserved_word/1.
func reservedWord(s string) bool {
	switch s {
	case "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond", "div",
		"end", "fun", "if", "let", "not", "of", "or", "orelse", "receive", "rem", "try", "when", "xor":
		return true
	}
	return false
}

func appendEscapedText(dst []byte, s string, quote rune) []byte {
	for _, c := range s {
		dst = appendCharText(dst, c, quote)
	}
	return dst
}

// appendCharText appends one character of a text in quotes. io_lib:write_string/2.
func appendCharText(dst []byte, c, quote rune) []byte {
	switch {
	case c == quote || c == '\\':
		return append(dst, '\\', byte(c))
	case c >= ' ' && c <= '~' || c >= 0xA0:
		return utf8.AppendRune(dst, c)
	case c == 0x1b:
		return append(dst, `\e`...)
	case c == 0x7f:
		return append(dst, `\d`...)
	case c >= '\b' && c <= '\r':
		return append(dst, '\\', "btnvfr"[c-'\b'])
	}
	return append(dst, '\\', '0'+byte(c>>6), '0'+byte(c>>3)&7, '0'+byte(c)&7)
}

// appendFloatText appends the shortest text that is read back as the same float. io_lib_format:fwrite_g/1, which is
// erlang:float_to_list(F, [short]): with an exponent where that is shorter, and always from 2^53 on.
func appendFloatText(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 0):
		return append(dst, strconv.FormatFloat(f, 'g', -1, 64)[:4]...)
	}
	var b [32]byte
	text := strconv.AppendFloat(b[:0], math.Abs(f), 'e', -1, 64) // d.ddde±xx
	if math.Signbit(f) {
		dst = append(dst, '-')
	}
	digits, exp := splitFloat(text)
	place, n := exp+1, len(digits) // the value is 0.digits * 10^place
	expLen := len(strconv.Itoa(exp)) + 2
	if n == 1 {
		expLen++ // of "1.0e5" the ".0" is needed for the exponent only
	}
	switch {
	case f == 0:
		return append(dst, "0.0"...)
	case place > 0 && place < n && math.Abs(f) < 1<<53:
		dst = append(dst, digits[:place]...)
		dst = append(dst, '.')
		return append(dst, digits[place:]...)
	case place <= 0 && 2-place <= expLen:
		dst = append(dst, "0."...)
		dst = appendZeros(dst, -place)
		return append(dst, digits...)
	case place >= n && place-n+2 <= expLen && math.Abs(f) < 1<<53:
		dst = append(dst, digits...)
		dst = appendZeros(dst, place-n)
		return append(dst, ".0"...)
	}
	dst = append(dst, digits[0], '.')
	if n == 1 {
		dst = append(dst, '0')
	}
	dst = append(dst, digits[1:]...)
	dst = append(dst, 'e')
	return strconv.AppendInt(dst, int64(exp), 10)
}

// splitFloat splits d.ddde±xx into its digits without the point, and the exponent.
func splitFloat(text []byte) (digits []byte, exp int) {
	for i, c := range text {
		switch {
		case c == 'e':
			exp, _ = strconv.Atoi(string(text[i+1:])) // strconv wrote it, so it is a number
			return digits, exp
		case c != '.':
			digits = append(digits, c)
		}
	}
	return digits, exp
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
