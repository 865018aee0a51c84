package etf

import (
	"errors"
	"fmt"
	"strings"
)

// What a DecodeError is about; match with errors.Is.
var (
	// ErrTruncated means that the input ends inside a term.
	ErrTruncated = errors.New("input ends inside the term")
	// ErrMalformed means that the bytes break a rule of the External Term Format.
	ErrMalformed = errors.New("malformed")
	// ErrRefused means that the input is well formed but is not accepted here: a tag that only its writer understands, a
	// compressed term inside a frame, an atom cache reference without a table, bytes behind the term.
	ErrRefused = errors.New("refused")
	// ErrLimit means that the input exceeds one of the Limits.
	ErrLimit = errors.New("limit exceeded")
)

// DecodeError says why bytes are not a term.
type DecodeError struct {
	// Offset of the tag of the offending term in the input; in compressed input, in its decompressed form.
	Offset int
	// Tag of the offending term, 0 if the input ends before it.
	Tag byte
	// Kind is ErrTruncated, ErrMalformed, ErrRefused or ErrLimit.
	Kind error
	// Detail says what exactly is wrong.
	Detail string
}

// Error names the place, the tag, the kind and the detail.
func (e *DecodeError) Error() string {
	s := fmt.Sprintf("etf: %s at offset %d: %v", tagName(e.Tag), e.Offset, e.Kind)
	if e.Tag == 0 && e.Kind == ErrTruncated {
		s = fmt.Sprintf("etf: offset %d: %v", e.Offset, e.Kind)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns Kind.
func (e *DecodeError) Unwrap() error { return e.Kind }

// EncodeError says why a Go value of type Term cannot be encoded. Nothing was written.
type EncodeError struct {
	// Path leads from the term that was to be encoded to the bad one: {2} is the second element of a tuple, [3] the third
	// of a list, [|] the tail of one, #{k} the value under the key k of a map, #{2:key} the key of its second pair. It is
	// empty if the term itself is bad.
	Path string
	// Detail says what is wrong with it.
	Detail string

	steps   []string // the path, innermost step first, until it is complete
	skipped int      // steps behind the first maxPathSteps that are not among them
}

// Error names the path and what is wrong there.
func (e *EncodeError) Error() string {
	if e.Path == "" {
		return "etf: cannot encode the term: " + e.Detail
	}
	return "etf: cannot encode the term at " + e.Path + ": " + e.Detail
}

func badTerm(format string, args ...any) *EncodeError {
	return &EncodeError{Detail: fmt.Sprintf(format, args...)}
}

// in adds the step that leads to the term e is about, seen from the term around it.
func (e *EncodeError) in(format string, args ...any) *EncodeError {
	e.steps = append(e.steps, fmt.Sprintf(format, args...))
	return e
}

// maxPathSteps keeps the message of an error at the bottom of a deep term readable.
const maxPathSteps = 24

func (e *EncodeError) finish() error {
	var b strings.Builder
	for i := len(e.steps) - 1; i >= 0; i-- {
		if i == len(e.steps)-1-maxPathSteps && i >= maxPathSteps {
			fmt.Fprintf(&b, "...%d more...", i-maxPathSteps+1+e.skipped)
			i = maxPathSteps
			continue
		}
		b.WriteString(e.steps[i])
	}
	e.Path, e.steps = b.String(), nil
	return e
}
