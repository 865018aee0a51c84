package codechange

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gonode-otp/gonode/genserv"
)

// errand is something that a process has been asked to do, and that whoever asked may give up on. Exactly one of both
// sides decides what becomes of it.
type errand struct {
	state atomic.Int32

	mu     sync.Mutex
	closed bool
	over   chan struct{} // closed when it has been done; made when somebody waits
}

const (
	errandSent  int32 = iota // the process has not come to it
	errandBegun              // the process is at it
	errandDone
	errandDropped // nobody wants it any more
)

// fate is what became of an errand for the one who waits.
type fate uint8

const (
	fateDone   fate = iota
	fateBusy        // the process had not come to it in time, and will not do it
	fateHung        // the process was still at it, and will take back what it does
	fateEnded       // the process ended
	fateCalled      // the upgrade was told to stop
)

// send asks p to do something. do returns what takes it back, or nil, and undone runs in the process if that was needed
// because nobody waited any longer when do had returned. An idle process does it at once, in the goroutine of the
// caller.
func send(p Process, do func(*genserv.Loop) (undo func())) *errand {
	e := &errand{}
	e.give(p, do)
	return e
}

// give is send for an errand that somebody may wait for already. It counts as done as well if do ends its goroutine.
func (e *errand) give(p Process, do func(*genserv.Loop) (undo func())) {
	p.Do(func(l *genserv.Loop) {
		if !e.state.CompareAndSwap(errandSent, errandBegun) {
			return
		}
		var undo func()
		defer func() {
			if e.finish() {
				return
			}
			if undo != nil {
				undo()
			}
			l.Resume()
		}()
		undo = do(l)
	})
}

// serve asks a suspended process to serve some of the messages that wait for it, as many as count returns, and then to
// suspend itself again. If nobody waits for that any longer it goes on instead.
func serve(p Process, count func(*genserv.Loop) int) *errand {
	e := &errand{}
	p.Do(func(l *genserv.Loop) {
		if e.state.CompareAndSwap(errandSent, errandBegun) {
			l.Serve(count(l), func() {
				if !e.finish() {
					l.Resume()
				}
			})
		}
	})
	return e
}

// finish notes that the errand has been done; false means that it had been dropped.
func (e *errand) finish() bool {
	if !e.state.CompareAndSwap(errandBegun, errandDone) {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.over != nil {
		close(e.over)
	}
	return true
}

func (e *errand) isDone() bool { return e.state.Load() == errandDone }

// done returns a channel that is closed when the errand has been done.
func (e *errand) done() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over == nil {
		e.over = make(chan struct{})
		if e.closed {
			close(e.over)
		}
	}
	return e.over
}

// drop gives up on the errand.
func (e *errand) drop() fate {
	switch {
	case e.state.CompareAndSwap(errandSent, errandDropped):
		return fateBusy
	case e.state.CompareAndSwap(errandBegun, errandDropped):
		return fateHung
	}
	return fateDone
}

// dropAs gives up on the errand for a reason.
func (e *errand) dropAs(why fate) fate {
	if e.drop() == fateDone {
		return fateDone
	}
	return why
}

// wait waits for the errand, at most until the limit; a nil limit waits for ever.
func (e *errand) wait(ctx context.Context, p Process, limit <-chan struct{}) fate {
	if e.isDone() {
		return fateDone
	}
	select {
	case <-e.done():
		return fateDone
	case <-p.Done():
		return e.dropAs(fateEnded)
	case <-limit:
		return e.drop()
	case <-ctx.Done():
		return e.dropAs(fateCalled)
	}
}

// watch waits like wait but never gives up on the errand, so that the process does it sooner or later.
func (e *errand) watch(p Process, limit <-chan struct{}) fate {
	if e.isDone() {
		return fateDone
	}
	select {
	case <-e.done():
		return fateDone
	case <-p.Done():
		return fateEnded
	case <-limit:
		return fateBusy
	}
}
