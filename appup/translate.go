package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// Mode is the direction of a script.
type Mode uint8

// Directions.
const (
	ModeUp   Mode = iota // to the new release
	ModeDown             // back to the old one
)

// entries returns the list of entries for the direction, of the elements {Vsn, Up, Down} of an .appup file.
func (m Mode) entries(parts []etf.Node) etf.Node {
	if m == ModeDown {
		return parts[2]
	}
	return parts[1]
}

// TranslateScripts makes one low-level script, that of a relup, of the high-level scripts of all applications:
// systools_rc:translate_scripts/4. to are the applications of the release that the script leads to, from those of the
// one that it leaves. Where systools leaves the order of modules to chance, that of the text decides.
//
// The error is an *Error with the reason of systools, and the place of the instruction where there is one.
func TranslateScripts(mode Mode, scripts []Script, to, from []*App) (etf.List, error) {
	t := translation{mode: mode, to: to, from: from, order: (*dependents).order}
	return t.script(scripts)
}

func (t *translation) script(scripts []Script) (etf.List, error) {
	low, err := t.translate(scripts)
	if err != nil {
		return nil, err
	}
	terms := make(etf.List, len(low))
	for i, s := range low {
		terms[i] = s.Term
	}
	return terms, nil
}

// step is an instruction on its way to a relup, with the place that it comes from.
type step struct {
	etf.Node
	file string
}

// replacedBy is another instruction in the place of s.
func (s step) replacedBy(t etf.Term) step { return step{nodeAt(s.Pos, t), s.file} }

// errorFor is an error at s.
func (s step) errorFor(reason etf.Term) *Error {
	return &Error{Module: "systools_rc", Reason: reason, File: s.file, Line: s.Pos.Line, Column: s.Pos.Column}
}

// hasWord tells whether s is an instruction of that kind.
func (s step) hasWord(word etf.Atom) bool { return wordOf(s.Term) == word }

// arg returns an element of the tuple.
func (s step) arg(i int) etf.Term { return s.Term.(etf.Tuple)[i] }

type translation struct {
	mode     Mode
	to, from []*App
	order    func(d *dependents, members []int) []int // of a group
}

// translate makes the low-level script: do_translate_scripts/4 and translate_merged_script/4. Its error has the type
// *Error so that the steps can return a nil of it.
func (t *translation) translate(scripts []Script) ([]step, error) {
	before, after, err := mergeScripts(scripts)
	for _, part := range [][]step{before, after} {
		if err == nil {
			err = checkSyntax(part)
		}
	}
	if err == nil {
		for i, s := range after {
			after[i] = step{normalize(s.Node), s.file}
		}
		err = checkPairs(before, after)
	}
	if err == nil {
		after, err = t.translateApplications(after)
	}
	if err == nil {
		before, after, err = t.translateDependents(before, after)
	}
	if err == nil {
		before, err = mergeObjectCode(before)
	}
	if err != nil {
		return nil, err
	}
	before, after = t.placeRestarts(before, after)
	return slices.Concat(before, []step{{Node: etf.Node{Term: etf.Atom("point_of_no_return")}}}, after), nil
}

// mergeScripts puts together what stands before the points of no return of all scripts, and what stands after them:
// merge_scripts/1.
func mergeScripts(scripts []Script) (before, after []step, err *Error) {
	for _, script := range scripts {
		b, a, err := splitScript(script)
		if err != nil {
			return nil, nil, err
		}
		before, after = append(before, b...), append(after, a...)
	}
	return before, after, nil
}

// splitScript divides a script at its point of no return, which may be missing: split_script/1. The load_object_code
// behind it go to the front.
func splitScript(script Script) (before, after []step, err *Error) {
	for _, n := range script.nodes {
		for _, full := range expand(n) {
			after = append(after, step{full, script.File})
		}
	}
	isPoint := func(s step) bool { return etf.IsAtom(s.Term, "point_of_no_return") }
	if i := slices.IndexFunc(after, isPoint); i >= 0 {
		before, after = after[:i:i], after[i+1:]
		if j := slices.IndexFunc(after, isPoint); j >= 0 {
			return nil, nil, after[j].errorFor(etf.Atom("too_many_point_of_no_return"))
		}
	}
	for _, s := range before {
		if !s.mayPrecedePoint() {
			return nil, nil, s.errorFor(etf.Tagged("bad_op_before_point_of_no_return", s.Term))
		}
	}
	var rest []step
	for _, s := range after {
		if s.mayPrecedePoint() && s.hasWord("load_object_code") {
			before = append(before, s)
		} else {
			rest = append(rest, s)
		}
	}
	return before, rest, nil
}

// mayPrecedePoint tells whether an instruction may stand before the point of no return.
func (s step) mayPrecedePoint() bool {
	t, _ := s.Term.(etf.Tuple)
	return len(t) == 2 && (s.hasWord("load_object_code") || s.hasWord("apply"))
}

func checkSyntax(steps []step) *Error {
	for _, s := range steps {
		r := &report{file: s.file}
		if !r.syntax(s.Node) {
			f := r.findings[0]
			return &Error{Module: "systools_rc", Reason: f.Reason, File: f.File, Line: f.Line, Column: f.Column}
		}
	}
	return nil
}

