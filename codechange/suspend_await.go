package codechange

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// A process that was told to suspend itself may be unable to, because it waits for one that is suspended already: for
// the reply to a call, perhaps by way of other processes and other nodes. So while some processes are missing, the
// suspended ones serve messages that wait for them, with the code and the state that they have, and then suspend
// themselves again. No code is changed before all processes are suspended at the same time.
//
// Differs from OTP, which gives up on a process that does not suspend itself in time. There an upgrade fails if
// processes are suspended in an unlucky order or call each other in a loop.

const (
	// firstRound is how long the missing processes have before the suspended ones serve something for the first time, and
	// between two rounds at first. After steadyRounds rounds each takes twice as long as the one before, up to lastRound,
	// so that a load from outside does not keep the rounds going.
	firstRound   = time.Millisecond
	lastRound    = 250 * time.Millisecond
	steadyRounds = 64
	// allRound is the first round in which all waiting messages are served. Before it only calls of the missing processes
	// are served, with the messages in front of them. changedRound is the same for servers that have been changed already:
	// what they serve keeps them from getting back exactly their old state. After half as many rounds everything but calls
	// of others is served, because a server that answers later may wait for a message of its own.
	allRound     = 2
	changedRound = 16
	// quietRounds is how many rounds without a direct call have to pass between two rounds in which everything is served.
	// Serving calls of others begins new work, which would never be finished everywhere at the same time under load.
	quietRounds = 4
	// directRounds is how many rounds are not counted because they have found a direct call.
	directRounds = 1024
)

// rounds say when the suspended serve something.
type rounds struct {
	n      int
	direct int // that were not counted
	quiet  int // without a direct call since the last one in which all was served
	timer  *time.Timer
}

func newRounds() *rounds { return &rounds{quiet: quietRounds, timer: time.NewTimer(firstRound)} }

// next begins a round. A round that has found a direct call of a missing process does not count.
func (r *rounds) next(found bool) {
	all := r.n >= allRound && r.quiet >= quietRounds
	switch {
	case found && r.direct < directRounds:
		r.direct++
		r.quiet = 0
	default:
		r.n++
		r.quiet++
	}
	if all {
		r.quiet = 0
	}
	r.timer.Reset(min(firstRound<<min(max(r.n-steadyRounds, 0), 16), lastRound))
}

// serveLevel says what a suspended process serves in a round.
type serveLevel uint8

const (
	serveCalls    serveLevel = iota // calls of the missing ones
	serveMessages                   // and what is no call
	serveAll
)

// level returns what a process serves in this round; changed says that its code has been changed already.
func (r *rounds) level(changed bool) serveLevel {
	first := allRound
	if changed {
		first = changedRound
	}
	switch {
	case r.n >= first && r.quiet >= quietRounds:
		return serveAll
	case r.n >= first/2:
		return serveMessages
	}
	return serveCalls
}

// awaitMissing waits until all processes that have been told to suspend themselves have done so, at most until the
// limit. It returns those that have not; they are not waited for any longer.
func (r *run) awaitMissing(ctx context.Context, missing []*subject, limit <-chan struct{}) ([]*subject, error) {
	var rounds *rounds
	for {
		for len(missing) > 0 && r.suspendResolved(missing[0]) {
			missing = missing[1:]
		}
		if len(missing) == 0 {
			return nil, nil
		}
		if rounds == nil {
			rounds = newRounds()
			defer rounds.timer.Stop()
		}
		select {
		case <-missing[0].suspending.done():
		case <-missing[0].Done():
		case <-rounds.timer.C:
			missing = slices.DeleteFunc(missing, r.suspendResolved)
			serving, found := r.serveRound(missing, rounds)
			missing = append(missing, serving...)
			rounds.next(found)
		case <-limit:
			return slices.DeleteFunc(missing, r.resolveSuspend), nil
		case <-ctx.Done():
			return nil, cancelledError(ctx)
		}
	}
}

// suspendResolved tells whether it is known what became of a process that was told to suspend itself, and notes it.
func (r *run) suspendResolved(s *subject) bool {
	if !s.suspending.isDone() {
		select {
		case <-s.Done():
			if s.suspending.abandon() != fateDone {
				s.noteEnded()
				s.suspending = nil
				return true
			}
		default:
			return false
		}
	}
	r.noteSuspended(s)
	return true
}

// resolveSuspend is settled for one that is not waited for any longer.
func (r *run) resolveSuspend(s *subject) bool {
	f := s.suspending.abandon()
	if f == fateDone || f == fateBusy && s.suspended {
		r.noteSuspended(s)
		return true
	}
	s.suspending, s.suspended = nil, false
	return false
}

func (r *run) noteSuspended(s *subject) {
	s.suspending = nil
	if !s.suspended {
		s.suspended = true
		if !s.listed {
			s.listed = true
			r.suspendOrder = append(r.suspendOrder, s)
		}
	}
}

// serveRound has the suspended processes serve what may keep the missing ones waiting. It returns those that do so,
// which are missing now as well, and whether there were calls of the missing among it.
func (r *run) serveRound(missing []*subject, now *rounds) (serving []*subject, found bool) {
	var direct atomic.Bool
	pids := make(map[etf.Pid]bool, len(missing))
	for _, s := range missing {
		pids[s.Pid()] = true
	}
	for _, s := range r.suspendOrder {
		if !s.suspended || s.suspending != nil {
			continue
		}
		level := now.level(s.switched)
		s.suspending = requestServe(s, func(l *genserv.Loop) int {
			n := l.CallsKept(func(pid etf.Pid) bool { return pids[pid] })
			if n > 0 {
				direct.Store(true)
			}
			switch level {
			case serveMessages:
				n = max(n, l.MessagesKept())
			case serveAll:
				n = l.Kept()
			}
			return n
		})
		if s.suspending.isDone() {
			s.suspending = nil
			continue
		}
		serving = append(serving, s)
	}
	return serving, direct.Load()
}
