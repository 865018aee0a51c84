package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// translateDependents makes low-level instructions of those that depend on each other, a group at a time, in the place
// of the first of its members: translate_dependent_instrs/4.
func (t *translation) translateDependents(before, after []step) (b, a []step, err *Error) {
	d, err := newDependents(after)
	if err != nil {
		return nil, nil, err
	}
	group := d.groups()
	members := map[int][]int{}
	for i, g := range group {
		members[g] = append(members[g], i)
	}
	home := t.appsByModule()
	next := 0
	for _, s := range after {
		if !isDependent(wordOf(s.Term)) {
			a = append(a, s)
			continue
		}
		if group[next] == next { // the first of its group
			var ordered []step
			for _, i := range t.order(d, members[next]) {
				ordered = append(ordered, d.steps[i])
			}
			object, err := objectCodeSteps(ordered, home)
			if err != nil {
				return nil, nil, err
			}
			before, a = append(before, object...), append(a, t.translateGroup(ordered)...)
		}
		next++
	}
	return before, a, nil
}

// appsByModule returns the application of each module; the first that has it, as get_lib/2 does.
func (t *translation) appsByModule() map[etf.Term]*App {
	home := map[etf.Term]*App{}
	for _, app := range t.to {
		for _, m := range app.Modules {
			if home[m] == nil {
				home[m] = app
			}
		}
	}
	return home
}

func objectCodeSteps(ordered []step, home map[etf.Term]*App) ([]step, *Error) {
	var all []step
	for _, s := range ordered {
		if s.hasWord("delete_module") {
			continue
		}
		app := home[s.arg(1)]
		if app == nil {
			return nil, s.errorFor(etf.Tagged("no_such_module", s.arg(1)))
		}
		all = append(all, s.replacedBy(etf.Tagged("load_object_code", etf.Tuple{app.Name, etf.Charlist(app.Vsn),
			etf.List{s.arg(1)}})))
	}
	return all, nil
}

// Elements of the long form of update.
const (
	updateType    = 2
	updateTimeout = 3
	updateChange  = 4
	updatePre     = 5
	updatePost    = 6
)

// translateGroup makes the instructions of a group, whose members are in the order of dependency:
// translate_dep_to_low/3.
func (t *translation) translateGroup(ordered []step) []step {
	var code [][]step
	var suspend, resume, dynamic, static etf.List
	for _, s := range ordered {
		module := s.arg(1)
		switch {
		case s.hasWord("delete_module"):
			code = append(code, []step{s.replacedBy(etf.Tagged("remove", etf.Tuple{module, brutalPurge, brutalPurge})),
				s.replacedBy(etf.Tagged("purge", etf.List{module}))})
			continue
		case s.hasWord("load_module"):
			code = append(code, []step{s.replacedBy(etf.Tagged("load", etf.Tuple{module, s.arg(2), s.arg(3)}))})
			continue
		}
		code = append(code, []step{s.replacedBy(etf.Tagged("load", etf.Tuple{module, s.arg(updatePre), s.arg(updatePost)}))})
		resume = append(resume, module)
		if etf.IsAtom(s.arg(updateTimeout), "default") {
			suspend = append(suspend, module)
		} else {
			suspend = append(suspend, etf.Tuple{module, s.arg(updateTimeout)})
		}
		change, advanced := s.arg(updateChange).(etf.Tuple)
		switch {
		case !advanced:
		case t.mode == ModeDown && etf.IsAtom(s.arg(updateType), "static"):
			static = append(static, etf.Tuple{module, change[1]})
		default:
			dynamic = append(dynamic, etf.Tuple{module, change[1]})
		}
	}
	slices.Reverse(resume)
	if t.mode == ModeUp {
		slices.Reverse(code)
	}
	loads := slices.Concat(code...)
	on := func(list etf.List, word ...etf.Term) []step {
		if len(list) == 0 {
			return nil
		}
		return []step{ordered[0].replacedBy(append(etf.Tuple(word), list))}
	}
	var all []step
	all = append(all, on(suspend, etf.Atom("suspend"))...)
	if t.mode == ModeUp {
		all = append(append(all, loads...), on(dynamic, etf.Atom("code_change"), etf.Atom("up"))...)
	} else {
		all = append(append(all, on(dynamic, etf.Atom("code_change"), etf.Atom("down"))...), loads...)
		all = append(all, on(static, etf.Atom("code_change"), etf.Atom("down"))...)
	}
	return append(all, on(resume, etf.Atom("resume"))...)
}
