package upgrade

import (
	"errors"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

// upgradeAnswer is {ok, {Other, Descr}, Report}, {error, Reason, Report}, or {error, Reason, Report, [Finding]}.
func upgradeAnswer(report *codechange.Report, err error) etf.Term {
	told := etf.Term(etf.Atom("undefined"))
	if report != nil {
		told = report.Term()
	}
	var failed *codechange.Error
	isFailed := errors.As(err, &failed)
	if found := findings(err); isFailed && len(found) > 0 {
		return etf.Tuple{etf.Atom("error"), failed.Reason, told, found}
	}
	switch {
	case isFailed:
		return etf.Tuple{etf.Atom("error"), failed.Reason, told}
	case err != nil:
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error()), told}
	}
	t := report.Transition
	return etf.Tuple{etf.Atom("ok"), etf.Tuple{etf.Charlist(t.Other), etf.Charlist(t.Description)}, told}
}

// findings are the places in files that an error is about, with what is wrong there.
func findings(err error) etf.List {
	var place *appup.Error
	var all *appup.FileError
	var syntax *etf.ParseError
	var hint *codechange.Hint
	found := etf.List{}
	if errors.As(err, &hint) {
		found = append(found, etf.Binary(hint.Text))
	}
	if errors.As(err, &place) {
		found = append(found, etf.Binary(place.Error()))
	}
	if errors.As(err, &syntax) {
		found = append(found, etf.Binary(syntax.Error()))
	}
	if errors.As(err, &all) {
		for _, f := range all.Findings {
			found = append(found, etf.Binary(f.Error()))
		}
	}
	return found
}

// charlistOr returns the text of a charlist, or otherwise if t is none.
func charlistOr(t etf.Term, otherwise string) string {
	if text, ok := etf.AsCharlist(t); ok {
		return text
	}
	return otherwise
}

// okAnswer is ok, {error, Reason}, or {error, Reason, [Finding]}.
func okAnswer(err error) etf.Term {
	var failed *codechange.Error
	switch {
	case err == nil:
		return etf.Atom("ok")
	case !errors.As(err, &failed):
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())}
	}
	if found := findings(err); len(found) > 0 {
		return etf.Tuple{etf.Atom("error"), failed.Reason, found}
	}
	return etf.Tuple{etf.Atom("error"), failed.Reason}
}

// lastInstall is gonode:last_install/0.
func lastInstall(h *releasehandler.Handler) etf.Term {
	a, ok := h.LastAttempt()
	if !ok {
		return etf.Atom("undefined")
	}
	answer := etf.Term(etf.Atom("running"))
	if !a.Running {
		answer = upgradeAnswer(a.Report, a.Err)
	}
	to := etf.Term(etf.Charlist(a.To))
	if a.App != "" {
		to = etf.Tuple{a.App, to}
	}
	return etf.Tuple{to, etf.Int(a.Began.UnixMilli()), answer}
}
