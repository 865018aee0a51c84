package etf

import "encoding/binary"

// segment is what stands between the commas of <<...>>: a value, and how many bits are made of it. Reference Manual,
// Bit Syntax Expressions.
type segment struct {
	pos   Pos
	value expr
	size  Term // nil if it was not given
	kind  string
	unit  int // 0 if it was not given
	order string
	sign  string
}

func (p *parser) beginBinary() (e expr, whole bool, err error) {
	o := p.openTerm(openBinary, p.tok.pos)
	if err := p.next(); err != nil {
		return expr{}, false, err
	}
	if p.atPunct(">>") {
		return p.endBinary(o)
	}
	return expr{}, false, p.beginSegment(o)
}

// beginSegment begins Value:Size/Type-Type. The value comes next.
func (p *parser) beginSegment(o *opened) error {
	o.more.segment, o.more.sized = segment{pos: p.tok.pos}, false
	if p.atPunct("#") {
		return p.fail("a map cannot be a segment of a binary")
	}
	return nil
}

// binaryPart takes the value or the size of a segment.
func (p *parser) binaryPart(o *opened, e expr) (expr, bool, error) {
	s := &o.more.segment
	if o.more.sized {
		s.size = e.node.Term
	} else {
		s.value = e
		more, err := p.acceptPunct(":")
		switch {
		case err != nil:
			return expr{}, false, err
		case more && p.atPunct("#"):
			return expr{}, false, p.fail("a map cannot be the size of a segment")
		case more && (p.atPunct("+") || p.atPunct("-")):
			return expr{}, false, p.noTermError()
		case more:
			o.more.sized = true
			return expr{}, false, nil
		}
	}
	if err := p.segmentTypes(s); err != nil {
		return expr{}, false, err
	}
	if err := p.write(&o.more.bits, s); err != nil {
		return expr{}, false, err
	}
	more, err := p.acceptPunct(",")
	switch {
	case err != nil:
		return expr{}, false, err
	case more:
		return expr{}, false, p.beginSegment(o)
	}
	return p.endBinary(o)
}

func (p *parser) endBinary(o *opened) (expr, bool, error) {
	return p.closeTerm(o, o.more.bits.term()), true, p.closeBracket(">>", ", or >>")
}

func (p *parser) segmentTypes(s *segment) error {
	for sep := "/"; ; sep = "-" {
		if more, err := p.acceptPunct(sep); !more || err != nil {
			return err
		}
		if err := p.segmentType(s); err != nil {
			return err
		}
	}
}

// segmentType reads one element of a type specifier list. erl_bits:set_bit_type/2.
func (p *parser) segmentType(s *segment) error {
	if p.tok.kind != tokAtom {
		return p.expectedError("a type of a segment")
	}
	t := p.tok
	if err := p.next(); err != nil {
		return err
	}
	field, value := (*string)(nil), t.text
	switch t.text {
	case "integer", "float", "utf8", "utf16", "utf32", "binary":
		field = &s.kind
	case "bytes":
		field, value = &s.kind, "binary"
	case "bits", "bitstring":
		field, value = &s.kind, "binary"
	case "big", "little", "native":
		field = &s.order
	case "signed", "unsigned":
		field = &s.sign
	case "unit":
		return p.segmentUnit(s)
	default:
		return p.scan.errorf(t.pos, "unknown type %s of a segment", t.describe())
	}
	if *field != "" && *field != value {
		return p.scan.errorf(t.pos, "a segment cannot be both %s and %s", *field, value)
	}
	*field = value
	switch t.text {
	case "bytes":
		return p.setUnit(s, 8, t.pos)
	case "bits", "bitstring":
		return p.setUnit(s, 1, t.pos)
	}
	return nil
}

func (p *parser) segmentUnit(s *segment) error {
	if !p.atPunct(":") {
		return p.expectedError(": behind unit")
	}
	if err := p.next(); err != nil {
		return err
	}
	unit, ok := p.tok.num.(Int)
	if p.tok.kind != tokNumber || !ok || unit < 1 || unit > 256 {
		return p.fail("expected a unit of 1 to 256 before %s", p.tok.describe())
	}
	pos := p.tok.pos
	if err := p.next(); err != nil {
		return err
	}
	return p.setUnit(s, int(unit), pos)
}

func (p *parser) setUnit(s *segment, unit int, pos Pos) error {
	if s.unit != 0 && s.unit != unit {
		return p.scan.errorf(pos, "a segment cannot have both unit %d and unit %d", s.unit, unit)
	}
	s.unit = unit
	return nil
}

