package codechange

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/gonode-otp/gonode/genserv"
)

// request is something that a process was asked to do. The sender may abandon it while the process has not done it;
// exactly one of the two decides which of both happens.
type request struct {
	state atomic.Int32

	mu       sync.Mutex
	closed   bool
	finished chan struct{} // closed when it has been done; made when somebody waits
}

const (
	requestSent  int32 = iota // the process has not come to it
	requestBegun              // the process is at it
	requestDone
	requestAbandoned // nobody wants it any more
)

// fate is what became of a request, for the sender.
type fate uint8

const (
	fateDone      fate = iota
	fateBusy           // the process had not come to it in time, and will not do it
	fateHung           // the process was still at it, and will take back what it does
	fateEnded          // the process ended
	fateCancelled      // the upgrade was told to stop
)

// sendRequest asks p to call do. do returns a function that undoes it, or nil; the process calls that function if the
// request was abandoned while do ran. An idle process calls do at once, in the goroutine of the sender.
func sendRequest(p Process, do func(*genserv.Loop) (undo func())) *request {
	e := &request{}
	e.sendTo(p, do)
	return e
}

// sendTo is sendRequest for a request that the sender may already wait for. The request is done as well if do ends its
// goroutine.
func (e *request) sendTo(p Process, do func(*genserv.Loop) (undo func())) {
	p.Do(func(l *genserv.Loop) {
		if !e.state.CompareAndSwap(requestSent, requestBegun) {
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

// requestServe asks a suspended process to serve as many of its waiting messages as count returns, and then to suspend
// itself again. If the request was abandoned, the process resumes instead.
func requestServe(p Process, count func(*genserv.Loop) int) *request {
	e := &request{}
	p.Do(func(l *genserv.Loop) {
		if e.state.CompareAndSwap(requestSent, requestBegun) {
			l.Serve(count(l), func() {
				if !e.finish() {
					l.Resume()
				}
			})
		}
	})
	return e
}

// finish notes that the request has been done. It returns false if the request was abandoned.
func (e *request) finish() bool {
	if !e.state.CompareAndSwap(requestBegun, requestDone) {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.finished != nil {
		close(e.finished)
	}
	return true
}

func (e *request) isDone() bool { return e.state.Load() == requestDone }

// done returns a channel that is closed when the request has been done.
func (e *request) done() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finished == nil {
		e.finished = make(chan struct{})
		if e.closed {
			close(e.finished)
		}
	}
	return e.finished
}

// abandon gives up on the request.
func (e *request) abandon() fate {
	switch {
	case e.state.CompareAndSwap(requestSent, requestAbandoned):
		return fateBusy
	case e.state.CompareAndSwap(requestBegun, requestAbandoned):
		return fateHung
	}
	return fateDone
}

// abandonAs gives up on the request for a reason.
func (e *request) abandonAs(why fate) fate {
	if e.abandon() == fateDone {
		return fateDone
	}
	return why
}

// wait waits for the request, at most until the limit; a nil limit waits for ever.
func (e *request) wait(ctx context.Context, p Process, limit <-chan struct{}) fate {
	if e.isDone() {
		return fateDone
	}
	select {
	case <-e.done():
		return fateDone
	case <-p.Done():
		return e.abandonAs(fateEnded)
	case <-limit:
		return e.abandon()
	case <-ctx.Done():
		return e.abandonAs(fateCancelled)
	}
}

// watch waits like wait but never abandons the request: the process does it sooner or later.
func (e *request) watch(p Process, limit <-chan struct{}) fate {
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
