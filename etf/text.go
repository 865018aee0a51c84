package etf

import (
	"strconv"
	"unicode/utf8"
)

// Format returns t in Erlang syntax on one line, as io_lib:format("~0tp", [T]) writes it on a node that was started
// with +pc unicode: lists and binaries of printable characters as "...". Parse reads the text back, except for what
// has no text form in Erlang either: pids, ports, references, local funs and native records.
//
// The pairs of a map are written in the order in which the Map holds them. A term that contains itself ends in "...".
func Format(t Term) string { return Printer{}.Format(t) }

// AppendText appends Format(t) to dst and returns the extended slice.
func AppendText(dst []byte, t Term) []byte { return Printer{}.Append(dst, t) }

// FormatMax is Format for logs: the result has at most max bytes, and a text that was cut ends in "...". A large
// integer that does not fit is "..." as a whole. Large terms cost no more than what is shown of them: whether a list
// or a binary is a text is told by its beginning. A max below 1 is no limit.
func FormatMax(t Term, max int) string { return Printer{Max: max}.Format(t) }

// Printer writes terms as text. Its zero value writes what Format documents.
type Printer struct {
	// Plain writes lists and binaries by their numbers, as io_lib:format("~tw", [T]) does: [97,98] and <<97,98>>.
	Plain bool
	// Latin1 takes only Latin-1 characters for printable, as a node does that was started without +pc unicode.
	Latin1 bool
	// Max is the largest number of bytes to write, 0 for no limit. A text that was cut ends in "...".
	Max int
}

// Format returns t as text.
func (p Printer) Format(t Term) string { return string(p.Append(nil, t)) }

// Append appends t as text to dst and returns the extended slice.
func (p Printer) Append(dst []byte, t Term) []byte {
	w := textWriter{buf: dst, plain: p.Plain, latin1: p.Latin1, limit: -1}
	if p.Max > 0 {
		w.limit = len(dst) + p.Max
	}
	w.term(t, recursion)
	if w.limit >= 0 && len(w.buf) > w.limit {
		w.buf = append(w.buf[:cutText(w.buf, max(len(dst), w.limit-3))], "..."[:min(3, p.Max)]...)
	}
	return w.buf
}

