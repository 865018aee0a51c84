package appup

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// dependents are the instructions of a script that are put into an order, by their places in the text.
type dependents struct {
	steps []step
	needs [][]int // the instructions for the modules that one depends on
	users [][]int // the other way
}

// newDependents makes the graph of dependencies: make_dependency_graph/1.
func newDependents(after []step) (*dependents, *Error) {
	d := &dependents{}
	place := map[etf.Term]int{}
	for _, s := range after {
		if !isDependent(wordOf(s.Term)) {
			continue
		}
		if _, twice := place[s.arg(1)]; twice {
			return nil, s.errorFor(etf.Tagged("muldef_module", s.arg(1)))
		}
		place[s.arg(1)] = len(d.steps)
		d.steps = append(d.steps, s)
	}
	d.needs, d.users = make([][]int, len(d.steps)), make([][]int, len(d.steps))
	for i, s := range d.steps {
		t := s.Term.(etf.Tuple)
		for _, m := range t[len(t)-1].(etf.List) {
			j, known := place[m]
			if !known {
				return nil, s.errorFor(etf.Tagged("undef_module", m))
			}
			d.needs[i] = append(d.needs[i], j)
			d.users[j] = append(d.users[j], i)
		}
	}
	return d, nil
}

// groups returns for each instruction the group of all that it is connected with, by numbers.
func (d *dependents) groups() []int {
	group := make([]int, len(d.steps))
	for i := range group {
		group[i] = -1
	}
	for i := range d.steps {
		todo := []int{i}
		for len(todo) > 0 {
			v := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if group[v] < 0 {
				group[v] = i
				todo = append(append(todo, d.needs[v]...), d.users[v]...)
			}
		}
	}
	return group
}

// order sorts the members of a group by dependency: a member comes before those that it depends on. Members that do not
// depend on each other, and those that all depend on each other, keep the order of the text.
func (d *dependents) order(members []int) []int {
	cycle := d.cycles(members)
	waiting := map[int]int{} // how many uses of a cycle are still to come
	inside := map[int][]int{}
	for _, v := range members {
		inside[cycle[v]] = append(inside[cycle[v]], v)
		for _, u := range d.users[v] {
			if cycle[u] != cycle[v] {
				waiting[cycle[v]]++
			}
		}
	}
	var ready, ordered []int
	for c := range inside {
		if waiting[c] == 0 {
			ready = append(ready, c)
		}
	}
	slices.Sort(ready)
	for len(ready) > 0 {
		c := ready[0]
		ready = ready[1:]
		for _, v := range inside[c] {
			ordered = append(ordered, v)
			for _, w := range d.needs[v] {
				if cycle[w] == c {
					continue
				}
				if waiting[cycle[w]]--; waiting[cycle[w]] == 0 {
					at, _ := slices.BinarySearch(ready, cycle[w])
					ready = slices.Insert(ready, at, cycle[w])
				}
			}
		}
	}
	return ordered
}

// cycles returns for each member the first one, in the text, of those that it depends on and that depend on it: the
// strong components. Members are in the order of the text.
func (d *dependents) cycles(members []int) map[int]int {
	var finished []int // whoever is reached last in a walk along the needs comes last
	seen := map[int]bool{}
	type visit struct{ v, next int }
	for _, root := range members {
		if seen[root] {
			continue
		}
		seen[root] = true
		walk := []visit{{root, 0}}
		for len(walk) > 0 {
			top := &walk[len(walk)-1]
			if top.next == len(d.needs[top.v]) {
				finished = append(finished, top.v)
				walk = walk[:len(walk)-1]
				continue
			}
			w := d.needs[top.v][top.next]
			top.next++
			if !seen[w] {
				seen[w] = true
				walk = append(walk, visit{w, 0})
			}
		}
	}
	cycle := map[int]int{}
	for _, root := range slices.Backward(finished) {
		if _, done := cycle[root]; done {
			continue
		}
		todo, first := []int{root}, root
		var together []int
		for len(todo) > 0 {
			v := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if _, done := cycle[v]; done {
				continue
			}
			cycle[v] = root
			together, first = append(together, v), min(first, v)
			todo = append(todo, d.users[v]...)
		}
		for _, v := range together {
			cycle[v] = first
		}
	}
	return cycle
}
