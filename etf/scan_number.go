package etf

import (
	"math/big"
	"strconv"
	"strings"
)

// maxTextInteger is the size in bytes of the largest integer that is read from text, that of the largest one of OTP 27
// and later. Earlier releases could hold larger ones; nobody writes them down.
const maxTextInteger = 512 << 10

// digitValue returns the value of c as a digit of the highest base, 36 or more if it is none.
func digitValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 99
}

// digits reads digits of a base with single underscores between them, which it leaves out of the result.
func (s *scanner) digits(base int) string {
	start, underscores := s.off, false
	for {
		switch c := s.peekByte(0); {
		case digitValue(c) < base:
		case c == '_' && s.off > start && digitValue(s.peekByte(1)) < base:
			underscores = true
			s.skip(1)
		default:
			if text := s.src[start:s.off]; underscores {
				return strings.ReplaceAll(text, "_", "")
			} else {
				return text
			}
		}
		s.skip(1)
	}
}

// number reads an integer, an integer with a base, or a float.
func (s *scanner) number(t token) (token, error) {
	start := s.off
	t, err := s.numberValue(t)
	t.kind, t.text = tokNumber, s.src[start:s.off]
	return t, err
}

// numberValue reads the number into t.num. erl_scan, scan_number/7.
func (s *scanner) numberValue(t token) (token, error) {
	text := s.digits(10)
	if s.peekByte(0) == '.' && digitValue(s.peekByte(1)) < 10 {
		return s.float(t, text)
	}
	base := 10
	if s.peekByte(0) == '#' {
		var err error
		if base, err = strconv.Atoi(text); err != nil || base < 2 || base > 36 {
			return t, s.errorf(t.pos, "%s is no base: bases are 2 to 36", shorten(text))
		}
		s.skip(1)
		if text = s.digits(base); text == "" {
			return t, s.errorf(t.pos, "no digit of base %d behind %d#", base, base)
		}
	}
	var ok bool
	if t.num, ok = parseInteger(text, base); !ok {
		return t, s.errorf(t.pos, "integer of more than %d bytes", maxTextInteger)
	}
	return t, nil
}

func (s *scanner) float(t token, whole string) (token, error) {
	s.skip(1)
	text := whole + "." + s.digits(10)
	if c := s.peekByte(0); c == 'e' || c == 'E' {
		s.skip(1)
		text += "e"
		if c := s.peekByte(0); c == '+' || c == '-' {
			text += string(c)
			s.skip(1)
		}
		exp := s.digits(10)
		if exp == "" {
			return t, s.errorf(t.pos, "float without digits in its exponent")
		}
		text += exp
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return t, s.errorf(t.pos, "float out of range")
	}
	t.num = Float(f)
	return t, nil
}

// parseInteger returns the value of digits, or false if it has more than maxTextInteger.
func parseInteger(digits string, base int) (Term, bool) {
	if n, err := strconv.ParseInt(digits, base, 64); err == nil {
		return Int(n), true
	}
	digits = strings.TrimLeft(digits, "0")
	if len(digits) > maxTextInteger*8 {
		return nil, false
	}
	v := bigInteger(digits, base)
	if v.BitLen() > maxTextInteger*8 {
		return nil, false
	}
	return NewBigInt(v), true
}

// bigInteger converts halves and multiplies, because big.Int converts in time that grows with the square of the length.
func bigInteger(digits string, base int) *big.Int {
	const chunk = 512
	powers := []*big.Int{new(big.Int).Exp(big.NewInt(int64(base)), big.NewInt(chunk), nil)} // base^(chunk*2^i)
	for chunk<<len(powers) < len(digits) {
		last := powers[len(powers)-1]
		powers = append(powers, new(big.Int).Mul(last, last))
	}
	var convert func(digits string, level int) *big.Int
	convert = func(digits string, level int) *big.Int {
		for level >= 0 && len(digits) <= chunk<<level {
			level--
		}
		if level < 0 {
			v, _ := new(big.Int).SetString(digits, base)
			return v
		}
		cut := len(digits) - chunk<<level
		v := convert(digits[:cut], level-1)
		v.Mul(v, powers[level])
		return v.Add(v, convert(digits[cut:], level-1))
	}
	return convert(digits, len(powers)-1)
}