// cutText returns the largest end of a whole character in b that is not above n.
func cutText(b []byte, n int) int {
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// textWriter collects the text. Once buf is longer than limit, everything stops as soon as it can; the excess is cut
// off at the end.
type textWriter struct {
	buf    []byte
	plain  bool
	latin1 bool
	limit  int // length of buf at which the text ends, -1 for none
}

func (w *textWriter) isFull() bool { return w.limit >= 0 && len(w.buf) > w.limit }

// maxElements is the number of elements that may still fit: each of them is at least one byte of text.
func (w *textWriter) maxElements(n int) int {
	if w.limit < 0 {
		return n
	}
	return min(n, w.limit-len(w.buf)+1)
}

func (w *textWriter) byte(c byte)  { w.buf = append(w.buf, c) }
func (w *textWriter) str(s string) { w.buf = append(w.buf, s...) }
func (w *textWriter) uint(n uint64) {
	w.buf = strconv.AppendUint(w.buf, n, 10)
}

// term writes a term. depth is how far it may still call itself.
func (w *textWriter) term(t Term, depth int) {
	if w.isFull() || w.writeFlat(t) {
		return
	}
	if depth == 0 {
		w.writeDeep(t)
		return
	}
	switch t := t.(type) {
	case List:
		w.byte('[')
		w.elements(t, depth)
		w.byte(']')
		return
	case Tuple:
		w.byte('{')
		w.elements(t, depth)
		w.byte('}')
		return
	case Map:
		w.mapping(t, depth)
		return
	}
	w.writeOpening(t)
	for i, part := range partsOf(t) {
		if w.writeSeparator(t, i); w.isFull() {
			return
		}
		w.term(part, depth-1)
	}
	if l, ok := t.(ImproperList); ok {
		w.writeSeparator(t, len(l.Elems))
		w.term(l.Tail, depth-1)
	}
	w.str(closingText(t))
}

func (w *textWriter) elements(list []Term, depth int) {
	for i, t := range list {
		if i > 0 {
			w.byte(',')
		}
		if w.isFull() {
			return
		}
		w.term(t, depth-1)
	}
}

func (w *textWriter) mapping(m Map, depth int) {
	w.str("#{")
	for i := range m {
		if i > 0 {
			w.byte(',')
		}
		if w.isFull() {
			return
		}
		w.term(m[i].Key, depth-1)
		w.str(" => ")
		w.term(m[i].Value, depth-1)
	}
	w.byte('}')
}

// writeDeep is term with a stack on the heap, for what has parts.
func (w *textWriter) writeDeep(t Term) {
	var around walk[struct{}]
	around.enter(t, struct{}{})
	w.writeOpening(t)
	for around.open.n > 0 && !w.isFull() {
		part, more := around.next()
		if !more {
			t, _ := around.leave()
			w.str(closingText(t))
			continue
		}
		v := around.open.peek()
		w.writeSeparator(v.term, v.next-1)
		switch {
		case w.isFull() || w.writeFlat(part):
		case around.enter(part, struct{}{}):
			w.writeOpening(part)
		default:
			w.str("...")
		}
	}
}

// writeFlat writes a term that has no parts, or that is written as if it had none, and reports whether t is one.
func (w *textWriter) writeFlat(t Term) bool {
	switch t := t.(type) {
	case Atom:
		w.buf = appendAtomText(w.buf, string(t))
	case Int:
		w.buf = strconv.AppendInt(w.buf, int64(t), 10)
	case *BigInt:
		w.bigInt(t)
	case Float:
		w.buf = appendFloatText(w.buf, float64(t))
	case Binary:
		w.binary(t)
	case Bitstring:
		w.bitstring(t)
	case Pid:
		w.pid(t)
	case Port:
		w.str("#Port<0.")
		w.uint(t.ID)
		w.byte('>')
	case Ref:
		w.ref(t)
	case *Fun:
		w.fun(t)
	case Export:
		w.export(t)
	case List:
		return w.writeFlatList(t)
	case Tuple, Map:
		return false
	default:
		if hasParts(t) {
			return false
		}
		w.str("<nil>") // a nil *Record
	}
	return true
}

// writeOpening writes what stands in front of the parts of t.
func (w *textWriter) writeOpening(t Term) {
	switch t := t.(type) {
	case List, ImproperList:
		w.byte('[')
	case Tuple:
		w.byte('{')
	case Map:
		w.str("#{")
	case *Record:
		w.byte('#')
		w.buf = appendAtomText(w.buf, string(t.Module))
		w.byte(':')
		w.buf = appendAtomText(w.buf, string(t.Name))
		w.byte('{')
	}
}

// writeSeparator writes what stands in front of part number i of t.
func (w *textWriter) writeSeparator(t Term, i int) {
	switch t := t.(type) {
	case ImproperList:
		if i == len(t.Elems) {
			w.byte('|')
			return
		}
	case Map:
		if i%2 == 1 {
			w.str(" => ")
			return
		}
	}
	if i > 0 {
		w.byte(',')
	}
	if r, ok := t.(*Record); ok && i < len(r.Fields) {
		w.buf = appendAtomText(w.buf, string(r.Fields[i]))
		w.str(" = ")
	}
}

// closingText is what stands behind the parts of t.
func closingText(t Term) string {
	switch t.(type) {
	case List, ImproperList:
		return "]"
	}
	return "}"
}

func (w *textWriter) bigInt(b *BigInt) {
	if b == nil {
		w.str("<nil>")
		return
	}
	// An integer that cannot fit is not converted, which costs more than linear time: more than three bits make a digit.
	if w.limit >= 0 && b.Big().BitLen()/4 > w.limit-len(w.buf) {
		w.str("...")
		return
	}
	w.buf = b.Big().Append(w.buf, 10)
}

func (w *textWriter) pid(p Pid) {
	w.str("<0.")
	w.uint(uint64(p.ID))
	w.byte('.')
	w.uint(uint64(p.Serial))
	w.byte('>')
}

func (w *textWriter) ref(r Ref) {
	w.str("#Ref<0")
	for i := min(int(r.Len), MaxRefWords) - 1; i >= 0; i-- {
		w.byte('.')
		w.uint(uint64(r.Words[i]))
	}
	w.byte('>')
}

// fun writes the module bare, as erlang:fun_to_list/1 does: the text cannot be read back anyway.
func (w *textWriter) fun(f *Fun) {
	if f == nil {
		w.str("<nil>")
		return
	}
	w.str("#Fun<")
	w.buf = appendEscapedText(w.buf, string(f.Module), noQuote)
	w.byte('.')
	w.term(f.OldIndex, recursion)
	w.byte('.')
	w.term(f.OldUniq, recursion)
	w.byte('>')
}

// export writes names by the rules for atoms.
//
// Differs from OTP: erlang:fun_to_list/1 leaves reserved words bare and takes the bytes of other names for Latin-1, so
// that its text cannot be read back.
func (w *textWriter) export(e Export) {
	w.str("fun ")
	w.buf = appendAtomText(w.buf, string(e.Module))
	w.byte(':')
	w.buf = appendAtomText(w.buf, string(e.Function))
	w.byte('/')
	w.uint(uint64(e.Arity))
}
