package appup

import (
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Base is a release that an upgrade starts from, or a downgrade leads to.
type Base struct {
	File string // its release file; the suffix .rel may be left out
	// Description is kept in the relup; nil is [].
	Description etf.Term
}

// Options are those of systools:make_relup/4.
type Options struct {
	// Path are the directories of .app and .appup files, such as lib/*/ebin.
	Path []string
	// RestartEmulator lets every script end in restart_emulator.
	RestartEmulator bool
	// WarningsAsErrors refuses to make a relup with warnings.
	WarningsAsErrors bool
	// Program tells which modules have really changed, for Made.Uncovered.
	Program Program
}

// Made is a relup and the warnings that go with it.
type Made struct {
	Relup    Relup
	Warnings etf.List
	// Uncovered are the gaps in the scripts, see Gap; all are warnings. OTP does not look for them.
	Uncovered []*Finding
}

// Term returns {ok, Relup, systools_relup, Warnings}: what systools:make_relup/4 answers with the options noexec and
// silent.
func (m *Made) Term() etf.Tuple {
	return etf.Tagged("ok", m.Relup.Term(), etf.Atom("systools_relup"), m.Warnings)
}

// Make makes the relup that upgrades some releases to a new one and downgrades it to some: systools:make_relup/4.
// Several bases come out in the reverse order, as in OTP. The error is an *Error with the reason of systools.
func Make(files Files, newRel string, upFrom, downTo []Base, o Options) (*Made, error) {
	m := newMaker(files, o)
	err := m.makeRelup(newRel, upFrom, downTo)
	if err != nil {
		return nil, err
	}
	return &Made{m.relup, m.warnings, m.gaps}, nil
}

type maker struct {
	path      searchedFiles
	options   Options
	top       *Release
	relup     Relup
	warnings  etf.List // the last one first
	gaps      []*Finding
	translate func(mode Mode, base string, scripts []Script, to, from []*App) (etf.List, error)
}

func newMaker(files Files, o Options) *maker {
	return &maker{path: searchPath(files, o.Path), options: o, warnings: etf.List{},
		translate: func(mode Mode, _ string, scripts []Script, to, from []*App) (etf.List, error) {
			return TranslateScripts(mode, scripts, to, from)
		}}
}

func (m *maker) makeRelup(newRel string, upFrom, downTo []Base) error {
	top, err := m.readWithSasl(newRel)
	if err != nil {
		return err
	}
	m.top = top
	m.relup.Vsn = top.Vsn
	for _, b := range upFrom {
		entry, err := m.relupEntry(ModeUp, b)
		if err != nil {
			return err
		}
		m.relup.Up = append([]RelupEntry{entry}, m.relup.Up...)
	}
	for _, b := range downTo {
		entry, err := m.relupEntry(ModeDown, b)
		if err != nil {
			return err
		}
		m.relup.Down = append([]RelupEntry{entry}, m.relup.Down...)
	}
	if m.options.WarningsAsErrors && len(m.warnings) > 0 {
		return &Error{Module: "systools_relup", Reason: etf.Tagged("warnings_treated_as_errors", m.warnings)}
	}
	return nil
}

// readWithSasl reads a release, which has to have sasl.
func (m *maker) readWithSasl(file string) (*Release, *Error) {
	r, err := readRelease(m.path, file)
	if err != nil {
		return nil, err
	}
	if _, found := r.Find("sasl"); !found {
		return nil, &Error{Module: "systools_relup", Reason: etf.Tagged("missing_sasl", r.Record()), File: file}
	}
	return r, nil
}

func (m *maker) warn(warning etf.Term) { m.warnings = append(etf.List{warning}, m.warnings...) }

// relupEntry makes the script between the new release and another one: foreach_baserel_up/7 and foreach_baserel_dn/7.
func (m *maker) relupEntry(mode Mode, b Base) (RelupEntry, error) {
	base, err := m.readWithSasl(b.File)
	if err != nil {
		return RelupEntry{}, err
	}
	scripts, err := m.appupScripts(mode, base)
	if err != nil {
		return RelupEntry{}, err
	}
	from, to := base, m.top
	if mode == ModeDown {
		from, to = to, from
	}
	scripts = slices.Concat(addedAppScripts(from, to), scripts, removedAppScripts(from, to))
	if base.Erts != m.top.Erts {
		scripts = append([]Script{NewScript(etf.Atom("restart_new_emulator"))}, scripts...)
		m.warn(etf.Tagged("erts_vsn_changed", etf.Tuple{m.top.erts(), base.erts()}))
	}
	if m.options.RestartEmulator {
		scripts = append(scripts, NewScript(etf.Atom("restart_emulator")))
	}
	m.findGaps(scripts, from, to)
	low, failed := m.translate(mode, base.Vsn, scripts, to.Apps, from.Apps)
	if failed != nil {
		return RelupEntry{}, failed
	}
	if mode == ModeUp {
		low = m.beforeR15(base, low)
	}
	description := b.Description
	if description == nil {
		description = etf.List{}
	}
	return RelupEntry{base.Vsn, description, NewScript(low...)}, nil
}

func (r *Release) erts() etf.Tuple { return etf.Tuple{etf.Charlist(r.Name), etf.Charlist(r.Erts)} }

// beforeR15 restarts into the new emulator last if the release handler of the base cannot do it first:
// fix_r15_sasl_upgrade/3. The versions are compared as strings, so that sasl 10.0 counts as old, too.
func (m *maker) beforeR15(base *Release, low etf.List) etf.List {
	sasl := findApp(base.Apps, "sasl")
	if len(low) == 0 || !etf.IsAtom(low[0], "restart_new_emulator") || sasl.Vsn >= "2.2" {
		return low
	}
	m.warn(etf.Atom("pre_R15_emulator_upgrade"))
	rest := slices.Clone(low[1:])
	if i := slices.IndexFunc(rest, func(t etf.Term) bool { return etf.IsAtom(t, "restart_emulator") }); i >= 0 {
		rest = slices.Delete(rest, i, i+1)
	}
	return append(rest, etf.Atom("restart_new_emulator"))
}

// addedAppScripts has a script for each application that only the release to go to has: prepend_add_app_scripts/4.
func addedAppScripts(from, to *Release) []Script {
	var scripts []Script
	for _, a := range to.Rel.Apps {
		if _, there := from.Find(a.Name); !there {
			scripts = append(scripts, NewScript(etf.Tagged("add_application", a.Name, a.Type)))
		}
	}
	return scripts
}

// removedAppScripts has a script for each application that only the release to leave has: append_remove_app_scripts/4.
func removedAppScripts(from, to *Release) []Script {
	var scripts []Script
	for _, a := range from.Rel.Apps {
		if _, there := to.Find(a.Name); !there {
			scripts = append(scripts, NewScript(etf.Tagged("remove_application", a.Name)))
		}
	}
	return scripts
}

// appupScripts collects the scripts of the applications whose versions differ, in the order in which they start:
// collect_appup_scripts/5.
func (m *maker) appupScripts(mode Mode, base *Release) ([]Script, *Error) {
	var scripts []Script
	for _, app := range m.top.Apps {
		old, there := base.Find(app.Name)
		if !there || old.Vsn == app.Vsn {
			continue
		}
		script, err := m.appupScript(mode, app, old.Vsn)
		if err != nil {
			return nil, err
		}
		scripts = append(scripts, script)
	}
	return scripts, nil
}

// appupScript finds the script of an application: get_script_from_appup/5. Only what is needed of the file is looked
// at.
func (m *maker) appupScript(mode Mode, app *App, vsn string) (Script, *Error) {
	file := join(app.Dir, string(app.Name)+".appup")
	problem := func(what etf.Term) etf.Term { return etf.Tagged("file_problem", etf.Tuple{etf.Charlist(file), what}) }
	src, err := m.path.ReadFile(strings.TrimPrefix(file, "./"))
	if err != nil {
		reason := etf.Tagged("open", etf.Charlist(file), posix(err))
		return Script{}, &Error{Module: "systools_relup", Reason: problem(etf.Tagged("error", reason)), File: file}
	}
	n, broken := firstNode(file, src)
	if broken != nil {
		return Script{}, broken.at("systools_relup", problem(etf.Tagged("error", broken.reason)), file)
	}
	parts, ok := tupleElems(n, 3)
	if !ok {
		return Script{}, &Error{Module: "systools_relup", Reason: problem(etf.Tagged("ok", n.Term)), File: file,
			Line: n.Pos.Line, Column: n.Pos.Column}
	}
	if top, kind := stringOf(parts[0].Term); kind != textOK || top != app.Vsn {
		m.warn(etf.Tagged("bad_vsn", etf.Tuple{parts[0].Term, etf.Charlist(app.Vsn)}))
	}
	entries := mode.entries(parts)
	script, found, failed := searchEntries(file, entries, vsn)
	if failed == nil && !found {
		reason := etf.Tagged("no_relup", etf.Charlist(file), app.Record(), etf.Charlist(vsn))
		failed = &Error{Module: "systools_relup", Reason: reason, File: file, Line: entries.Pos.Line,
			Column: entries.Pos.Column}
	}
	return script, failed
}

// searchEntries looks for the script of a version: appup_search_for_version/2.
func searchEntries(file string, n etf.Node, vsn string) (script Script, found bool, failed *Error) {
	list, ok := listElems(n)
	if !ok {
		return Script{}, false, crashError(file, n, "function_clause")
	}
	for _, e := range list {
		pair, ok := tupleElems(e, 2)
		if !ok {
			continue
		}
		fits := etf.Equal(pair[0].Term, etf.Charlist(vsn))
		if expr, isBinary := pair[0].Term.(etf.Binary); isBinary {
			pattern, err := NewPattern(string(expr))
			if err != nil {
				return Script{}, false, crashError(file, pair[0], "badarg")
			}
			fits = pattern.Fits(vsn)
		}
		if !fits {
			continue
		}
		nodes, ok := listElems(pair[1])
		if !ok {
			return Script{}, false, crashError(file, pair[1], "function_clause")
		}
		return Script{file, nodes}, true, nil
	}
	return Script{}, false, nil
}

// crashError is where OTP crashes, because there is no list or no expression.
func crashError(file string, n etf.Node, word etf.Atom) *Error {
	return &Error{Module: "systools_relup", Reason: crashReason(word), File: file, Line: n.Pos.Line, Column: n.Pos.Column,
		Exit: true}
}
