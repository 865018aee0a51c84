package codechange

import (
	"maps"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// canaries watches the processes that were changed first, and then changes the others.
func (r *run) canaries() *Error {
	r.resumePending()
	if err := r.watchCanaries(); err != nil {
		return err
	}
	r.afterCanaries = true
	for i, s := range r.after {
		switch s.do.(type) {
		case load, suspend, changeCode, resume:
			if err := r.eval(len(r.before)+i, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// watchCanaries waits for the time that canaries are watched, or until one of them ends.
func (r *run) watchCanaries() *Error {
	timer := time.NewTimer(r.options.Canary.Watch)
	defer timer.Stop()
	watched := slices.Collect(maps.Values(r.loaded))
	for _, s := range r.subjects {
		switch {
		case s.switched && s.report.Outcome == OutcomeEnded: // before there was somebody to watch it
			return canaryEnded(s)
		case s.switched && !s.excluded:
			watched = append(watched, s)
		}
	}
	ended := make(chan Process, 1)
	stop := make(chan struct{})
	defer close(stop)
	for _, p := range watched {
		r.host.Go(func() {
			select {
			case <-p.Done():
				select {
				case ended <- p:
				default:
				}
			case <-stop:
			}
		})
	}
	select {
	case <-timer.C:
		return nil
	case p := <-ended:
		return canaryEnded(p)
	case <-r.ctx.Done():
		return cancelledError(r.ctx)
	}
}

func canaryEnded(p Process) *Error {
	return throwError(etf.Tuple{etf.Atom("canary_ended"), p.Pid(), p.Code().Name()})
}

// keepChanges tells servers that their code changes are kept, as far as they have to know, before they resume.
func (r *run) keepChanges() {
	for _, s := range r.subjects {
		if s.undecided && !s.excluded {
			sendRequest(s, func(l *genserv.Loop) func() {
				l.KeepCodeChanges()
				return nil
			})
		}
	}
}

// commit resumes all processes and purges. Nothing fails any more.
func (r *run) commit() {
	r.keepChanges()
	r.resumePending()
	for _, module := range r.purges {
		for _, p := range r.oldProcesses(module) {
			p.Kill()
		}
		delete(r.postPurge, module)
	}
	for _, module := range slices.Sorted(maps.Keys(r.postPurge)) {
		behind := slices.ContainsFunc(r.oldProcesses(module), func(p Process) bool { return r.loaded[keyOf(p.Pid())] == nil })
		if behind {
			r.report.Unpurged = append(r.report.Unpurged, Unpurged{module, r.postPurge[module]})
		}
	}
}
