package genserv

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// timer is the time-out of WithTimeoutMessage: a real timer, whose message {timeout, Ref, Message} comes through the
// mailbox.
type timer struct {
	ref   etf.Term
	stop  func() bool
	stale []etf.Term // references of cancelled timers whose message is on its way
}

func (t *timer) pending() bool { return t.ref != nil || len(t.stale) > 0 }

// cancel ends the timer, if there is one.
func (t *timer) cancel() {
	if t.ref == nil {
		return
	}
	if !t.stop() {
		t.stale = append(t.stale, t.ref)
	}
	t.ref, t.stop = nil, nil
}

// awaitTimer starts the timer of a {timeout, Time, Message} or {hibernate, Time, Message}.
func (l *Loop) awaitTimer(a action) {
	if a.kind == actHibernateTimer {
		l.wait = actHibernate
	}
	switch a.wait {
	case Infinity:
		return
	case 0:
		l.todo = todo{kind: todoInfo, term: a.term}
		return
	}
	ref, err := l.p.MakeRef()
	if err != nil {
		l.crash(&crash{class: atomError, reason: etf.Atom("system_limit")}, nobody, a.Term())
		return
	}
	l.timer.ref = ref
	l.timer.stop = l.p.proc.After(a.wait, l.p.Self(), etf.Tuple{atomTimeout, ref, a.term})
}

// timerMessage looks at a message while a timer runs or a stale one may come. It deals with those of timers, and true
// says that msg was one; any other message cancels the timer.
func (l *Loop) timerMessage(msg etf.Term) bool {
	if t, ok := etf.AsTuple(msg, "timeout", 3); ok {
		if ref, ok := t[1].(etf.Ref); ok {
			if l.timer.ref != nil && ref == l.timer.ref {
				l.timer.ref, l.timer.stop = nil, nil
				l.info(t[2])
				return true
			}
			if i := slices.Index(l.timer.stale, etf.Term(ref)); i >= 0 {
				l.timer.stale = slices.Delete(l.timer.stale, i, i+1)
				return true
			}
		}
	}
	l.timer.cancel()
	return false
}
