package node

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

// registry numbers the processes of this node and finds them by number and by registered name.
type registry struct {
	mu      sync.RWMutex
	entries uint64                 // number of processes that were entered; pids do not show the order
	last    pidNumber              // the number that was given out last
	pids    map[pidNumber]*process // nil for a number that is reserved
	names   map[etf.Atom]*process
}

func newRegistry() *registry {
	return &registry{last: firstPid - 1, pids: map[pidNumber]*process{}, names: map[etf.Atom]*process{}}
}

// byPid returns the live process with these numbers, or nil.
func (r *registry) byPid(pid etf.Pid) *process {
	r.mu.RLock()
	p := r.pids[numberOf(pid)]
	r.mu.RUnlock()
	return p
}

// byName returns the live process registered as name, or nil.
func (r *registry) byName(name etf.Atom) *process {
	r.mu.RLock()
	p := r.names[name]
	r.mu.RUnlock()
	return p
}

// add enters a new process, whose number comes from reserveNumber, under its name if it has one. If another process
// has the name, add returns that process, and the number stays reserved.
func (r *registry) add(p *process, name etf.Atom) (holder *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name != "" {
		if holder = r.names[name]; holder != nil {
			return holder
		}
		r.names[name] = p
		p.name = name
	}
	r.pids[numberOf(p.pid)] = p
	p.entry = r.entries
	r.entries++
	return nil
}

// remove removes a process and its name.
func (r *registry) remove(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pids, numberOf(p.pid))
	if r.isNamed(p) {
		delete(r.names, p.name)
	}
}

// isNamed reports whether a process has a name, which may be the empty atom. The caller holds r.mu.
func (r *registry) isNamed(p *process) bool { return r.names[p.name] == p }

// validName reports whether a process can have the name. A name that is not a valid atom could not be sent in a list
// of names.
func validName(name etf.Atom) bool {
	return utf8.ValidString(string(name)) && utf8.RuneCountInString(string(name)) <= maxNameChars
}

const maxNameChars = 255

// register gives a live process a name. The error is an *InvalidNameError, a *NameTakenError, an
// *AlreadyRegisteredError, or errProcessEnded. Each of these is badarg in erlang:register/2.
func (r *registry) register(name etf.Atom, p *process) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	holder := r.names[name]
	switch {
	case !validName(name) || name == "undefined":
		return &InvalidNameError{name}
	case holder != nil:
		return &NameTakenError{Name: name, Pid: holder.pid}
	case r.isNamed(p):
		return &AlreadyRegisteredError{Pid: p.pid, Name: p.name}
	case r.pids[numberOf(p.pid)] != p:
		return errProcessEnded
	}
	r.names[name], p.name = p, name
	return nil
}

// unregister removes a name from its process, and reports whether there was one.
func (r *registry) unregister(name etf.Atom) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.names[name]
	if p == nil {
		return false
	}
	delete(r.names, name)
	p.name = ""
	return true
}

// nameOf returns the registered name of p, if it has one.
func (r *registry) nameOf(p *process) (name etf.Atom, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return p.name, r.isNamed(p)
}

// hasName reports whether name is the name of p.
func (r *registry) hasName(p *process, name etf.Atom) bool { return r.byName(name) == p }

// registered returns the names that are taken, in order.
func (r *registry) registered() etf.List {
	r.mu.RLock()
	names := slices.Sorted(maps.Keys(r.names))
	r.mu.RUnlock()
	list := make(etf.List, len(names))
	for i, name := range names {
		list[i] = name
	}
	return list
}

// count returns the number of processes that are alive or start now.
func (r *registry) count() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.pids)
}

// all returns the processes that are alive now.
func (r *registry) all() []*process {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*process, 0, len(r.pids))
	for _, p := range r.pids {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// inOrder returns the processes that are alive now, in the order in which they were started.
func (r *registry) inOrder() []*process {
	all := r.all()
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, p := range all {
		first, last = min(first, p.entry), max(last, p.entry)
	}
	if len(all) == 0 || last-first > uint64(8*len(all)) {
		slices.SortFunc(all, func(a, b *process) int { return cmp.Compare(a.entry, b.entry) })
		return all
	}
	// Most of those that were entered between them are alive, so each can be put into its place.
	places := make([]*process, last-first+1)
	for _, p := range all {
		places[p.entry-first] = p
	}
	return slices.DeleteFunc(places, func(p *process) bool { return p == nil })
}
