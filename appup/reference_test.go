package appup

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// An input is what a relup is made of.
type input struct {
	files  fstest.MapFS
	rels   []Base
	option Options
}

func textOf(t testing.TB, term etf.Term) string {
	s, kind := stringOf(term)
	require.Equal(t, textOK, kind)
	return s
}

func (in *input) put(name string, term etf.Term) {
	if in.files == nil {
		in.files = fstest.MapFS{}
	}
	in.files[name] = &fstest.MapFile{Data: []byte(etf.Format(term) + ".\n"), Mode: 0o644}
}

// make makes the relup in the directions that are asked for. Modules whose order systools leaves to chance come in
// the order in which reference has them, if it is not nil; that this is one of the possible orders is checked.
func (in *input) make(t testing.TB, up, down bool, reference etf.Term) etf.Tuple {
	m := newMaker(in.files, in.option)
	var upFrom, downTo []Base
	if up {
		upFrom = in.rels
	}
	if down {
		downTo = in.rels
	}
	m.translate = func(mode Mode, base string, scripts []Script, to, from []*App) (etf.List, error) {
		tr := translation{mode: mode, to: to, from: from, order: (*dependents).order}
		if low := scriptOf(reference, mode, base); low != nil {
			tr.order = func(d *dependents, members []int) []int { return orderOf(t, mode, low, d, members) }
		}
		return tr.script(scripts)
	}
	if err := m.makeRelup("new", upFrom, downTo); err != nil {
		refused, ok := err.(*Error)
		require.True(t, ok)
		require.NotEmpty(t, refused.Error())
		return refused.Term()
	}
	return (&Made{Relup: m.relup, Warnings: m.warnings}).Term()
}

// scriptOf finds a script in {ok, Relup, ...}.
func scriptOf(reference etf.Term, mode Mode, base string) etf.List {
	ok, _ := reference.(etf.Tuple)
	if len(ok) < 2 || !etf.IsAtom(ok[0], "ok") {
		return nil
	}
	for _, e := range ok[1].(etf.Tuple)[1+mode].(etf.List) {
		if entry := e.(etf.Tuple); etf.Equal(entry[0], etf.Charlist(base)) {
			return entry[2].(etf.List)
		}
	}
	return nil
}

// orderOf reads the order of a group from a script, and checks that it is one of the possible ones: whoever depends
// on another module comes first, and those that depend on each other are together and in the order of the text.
func orderOf(t testing.TB, mode Mode, low etf.List, d *dependents, members []int) []int {
	loaded, deleted := map[etf.Term]int{}, map[etf.Term]int{}
	for i, s := range low {
		switch word := wordOf(s); word {
		case "load":
			loaded[s.(etf.Tuple)[1].(etf.Tuple)[0]] = i
		case "purge": // of a delete_module, not of an application
			if list := s.(etf.Tuple)[1].(etf.List); len(list) == 1 {
				deleted[list[0]] = i
			}
		}
	}
	place := map[int]int{}
	for _, v := range members {
		where := loaded
		if d.steps[v].hasWord("delete_module") {
			where = deleted
		}
		i, known := where[d.steps[v].arg(1)]
		if !known {
			return d.order(members) // a difference; the comparison shows it
		}
		if place[v] = i; mode == ModeUp {
			place[v] = -i
		}
	}
	ordered := slices.Clone(members)
	slices.SortFunc(ordered, func(a, b int) int { return place[a] - place[b] })
	cycle := d.cycles(members)
	for i, v := range ordered {
		for _, w := range d.needs[v] {
			if cycle[v] != cycle[w] {
				require.Less(t, place[v], place[w], "%v depends on %v", d.steps[v].arg(1), d.steps[w].arg(1))
			}
		}
		if i > 0 && cycle[ordered[i-1]] == cycle[v] {
			require.Less(t, ordered[i-1], v, "the order of the text within a circle")
		} else if i > 0 {
			require.NotContains(t, cyclesOf(cycle, ordered[:i]), cycle[v], "a circle is not torn")
		}
	}
	return ordered
}

func cyclesOf(cycle map[int]int, members []int) (all []int) {
	for _, v := range members {
		all = append(all, cycle[v])
	}
	return all
}

// same compares two answers of make_relup. What OTP puts a stack into is compared without it.
func same(a, b etf.Term) bool { return etf.Equal(plain(a), plain(b)) }

// plain takes stacks out of exit reasons.
func plain(t etf.Term) etf.Term {
	tuple, ok := t.(etf.Tuple)
	if !ok {
		list, ok := t.(etf.List)
		if !ok {
			return t
		}
		tuple = etf.Tuple(list)
	}
	out := make(etf.Tuple, len(tuple))
	for i, e := range tuple {
		out[i] = plain(e)
	}
	if _, isList := t.(etf.List); isList {
		return etf.List(out)
	}
	if len(out) == 2 && slices.Contains([]etf.Term{etf.Atom("badarg"), etf.Atom("function_clause")}, out[0]) {
		out[1] = etf.List{}
	}
	return out
}

// difference shows two answers.
func difference(want, got etf.Term) string {
	return fmt.Sprintf("systools:\n%s\nhere:\n%s", etf.Format(want), etf.Format(got))
}