// checkPairs checks what belongs together: check_script/2. OTP means to refuse a code_change without a suspend, too,
// but looks for a tuple where there is a list.
func checkPairs(before, after []step) *Error {
	object := map[etf.Term]bool{}
	for _, s := range before {
		if s.hasWord("load_object_code") {
			for _, m := range s.arg(1).(etf.Tuple)[2].(etf.List) {
				object[m] = true
			}
		}
	}
	for _, s := range after {
		if s.hasWord("load") && !object[s.arg(1).(etf.Tuple)[0]] {
			return s.errorFor(etf.Tagged("no_object_code", s.arg(1).(etf.Tuple)[0]))
		}
	}
	suspended, resumed := modulesOf(after, "suspend"), modulesOf(after, "resume")
	started, stopped := modulesOf(after, "start"), modulesOf(after, "stop")
	for _, c := range []struct {
		reason    etf.Atom
		has, from []modulePlace
	}{
		{"suspended_not_resumed", suspended, resumed}, {"resumed_not_suspended", resumed, suspended},
		{"start_not_stop", started, stopped}, {"stop_not_start", stopped, started},
	} {
		if err := missingFrom(c.reason, c.has, c.from); err != nil {
			return err
		}
	}
	return nil
}

// modulePlace is a module in an instruction.
type modulePlace struct {
	module etf.Term
	in     step
}

// modulesOf returns the modules of all instructions of a kind.
func modulesOf(steps []step, word etf.Atom) []modulePlace {
	var all []modulePlace
	for _, s := range steps {
		if !s.hasWord(word) {
			continue
		}
		for _, m := range s.arg(1).(etf.List) {
			if pair, ok := m.(etf.Tuple); ok {
				m = pair[0]
			}
			all = append(all, modulePlace{m, s})
		}
	}
	return all
}

// missingFrom returns an error if modules of one list are not in the other: difference/2, which keeps duplicates.
func missingFrom(reason etf.Atom, has, from []modulePlace) *Error {
	known := map[etf.Term]bool{}
	for _, f := range from {
		known[f.module] = true
	}
	missing := etf.List{}
	var first step
	for _, h := range has {
		if !known[h.module] {
			if len(missing) == 0 {
				first = h.in
			}
			missing = append(missing, h.module)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return first.errorFor(etf.Tagged(reason, missing))
}

// mergeObjectCode makes one load_object_code an application, in front of the calls: merge_load_object_code/1.
func mergeObjectCode(before []step) ([]step, *Error) {
	var found, merged, rest []step
	for _, s := range before {
		if s.hasWord("load_object_code") {
			found = append(found, s)
		} else {
			rest = append(rest, s)
		}
	}
	for len(found) > 0 {
		first := found[0]
		code := first.arg(1).(etf.Tuple)
		same, other := []step{first}, []step(nil)
		var conflict *Error
		for _, s := range found[1:] {
			c := s.arg(1).(etf.Tuple)
			switch {
			case c[0] != code[0]:
				other = append(other, s)
			case etf.Compare(c[1], code[1]) == 0:
				same = append(same, s)
			default: // OTP looks from the end and stops at the last
				conflict = s.errorFor(etf.Tagged("conflicting_versions", code[0], code[1], c[1]))
			}
		}
		if conflict != nil {
			return nil, conflict
		}
		all := etf.Tuple{code[0], code[1], unionOfModules(same)}
		merged = append(merged, first.replacedBy(etf.Tagged("load_object_code", all)))
		found = other
	}
	return append(merged, rest...), nil
}

// unionOfModules puts lists of modules together. Of a module that several lists have the last stays: mlo/1 and union/2.
func unionOfModules(all []step) etf.List {
	known := map[etf.Term]bool{}
	var backwards etf.List
	for _, s := range slices.Backward(all) {
		modules := s.arg(1).(etf.Tuple)[2].(etf.List)
		for _, m := range slices.Backward(modules) {
			if !known[m] {
				backwards = append(backwards, m)
			}
		}
		for _, m := range modules {
			known[m] = true
		}
	}
	slices.Reverse(backwards)
	if backwards == nil {
		return etf.List{}
	}
	return backwards
}

// placeRestarts gives restarts of the emulator their places: sort_emulator_restart/3. On the way up a new emulator goes
// first, on the way down the restart is the end.
func (t *translation) placeRestarts(before, after []step) (b, a []step) {
	after, renewed := separateWord(after, "restart_new_emulator")
	after, restarted := separateWord(after, "restart_emulator")
	if len(renewed) > 0 && t.mode == ModeUp {
		before = append([]step{renewed[0]}, before...)
	} else if len(renewed) > 0 {
		restarted = append(restarted, renewed[0].replacedBy(etf.Atom("restart_emulator")))
	}
	if len(restarted) > 0 {
		after = append(after, restarted[0].replacedBy(etf.Atom("restart_emulator")))
	}
	return before, after
}

func separateWord(steps []step, word etf.Atom) (rest, taken []step) {
	for _, s := range steps {
		if etf.IsAtom(s.Term, word) {
			taken = append(taken, s)
		} else {
			rest = append(rest, s)
		}
	}
	return rest, taken
}
