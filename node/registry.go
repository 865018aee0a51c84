package node

import (
	"maps"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// registry finds the processes of this node by number and by registered name. ergo hands the numbers out.
type registry struct {
	mu    sync.RWMutex
	pids  map[uint64]*process
	names map[etf.Atom]*process
}

func newRegistry() *registry {
	return &registry{pids: map[uint64]*process{}, names: map[etf.Atom]*process{}}
}

// Pid numbers: ergo counts in 64 bits. Towards OTP 23 the Id of a pid has 15 bits and its Serial 13, so the low 15 bits
// go to Id and the others to Serial, whose 32 bits last for 2^47 processes.
const pidIDBits = 15

func pidWords(number uint64) (id, serial uint32) {
	return uint32(number & (1<<pidIDBits - 1)), uint32(number >> pidIDBits)
}

func pidNumber(p etf.Pid) uint64 { return uint64(p.Serial)<<pidIDBits | uint64(p.ID) }

// byPid returns the live process with these numbers, or nil.
func (r *registry) byPid(pid etf.Pid) *process {
	r.mu.RLock()
	p := r.pids[pidNumber(pid)]
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

// add enters a new process, under its name if it has one. It returns the process that has the name already, if any.
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
	r.pids[pidNumber(p.pid)] = p
	return nil
}

// remove forgets a process and its name.
func (r *registry) remove(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pids, pidNumber(p.pid))
	if p.name != "" {
		delete(r.names, p.name)
	}
}

// register gives a live process a name; see erlang:register/2 for the rules behind the result.
func (r *registry) register(name etf.Atom, p *process) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name == "" || name == "undefined" || r.names[name] != nil || p.name != "" || r.pids[pidNumber(p.pid)] != p {
		return false
	}
	r.names[name], p.name = p, name
	return true
}

// unregister takes a name away from its process.
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

// nameOf returns the registered name of p, "" without one.
func (r *registry) nameOf(p *process) etf.Atom {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return p.name
}

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

// all returns the processes that are alive now.
func (r *registry) all() []*process {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]*process, 0, len(r.pids))
	for _, p := range r.pids {
		all = append(all, p)
	}
	return all
}
