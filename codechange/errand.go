package codechange

import (
	"context"
	"sync/atomic"

	"github.com/gonode-otp/gonode/genserv"
)

// errand is something that a process has been asked to do, and that whoever asked may give up on. Exactly one of both sides
// decides what becomes of it.
type errand struct {
	state atomic.Int32
	done  chan struct{} // closed when it has been done
}

const (
	errandSent  int32 = iota // it waits in the mailbox
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
// because nobody waited any longer when do had returned.
func send(p Process, do func(*genserv.Loop) (undo func())) *errand {
	e := &errand{done: make(chan struct{})}
	p.Deliver(genserv.NewErrand(func(l *genserv.Loop) {
		if !e.state.CompareAndSwap(errandSent, errandBegun) {
			return
		}
		undo := do(l)
		if e.state.CompareAndSwap(errandBegun, errandDone) {
			close(e.done)
			return
		}
		if undo != nil {
			undo()
		}
		l.Resume()
	}))
	return e
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

// wait waits for the errand, at most until the limit; a nil limit waits for ever.
func (e *errand) wait(ctx context.Context, p Process, limit <-chan struct{}) fate {
	select {
	case <-e.done:
		return fateDone
	default:
	}
	select {
	case <-e.done:
		return fateDone
	case <-p.Done():
		if e.drop() == fateDone {
			<-e.done
			return fateDone // it ended after that
		}
		return fateEnded
	case <-limit:
	case <-ctx.Done():
		if f := e.drop(); f == fateDone {
			<-e.done
			return fateDone
		}
		return fateCalled
	}
	f := e.drop()
	if f == fateDone {
		<-e.done
	}
	return f
}

// watch waits like wait but never gives up on the errand, so that the process does it sooner or later.
func (e *errand) watch(p Process, limit <-chan struct{}) fate {
	select {
	case <-e.done:
		return fateDone
	case <-p.Done():
		return fateEnded
	case <-limit:
		return fateBusy
	}
}
