package genserv

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Do runs f in the process between two messages, whether the server is suspended or not. A Continue of the last
// callback and the messages kept while the server was suspended come first; if the server ends by them, f does not run.
// Only f may use the loop until it returns. Do is for a driver that looks at a server or changes it.
func (l *Loop) Do(f func(*Loop)) driver.Next {
	for l.stepPending() {
		l.step()
	}
	if l.mode != modeStopped {
		f(l)
	}
	return l.finishStep()
}

// serving counts the kept messages that a suspended server has still to serve.
type serving struct {
	left int
	done func()
}

// Serve has the suspended server take the first n of the messages that wait for it. Then, or when no more of them wait,
// it is suspended again, and done is called in the process. If it ends before, or Suspend is called, done is never
// called.
func (l *Loop) Serve(n int, done func()) {
	if l.mode != modeSuspended || n <= 0 || l.kept.len() == 0 {
		done()
		return
	}
	l.mode, l.serving = modeRunning, &serving{n, done}
}

// countServed counts a message that was taken out of those that waited, and ends what Serve has begun.
func (l *Loop) countServed(message bool) {
	s := l.serving
	if s == nil || l.mode != modeRunning {
		return
	}
	if message {
		s.left--
	}
	if l.todo.kind == todoNothing && (s.left <= 0 || l.kept.len() == 0) {
		l.becomeSuspended()
	}
}

// CallsKept returns how many of the messages that wait for the suspended server it has to take until it has served all
// calls of these processes.
func (l *Loop) CallsKept(from func(etf.Pid) bool) (n int) {
	for i, msg := range l.kept.waiting() {
		if classify(msg, l.parent) == kindCall && from(fromTerm(msg.(etf.Tuple)[1]).Pid) {
			n = i + 1
		}
	}
	return n
}

// MessagesKept returns how many of the messages that wait for the suspended server it has to take until it has served
// all that are no calls.
func (l *Loop) MessagesKept() (n int) {
	for i, msg := range l.kept.waiting() {
		if classify(msg, l.parent) != kindCall {
			n = i + 1
		}
	}
	return n
}