// write appends the bits of a segment. erl_bits:apply_defaults/5, eval_bits:eval_exp_field/6.
func (p *parser) write(w *bitWriter, s *segment) error {
	n, err := p.segmentBits(s)
	if err != nil {
		return err
	}
	if s.kind == "binary" {
		return p.writeBinary(w, s, n)
	}
	if s.value.kind != exprString {
		return p.writeValue(w, s, s.value.node.Term, n)
	}
	for _, c := range s.value.text {
		if err := p.writeValue(w, s, Int(c), n); err != nil {
			return err
		}
	}
	return nil
}

// segmentBits returns the size of a segment in bits, -1 if its value alone tells it.
func (p *parser) segmentBits(s *segment) (int, error) {
	utf := s.kind == "utf8" || s.kind == "utf16" || s.kind == "utf32"
	if s.size == nil {
		switch {
		case utf && s.unit == 0, s.kind == "binary":
			return -1, nil
		case s.unit != 0:
			return 0, p.scan.errorf(s.pos, "a segment with a unit needs a size")
		case s.kind == "float":
			return 64, nil
		}
		return 8, nil
	}
	if utf {
		return 0, p.scan.errorf(s.pos, "a segment of type %s has neither size nor unit", s.kind)
	}
	// Differs from OTP: the atoms all and undefined, by which it means an omitted size, are refused.
	size, ok := s.size.(Int)
	if !ok || size < 0 {
		return 0, p.scan.errorf(s.pos, "size of a segment is not an integer of 0 or more: %s", FormatMax(s.size, 40))
	}
	unit := s.unit
	if unit == 0 {
		unit = 1
		if s.kind == "binary" {
			unit = 8
		}
	}
	if int64(size) > int64(p.bits/unit) {
		return 0, p.tooLarge(s)
	}
	n := int(size) * unit
	if s.kind == "float" && n != 16 && n != 32 && n != 64 {
		return 0, p.scan.errorf(s.pos, "a float of %d bits: it can have 16, 32 or 64", n)
	}
	return n, nil
}

func (p *parser) tooLarge(s *segment) error {
	return p.scan.errorf(s.pos, "binaries of more than %d bytes", maxSource)
}

// spendBits takes n bits from what binaries may still take.
func (p *parser) spendBits(s *segment, n int) error {
	if n > p.bits {
		return p.tooLarge(s)
	}
	p.bits -= n
	return nil
}

func (p *parser) writeBinary(w *bitWriter, s *segment, n int) error {
	data, bits := []byte(nil), 0
	switch t := s.value.node.Term.(type) {
	case Binary:
		data, bits = t, len(t)*8
	case Bitstring:
		data, bits = t.Data, len(t.Data)*8-8+int(t.Bits)
	default:
		return p.badValue(s, "a binary")
	}
	if n < 0 {
		unit := s.unit
		if unit == 0 {
			unit = 8
		}
		if n = bits; bits%unit != 0 {
			return p.scan.errorf(s.pos, "a binary of %d bits is not made of units of %d", bits, unit)
		}
	}
	if n > bits {
		return p.scan.errorf(s.pos, "a binary of %d bits is shorter than its segment of %d", bits, n)
	}
	if err := p.spendBits(s, n); err != nil {
		return err
	}
	w.write(data, n)
	return nil
}

func (p *parser) badValue(s *segment, what string) error {
	return p.scan.errorf(s.pos, "value of a segment is not %s: %s", what, FormatMax(s.value.node.Term, 40))
}

// writeValue appends one number or character of n bits.
func (p *parser) writeValue(w *bitWriter, s *segment, value Term, n int) error {
	var data []byte
	what := "an integer"
	switch s.kind {
	case "float":
		what = "a number that fits a float"
		data = floatBits(value, n, s.littleEndian())
	case "utf8", "utf16", "utf32":
		what = "a character"
		data = utfBits(value, s.kind, s.littleEndian())
		n = len(data) * 8
	default:
		// Before the conversion, which takes memory of that size.
		if n > p.bits {
			return p.tooLarge(s)
		}
		data = integerBits(value, n, s.littleEndian())
	}
	if data == nil {
		return p.badValue(s, what)
	}
	if err := p.spendBits(s, n); err != nil {
		return err
	}
	w.write(data, n)
	return nil
}

func (s *segment) littleEndian() bool {
	return s.order == "little" || s.order == "native" && binary.NativeEndian.Uint16([]byte{1, 0}) == 1
}
