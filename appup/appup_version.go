package appup

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// Version says which versions of an application an entry of an .appup file is for: one, or all that a regular
// expression fits.
type Version struct {
	// Text is the version, or the expression.
	Text string
	// Pattern says that it is an expression, which the file has as a binary.
	Pattern bool
	re      *regexp.Regexp
}

// NewPattern returns the version of an entry with a regular expression. The expression is one of PCRE, as far as
// package regexp has the same: without back references, look-around and possessive quantifiers.
func NewPattern(expr string) (Version, error) {
	if !utf8.ValidString(expr) {
		return Version{}, fmt.Errorf("the expression %q is not UTF-8", expr)
	}
	re, err := regexp.Compile(expr)
	var bad *syntax.Error
	if errors.As(err, &bad) {
		return Version{}, fmt.Errorf("the expression cannot be used: %v: %s", bad.Code, bad.Expr)
	}
	return Version{Text: expr, Pattern: true, re: re}, nil
}

// Fits tells whether the entry is for a version. An expression has to match all of it: what the first match finds,
// from the left and by the order of the alternatives, is compared with the version, so that 1|1\.4 does not fit
// "1.4". systools_relup:appup_search_for_version/2.
func (v Version) Fits(vsn string) bool {
	if !v.Pattern {
		return v.Text == vsn
	}
	at := v.re.FindStringIndex(vsn)
	return at != nil && at[0] == 0 && at[1] == len(vsn)
}

// Term returns a string or a binary.
func (v Version) Term() etf.Term {
	if v.Pattern {
		return etf.Binary(v.Text)
	}
	return etf.Charlist(v.Text)
}

// String returns the version as it stands in the file.
func (v Version) String() string { return etf.Format(v.Term()) }

// readVersion reads the first element of an entry; what is wrong is a finding.
func readVersion(n etf.Node, r *report) (Version, bool) {
	if expr, ok := n.Term.(etf.Binary); ok {
		v, err := NewPattern(string(expr))
		if err != nil {
			r.fail(n.Pos, etf.Tagged("bad_vsn", n.Term), "%v", err)
		}
		return v, err == nil
	}
	s, kind := stringOf(n.Term)
	if kind != textOK {
		r.fail(n.Pos, etf.Tagged("bad_vsn", n.Term), "a version is a string, or a regular expression as a binary, not %s",
			show(n.Term))
	}
	return Version{Text: s}, kind == textOK
}
