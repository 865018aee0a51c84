package appup

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// AppDir is a version of an application and the directory where it lies: the files are ebin/App.app and
// ebin/App.appup below it.
type AppDir struct {
	Vsn, Dir string
}

// UpgradeScript makes the script by which one application is upgraded from the version that runs to that in dir, by
// the .appup file there: release_handler:upgrade_script/2. It returns the version that the file leads to, too.
//
// The error is an *Error with the reason of release_handler, and the place as far as there is one.
func UpgradeScript(files Files, app etf.Atom, running AppDir, dir string) (vsn string, script etf.List, err error) {
	top, found, failed := findScript(files, app, dir, running.Vsn, ModeUp)
	if failed != nil {
		return "", nil, failed
	}
	from, failed := readOneApp(files, app, etf.Charlist(running.Vsn), running.Dir)
	if failed != nil {
		return "", nil, failed
	}
	to, failed := readOneApp(files, app, top, dir)
	if failed != nil {
		return "", nil, failed
	}
	script, err = TranslateScripts(ModeUp, []Script{found}, []*App{to}, []*App{from})
	return to.Vsn, script, err
}

// DowngradeScript makes the script by which one application is downgraded from the version that runs to an older one,
// by the .appup file of the version that runs: release_handler:downgrade_script/3. The error is like that of
// UpgradeScript.
func DowngradeScript(files Files, app etf.Atom, running, old AppDir) (script etf.List, err error) {
	top, found, failed := findScript(files, app, running.Dir, old.Vsn, ModeDown)
	if failed != nil {
		return nil, failed
	}
	if !etf.Equal(top, etf.Charlist(running.Vsn)) {
		return nil, &Error{Module: "release_handler", Reason: etf.Tagged("badmatch", etf.Tuple{top, found.Terms()}),
			File: found.File, Exit: true}
	}
	to, failed := readOneApp(files, app, etf.Charlist(old.Vsn), old.Dir)
	if failed != nil {
		return nil, failed
	}
	from, failed := readOneApp(files, app, top, running.Dir)
	if failed != nil {
		return nil, failed
	}
	return TranslateScripts(ModeDown, []Script{found}, []*App{to}, []*App{from})
}

// findScript is find_script/4 of release_handler: what stands on top of the .appup file in dir, and the script for
// the way from or to a version.
func findScript(files Files, app etf.Atom, dir, vsn string, mode Mode) (top etf.Term, script Script, failed *Error) {
	file := join(join(dir, "ebin"), string(app)+".appup")
	fail := func(pos etf.Pos, exit bool, reason etf.Term) (etf.Term, Script, *Error) {
		return nil, Script{}, &Error{Module: "release_handler", Reason: reason, File: file, Line: pos.Line,
			Column: pos.Column, Exit: exit}
	}
	src, err := files.ReadFile(file)
	if err != nil {
		if word := posix(err); word != "enoent" {
			return fail(etf.Pos{}, false, word)
		}
		return fail(etf.Pos{}, false, etf.Atom("no_appup_found"))
	}
	nodes, err := etf.ConsultNodes(file, src)
	var broken *etf.ParseError
	if errors.As(err, &broken) {
		return fail(etf.Pos{Line: broken.Line, Column: broken.Column}, false, parseReason(src, broken))
	}
	var parts []etf.Node
	if len(nodes) == 1 {
		parts, _ = tupleElems(nodes[0], 3)
	}
	if parts == nil {
		terms := make(etf.List, len(nodes))
		for i, n := range nodes {
			terms[i] = n.Term
		}
		return fail(etf.Pos{Line: 1, Column: 1}, true, etf.Tagged("case_clause", etf.Tagged("ok", terms)))
	}
	entries := mode.entries(parts)
	script, found, failed := searchEntries(file, entries, vsn)
	switch {
	case failed != nil:
		return fail(etf.Pos{Line: failed.Line, Column: failed.Column}, true, wordOf(failed.Reason))
	case !found:
		return fail(entries.Pos, false, etf.Tagged("version_not_in_appup", etf.Charlist(vsn)))
	}
	return parts[0].Term, script, nil
}

// readOneApp is read_app/3 of release_handler.
func readOneApp(files Files, app etf.Atom, vsn etf.Term, dir string) (*App, *Error) {
	ebin := join(dir, "ebin")
	file := join(ebin, string(app)+".app")
	a, reason := readApplication(searchedFiles{files, []string{ebin}}, app, vsn)
	if wordOf(reason) == "not_found" {
		reason = etf.Tagged("no_app_found", vsn, etf.Charlist(dir))
	}
	if reason == nil {
		return a, nil
	}
	e := &Error{Module: "release_handler", Reason: reason, File: file}
	if src, err := files.ReadFile(file); err == nil {
		e.place(file, src)
	}
	return nil, e
}

// place looks for the place of what is wrong with an .app file.
func (e *Error) place(file string, src []byte) {
	_, err := ParseApp(file, src)
	var wrong *FileError
	if errors.As(err, &wrong) {
		first := wrong.Findings[0]
		e.Line, e.Column = first.Line, first.Column
		return
	}
	nodes, _ := etf.ConsultNodes(file, src)
	if len(nodes) == 0 {
		return
	}
	if n, ok := vsnNode(nodes[0]); ok {
		e.Line, e.Column = n.Pos.Line, n.Pos.Column
	}
}

// vsnNode is where an .app file says its version.
func vsnNode(n etf.Node) (etf.Node, bool) {
	parts, ok := tupleElems(n, 3)
	if !ok {
		return etf.Node{}, false
	}
	pairs, _ := listElems(parts[2])
	for _, p := range pairs {
		if pair, ok := tupleElems(p, 2); ok && etf.IsAtom(pair[0].Term, "vsn") {
			return pair[1], true
		}
	}
	return etf.Node{}, false
}
