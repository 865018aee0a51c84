package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Relup is a relup file: the low-level scripts for the ways to the release Vsn and back. See
// https://www.erlang.org/doc/man/relup.html.
type Relup struct {
	Vsn      string
	Up, Down []RelupEntry
}

// RelupEntry is the script for the way from, or back to, the release Vsn.
type RelupEntry struct {
	Vsn string
	// Description is what the relup says about the script, for whoever installs the release; [] if nothing.
	Description etf.Term
	Script      Script
}

// Find returns the entry for a release: its version has to be the very same.
func (r *Relup) Find(entries []RelupEntry, vsn string) (RelupEntry, bool) {
	i := slices.IndexFunc(entries, func(e RelupEntry) bool { return e.Vsn == vsn })
	if i < 0 {
		return RelupEntry{}, false
	}
	return entries[i], true
}

// Term returns the content of the file.
func (r *Relup) Term() etf.Tuple {
	return etf.Tuple{etf.Charlist(r.Vsn), entryTerms(r.Up), entryTerms(r.Down)}
}

func entryTerms(entries []RelupEntry) etf.List {
	list := make(etf.List, len(entries))
	for i, e := range entries {
		list[i] = etf.Tuple{etf.Charlist(e.Vsn), e.Description, e.Script.Terms()}
	}
	return list
}

// ParseRelup reads a relup file and checks that its instructions are ones that a release handler executes. The name
// is for messages alone. The error is a *FileError with all findings.
func ParseRelup(name string, src []byte) (*Relup, error) {
	r := &report{file: name}
	n, ok := r.readOnlyTerm(src)
	if !ok {
		return nil, r.err()
	}
	relup := readRelup(n, r)
	return relup, r.err()
}

func readRelup(n etf.Node, r *report) *Relup {
	parts, ok := tupleElems(n, 3)
	if !ok {
		r.fail(n.Pos, etf.Tagged("bad_relup_file", n.Term),
			"expected {Vsn, [{UpFrom, Descr, Script}], [{DownTo, Descr, Script}]}, not %s", show(n.Term))
		return nil
	}
	relup := &Relup{}
	var kind textKind
	if relup.Vsn, kind = stringOf(parts[0].Term); kind != textOK {
		r.fail(parts[0].Pos, etf.Tagged("bad_vsn", parts[0].Term), "the version of the release has to be a string, not %s",
			show(parts[0].Term))
	}
	relup.Up = readRelupEntries(parts[1], r)
	relup.Down = readRelupEntries(parts[2], r)
	return relup
}

func readRelupEntries(n etf.Node, r *report) []RelupEntry {
	list, ok := listElems(n)
	if !ok {
		r.fail(n.Pos, etf.Tagged("bad_list", n.Term), "expected a list of {Vsn, Descr, Script}, not %s", show(n.Term))
		return nil
	}
	var all []RelupEntry
	for _, e := range list {
		parts, ok := tupleElems(e, 3)
		if !ok {
			r.fail(e.Pos, etf.Tagged("bad_entry", e.Term), "expected {Vsn, Descr, Script}, not %s", show(e.Term))
			continue
		}
		vsn, kind := stringOf(parts[0].Term)
		if kind != textOK {
			r.fail(parts[0].Pos, etf.Tagged("bad_vsn", parts[0].Term), "the version of a release has to be a string, not %s",
				show(parts[0].Term))
		}
		if kind == textOK && slices.ContainsFunc(all, func(e RelupEntry) bool { return e.Vsn == vsn }) {
			r.warn(parts[0].Pos, etf.Tagged("duplicate_vsn", parts[0].Term),
				"there is an entry for %q already; this one is never used", vsn)
		}
		script, isScript := listElems(parts[2])
		if !isScript {
			r.fail(parts[2].Pos, etf.Tagged("bad_list", parts[2].Term), "expected a list of instructions, not %s",
				show(parts[2].Term))
		}
		checkLowLevel(script, r)
		if kind == textOK && isScript {
			all = append(all, RelupEntry{vsn, parts[1].Term, Script{r.file, script}})
		}
	}
	return all
}

// Text returns the content of a relup file, with each instruction on a line of its own.
func (r *Relup) Text() string {
	b := []byte("%% coding: utf-8\n{")
	b = etf.AppendText(b, etf.Charlist(r.Vsn))
	for _, half := range [][]RelupEntry{r.Up, r.Down} {
		b = append(b, ",\n ["...)
		for i, e := range half {
			if i > 0 {
				b = append(b, ",\n  "...)
			}
			b = append(etf.AppendText(append(b, '{'), etf.Charlist(e.Vsn)), ',')
			b = append(etf.AppendText(b, e.Description), ",\n   ["...)
			for j, n := range e.Script.nodes {
				if j > 0 {
					b = append(b, ",\n    "...)
				}
				b = etf.AppendText(b, n.Term)
			}
			b = append(b, "]}"...)
		}
		b = append(b, ']')
	}
	return string(append(b, "}.\n"...))
}
