package releasehandler

import (
	"fmt"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// Release is an entry of the file RELEASES: a release that the handler knows.
type Release struct {
	Name string
	Vsn  string
	Erts string // version of the runtime system
	Libs []codechange.Lib
	// Status is how far the release has come.
	Status Status
}

// Status is the status of a release.
type Status string

// The statuses of a release: unpacked -Install-> current -MakePermanent-> permanent. When another release is made
// permanent or current, the one that was becomes old.
const (
	StatusUnpacked  Status = "unpacked"
	StatusCurrent   Status = "current"
	StatusPermanent Status = "permanent"
	StatusOld       Status = "old"
)

// statusTmpCurrent is written by OTP while it restarts the emulator. After that it means unpacked.
const statusTmpCurrent Status = "tmp_current"

// ReleasesError is a file RELEASES that cannot be understood.
type ReleasesError struct {
	File string
	Why  string
	Err  error // of the syntax, with the position, or nil
}

func (e *ReleasesError) Error() string {
	if e.Err != nil {
		return "releasehandler: " + e.Err.Error()
	}
	return "releasehandler: " + e.File + ": " + e.Why
}

// Unwrap returns Err.
func (e *ReleasesError) Unwrap() error { return e.Err }

// ParseReleases reads the text of a file RELEASES, which holds one term, [{release, Name, Vsn, ErtsVsn, [{App, Vsn,
// Dir}], Status}]. The name of the file is for errors, which are of type *ReleasesError.
func ParseReleases(file string, text []byte) ([]Release, error) {
	terms, err := etf.Consult(file, text)
	if err != nil {
		return nil, &ReleasesError{File: file, Err: err}
	}
	if len(terms) != 1 {
		return nil, &ReleasesError{File: file, Why: fmt.Sprintf("has %d terms, not one", len(terms))}
	}
	list, ok := terms[0].(etf.List)
	if !ok {
		return nil, &ReleasesError{File: file, Why: "is no list"}
	}
	releases := make([]Release, 0, len(list))
	for i, t := range list {
		r, ok := releaseOf(t)
		if !ok {
			return nil, &ReleasesError{File: file, Why: fmt.Sprintf("element %d is no release: %s", i+1, etf.FormatMax(t, 200))}
		}
		releases = append(releases, r)
	}
	return releases, nil
}

func releaseOf(t etf.Term) (r Release, ok bool) {
	tuple, _ := t.(etf.Tuple)
	if len(tuple) != 6 || !etf.IsAtom(tuple[0], "release") {
		return r, false
	}
	name, ok1 := etf.AsCharlist(tuple[1])
	vsn, ok2 := etf.AsCharlist(tuple[2])
	erts, ok3 := etf.AsCharlist(tuple[3])
	if etf.IsAtom(tuple[3], "undefined") {
		ok3 = true // as of a node that was started without a file RELEASES
	}
	libs, ok4 := libsOf(tuple[4])
	status, ok5 := tuple[5].(etf.Atom)
	switch Status(status) {
	case StatusUnpacked, StatusCurrent, StatusPermanent, StatusOld, statusTmpCurrent:
	default:
		ok5 = false
	}
	return Release{Name: name, Vsn: vsn, Erts: erts, Libs: libs, Status: Status(status)}, ok1 && ok2 && ok3 && ok4 && ok5
}

// libsOf reads [{App, Vsn, Dir}]. OTP has written Dir as an atom, too.
func libsOf(t etf.Term) ([]codechange.Lib, bool) {
	list, ok := t.(etf.List)
	if !ok {
		return nil, false
	}
	libs := make([]codechange.Lib, 0, len(list))
	for _, e := range list {
		tuple, _ := e.(etf.Tuple)
		if len(tuple) != 3 {
			return nil, false
		}
		app, ok1 := nameOf(tuple[0])
		vsn, ok2 := etf.AsCharlist(tuple[1])
		dir, ok3 := nameOf(tuple[2])
		if !ok1 || !ok2 || !ok3 {
			return nil, false
		}
		libs = append(libs, codechange.Lib{App: etf.Atom(app), Vsn: vsn, Dir: dir})
	}
	return libs, true
}

// nameOf reads an atom or a string.
func nameOf(t etf.Term) (string, bool) {
	if a, ok := t.(etf.Atom); ok {
		return string(a), true
	}
	return etf.AsCharlist(t)
}

// FormatReleases returns the text of a file RELEASES as OTP reads it. A current release is written as unpacked,
// because it is not what the node runs after its next start.
func FormatReleases(releases []Release) []byte {
	list := make(etf.List, len(releases))
	for i, r := range releases {
		if r.Status == StatusCurrent {
			r.Status = StatusUnpacked
		}
		list[i] = r.term()
	}
	out := etf.AppendText([]byte("%% coding: utf-8\n"), list)
	return append(out, ".\n"...)
}

func (r Release) term() etf.Term {
	libs := make(etf.List, len(r.Libs))
	for i, l := range r.Libs {
		libs[i] = etf.Tuple{l.App, etf.Charlist(l.Vsn), etf.Charlist(l.Dir)}
	}
	return etf.Tuple{etf.Atom("release"), etf.Charlist(r.Name), etf.Charlist(r.Vsn), etf.Charlist(r.Erts), libs,
		etf.Atom(r.Status)}
}

// summary is the release as which_releases/0 returns it.
func (r Release) summary() etf.Term {
	libs := make(etf.List, len(r.Libs))
	for i, l := range r.Libs {
		libs[i] = etf.Charlist(string(l.App) + "-" + l.Vsn)
	}
	return etf.Tuple{etf.Charlist(r.Name), etf.Charlist(r.Vsn), libs, etf.Atom(r.Status)}
}

// setStatus is set_status/3 of release_handler.erl: the permanent release stays that when it is installed, and
// whoever had the status before becomes old.
func setStatus(vsn string, status Status, releases []Release) []Release {
	out := make([]Release, len(releases))
	for i, r := range releases {
		switch {
		case r.Vsn == vsn && r.Status == StatusPermanent:
		case r.Vsn == vsn:
			r.Status = status
		case r.Status == status:
			r.Status = StatusOld
		}
		out[i] = r
	}
	return out
}
