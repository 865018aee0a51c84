package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Appup is an .appup file: how an application is upgraded to its version Vsn from others, and downgraded to them. See
// https://www.erlang.org/doc/man/appup.html.
type Appup struct {
	Vsn      string
	Up, Down []Entry
}

// Entry is the script for the way from, or back to, some versions.
type Entry struct {
	Version Version
	// Script has the instructions as they stand in the file; ParseInstruction reads one, TranslateScripts makes the
	// script of a relup of all.
	Script Script
}

// Script is a list of instructions together with their places in a file.
type Script struct {
	File  string
	nodes []etf.Node
}

// NewScript returns a script that stands in no file.
func NewScript(instructions ...etf.Term) Script {
	s := Script{nodes: make([]etf.Node, len(instructions))}
	for i, t := range instructions {
		s.nodes[i] = etf.Node{Term: t}
	}
	return s
}

// Terms returns the instructions.
func (s Script) Terms() etf.List {
	list := make(etf.List, len(s.nodes))
	for i, n := range s.nodes {
		list[i] = n.Term
	}
	return list
}

// Find returns the script of the first entry that fits a version: systools_relup:appup_search_for_version/2.
func Find(entries []Entry, vsn string) (Script, bool) {
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Version.Fits(vsn) })
	if i < 0 {
		return Script{}, false
	}
	return entries[i].Script, true
}

// ParseAppup reads an .appup file and checks every instruction in it. The name is for messages alone. The error is a
// *FileError with all findings.
func ParseAppup(name string, src []byte) (*Appup, error) {
	r := &report{file: name}
	n, ok := r.readFirstTerm(src)
	if !ok {
		return nil, r.err()
	}
	a := readAppup(n, r)
	return a, r.err()
}

func readAppup(n etf.Node, r *report) *Appup {
	parts, ok := tupleElems(n, 3)
	if !ok {
		r.fail(n.Pos, etf.Tagged("bad_appup", n.Term), "expected {Vsn, [{UpFrom, Script}], [{DownTo, Script}]}, not %s",
			show(n.Term))
		return nil
	}
	a := &Appup{}
	var kind textKind
	if a.Vsn, kind = stringOf(parts[0].Term); kind != textOK {
		r.warn(parts[0].Pos, etf.Tagged("bad_vsn", parts[0].Term),
			"the version of the application should be a string; %s is that of no application", show(parts[0].Term))
	}
	a.Up = readEntries(parts[1], r)
	a.Down = readEntries(parts[2], r)
	return a
}

func readEntries(n etf.Node, r *report) []Entry {
	list, ok := listElems(n)
	if !ok {
		r.fail(n.Pos, etf.Tagged("bad_list", n.Term), "expected a list of {Vsn, Script}, not %s", show(n.Term))
		return nil
	}
	var all []Entry
	for _, e := range list {
		parts, ok := tupleElems(e, 2)
		if !ok {
			r.fail(e.Pos, etf.Tagged("bad_entry", e.Term), "expected {Vsn, Script}, not %s", show(e.Term))
			continue
		}
		v, ok := readVersion(parts[0], r)
		if i := slices.IndexFunc(all, func(e Entry) bool { return !v.Pattern && e.Version.Fits(v.Text) }); ok && i >= 0 {
			r.warn(parts[0].Pos, etf.Tagged("duplicate_vsn", v.Term()),
				"the entry for %v is never used: the one for %v fits it first", v, all[i].Version)
		}
		script, isScript := listElems(parts[1])
		if !isScript {
			r.fail(parts[1].Pos, etf.Tagged("bad_list", parts[1].Term), "expected a list of instructions, not %s",
				show(parts[1].Term))
		}
		checkScript(script, r)
		if ok && isScript {
			all = append(all, Entry{v, Script{r.file, script}})
		}
	}
	return all
}
