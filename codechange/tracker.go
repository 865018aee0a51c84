package codechange

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Running is an upgrade that is under way, or a rehearsal.
type Running struct {
	// Step is the number of the instruction that is executed, of Steps; 0 before the first.
	Step        int      `etf:"step"`
	Steps       int      `etf:"steps"`
	Instruction etf.Term `etf:"instruction"`
	// Since is how long it has been executed.
	Since time.Duration `etf:"since_us,micros"`
	// Waiting are the processes that were asked to do a step and have not done it yet.
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

// Tracker follows an upgrade or a rehearsal while it is under way, see Options.Tracker. The zero value is ready for use
// by one Run or Rehearse, and may be asked from any goroutine. A nil one follows nothing.
type Tracker struct {
	mu      sync.Mutex
	at      Progress
	since   time.Time
	waiting map[etf.Pid]waitingFor
}

type waitingFor struct {
	Process
	what Step
}

func (t *Tracker) step(p Progress) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.since = p, time.Now()
	clear(t.waiting)
}

// ask notes that a process has been asked to do something, and done that it has done it.
func (t *Tracker) ask(p Process, what Step) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[etf.Pid]waitingFor{}
	}
	t.waiting[p.Pid()] = waitingFor{p, what}
}

// noteAsked notes that a process has been asked for something, unless it has been done already.
func (r *run) noteAsked(p Process, e *request, what Step) {
	if e.isDone() {
		return
	}
	r.options.Tracker.ask(p, what)
	if e.isDone() {
		r.options.Tracker.done(p.Pid())
	}
}

func (t *Tracker) done(pid etf.Pid) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, pid)
}

// Running returns the state of the upgrade; nil for a nil Tracker.
func (t *Tracker) Running() *Running {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &Running{Step: t.at.Step, Steps: t.at.Steps, Instruction: t.at.Instruction}
	if r.Instruction == nil {
		r.Instruction = etf.Atom("undefined")
	}
	if !t.since.IsZero() {
		r.Since = time.Since(t.since)
	}
	for _, w := range t.waiting {
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
