package appup

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Finding is one thing that is wrong in a file, and where.
type Finding struct {
	File string
	// Line and Column are where it begins, from 1. They are 0 for what is wrong with the file as a whole.
	Line, Column int
	// Reason is the term by which OTP refuses it, or a tuple of that kind where OTP has none.
	Reason etf.Term
	// Msg says it in words.
	Msg string
	// Warning marks what is allowed but hardly meant.
	Warning bool
}

// Error returns file:line:column: what is wrong.
func (f *Finding) Error() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File + ":")
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", f.Line, f.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if f.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(f.Msg)
	return b.String()
}

// FileError is a file that is refused, with everything that is wrong in it. There is at least one finding, and none
// is a warning.
type FileError struct{ Findings []*Finding }

// Error returns all findings, a line each.
func (e *FileError) Error() string {
	lines := make([]string, len(e.Findings))
	for i, f := range e.Findings {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the findings as errors.
func (e *FileError) Unwrap() []error {
	all := make([]error, len(e.Findings))
	for i, f := range e.Findings {
		all[i] = f
	}
	return all
}

// report collects the findings of one file. They are in the order in which OTP looks, so that the first is
// the one that OTP stops at.
type report struct {
	file     string
	findings []*Finding
}

// fail adds what OTP refuses.
func (r *report) fail(pos etf.Pos, reason etf.Term, format string, args ...any) {
	r.findings = append(r.findings, &Finding{r.file, pos.Line, pos.Column, reason, fmt.Sprintf(format, args...), false})
}

// warn adds what is allowed.
func (r *report) warn(pos etf.Pos, reason etf.Term, format string, args ...any) {
	r.findings = append(r.findings, &Finding{r.file, pos.Line, pos.Column, reason, fmt.Sprintf(format, args...), true})
}

// err returns the findings that are no warnings as a *FileError, or nil if there are none.
func (r *report) err() error {
	errs := slices.DeleteFunc(r.sorted(), func(f *Finding) bool { return f.Warning })
	if len(errs) == 0 {
		return nil
	}
	return &FileError{errs}
}

// sorted returns the findings in the order of the file.
func (r *report) sorted() []*Finding { return SortFindings(slices.Clone(r.findings)) }

// SortFindings puts the findings of one file into the order of the file, and returns them.
func SortFindings(all []*Finding) []*Finding {
	slices.SortStableFunc(all, func(a, b *Finding) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return all
}

// maxShown bounds a term in a message.
const maxShown = 80

func show(t etf.Term) string { return etf.FormatMax(t, maxShown) }
