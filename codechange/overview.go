package codechange

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Overview is what runs on a node, for people and for metrics.
type Overview struct {
	// Current is the version of the release that runs, Permanent that of the one that the node starts with, and
	// Previous that of the one that ran before; "" if there is none.
	Current   string `etf:"current"`
	Permanent string `etf:"permanent"`
	Previous  string `etf:"previous"`
	// Modules are the modules that are linked in versions, by name.
	Modules []ModuleStatus `etf:"modules"`
	// Running is the upgrade that is under way, or nil.
	Running *Running `etf:"running"`
}

// ModuleStatus tells which versions of a module processes run.
type ModuleStatus struct {
	Name     etf.Atom        `etf:"name"`
	Versions []VersionStatus `etf:"versions"`
}

// VersionStatus is one version of a module.
type VersionStatus struct {
	Vsn string `etf:"vsn"`
	// Current says that new processes run it.
	Current bool `etf:"current"`
	// Processes is how many processes run it now.
	Processes int `etf:"processes"`
}

// Running is an upgrade that is under way, or a rehearsal.
type Running struct {
	// Step is the number of the instruction that is executed, of Steps; 0 before the first.
	Step        int      `etf:"step"`
	Steps       int      `etf:"steps"`
	Instruction etf.Term `etf:"instruction"`
	// Since is how long it has been executed.
	Since time.Duration `etf:"since_us,micros"`
	// Waiting are the processes that have been asked for something and have not done it yet.
	Waiting []Waiting `etf:"waiting"`
}

// Waiting is a process that an upgrade waits for.
type Waiting struct {
	Pid    etf.Pid  `etf:"pid"`
	Name   etf.Atom `etf:"name"`
	Module etf.Atom `etf:"module"`
	// What it is to do.
	What Step `etf:"what,atom"`
}

// Overview tells what runs, and what is under way. It waits for nobody.
func (h *Handler) Overview() Overview {
	h.mu.Lock()
	current, _ := h.latest()
	s := Overview{Current: current.Vsn, Previous: h.previous}
	for _, r := range h.releases {
		if r.Status == Permanent {
			s.Permanent = r.Vsn
		}
	}
	under := h.under
	h.mu.Unlock()
	s.Modules = h.moduleStatus()
	s.Running = under.running()
	return s
}

// Census is a Host that can tell at once what its processes run.
type Census interface {
	// Codes calls count for each process.
	Codes(count func(code genserv.Module))
}

func (h *Handler) moduleStatus() []ModuleStatus {
	processes := map[genserv.Module]int{}
	names := h.config.Versions.Names()
	if census, ok := h.config.Host.(Census); ok {
		census.Codes(func(code genserv.Module) { processes[code]++ })
	} else {
		for _, name := range names {
			for _, p := range h.config.Host.Users(name) {
				processes[p.Code()]++
			}
		}
	}
	all := make([]ModuleStatus, 0, len(names))
	for _, name := range names {
		current, _ := h.config.Versions.Current(name)
		m := ModuleStatus{Name: name}
		for _, v := range h.config.Versions.Modules(name) {
			n := 0
			if v.Code != nil {
				n = processes[v.Code]
			}
			m.Versions = append(m.Versions, VersionStatus{v.vsnText(), v == current, n})
		}
		all = append(all, m)
	}
	return all
}

// underWay is what is known of an upgrade while it is under way. A nil one is of none.
type underWay struct {
	stop func() // gives the upgrade up

	mu      sync.Mutex
	at      Progress
	since   time.Time
	waiting map[etf.Pid]waitingFor
}

type waitingFor struct {
	Process
	what Step
}

func (u *underWay) step(p Progress) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.at, u.since = p, time.Now()
	clear(u.waiting)
}

// ask notes that a process has been asked to do something, and done that it has done it.
func (u *underWay) ask(p Process, what Step) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting == nil {
		u.waiting = map[etf.Pid]waitingFor{}
	}
	u.waiting[p.Pid()] = waitingFor{p, what}
}

// noteAsked notes that a process has been asked for something, unless it has been done already.
func (r *run) noteAsked(p Process, e *errand, what Step) {
	if e.isDone() {
		return
	}
	r.options.under.ask(p, what)
	if e.isDone() {
		r.options.under.done(p.Pid())
	}
}

func (u *underWay) done(pid etf.Pid) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.waiting, pid)
}

func (u *underWay) running() *Running {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	r := &Running{Step: u.at.Step, Steps: u.at.Steps, Instruction: u.at.Instruction}
	if r.Instruction == nil {
		r.Instruction = etf.Atom("undefined")
	}
	if !u.since.IsZero() {
		r.Since = time.Since(u.since)
	}
	for _, w := range u.waiting {
		select {
		case <-w.Done():
		default:
			r.Waiting = append(r.Waiting, Waiting{w.Pid(), w.Name(), w.Code().Name(), w.what})
		}
	}
	slices.SortFunc(r.Waiting, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), etf.Compare(a.Pid, b.Pid))
	})
	return r
}
