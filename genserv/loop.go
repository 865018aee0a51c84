package genserv

import (
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Loop is the process of a gen_server without the process: a state machine that takes one message after the other,
// runs the callbacks and says how it wants to wait for the next. It has no goroutine and must be used by one at a
// time.
//
// It is for drivers of servers, such as node; see the package genserv/driver.
type Loop struct {
	inst instance
	code atomic.Pointer[Module] // of inst, for other goroutines to see
	p    Process
	host *driver.Host

	parent         etf.Pid
	hibernateAfter time.Duration

	mode    mode
	ending  bool          // Terminate has been called
	exits   uint8         // how often callbacks have ended the goroutine that ran them
	wait    actionKind    // how to wait: actNone, actTimeout, actHibernate
	timeout time.Duration // of actTimeout
	todo    todo          // what comes before the next message
	timer   timer         // of WithTimeoutMessage
	kept    queue         // messages that came while the server was suspended
	serving *serving      // nil unless the server is about to be suspended again
	debug   *debug        // nil without debug functions
	args    etf.Term      // of Init
	reason  etf.Term

	handled uint64 // messages that a callback has seen
}

type mode uint8

const (
	modeNew mode = iota
	modeRunning
	modeSuspended
	modeStopped
)

// todo is a callback that runs before the next message is looked at.
type todo struct {
	kind todoKind
	term etf.Term
}

type todoKind uint8

const (
	todoNothing  todoKind = iota
	todoContinue          // HandleContinue
	todoInfo              // the message of a time-out of 0 that does not look into the mailbox
)

// NewLoop makes the loop of a process that has not begun yet.
func NewLoop(m Module, proc driver.Proc, o driver.Options) *Loop {
	l := &Loop{host: o.Host, parent: o.Parent, hibernateAfter: o.HibernateAfter}
	l.become(m.newInstance())
	l.p = Process{proc: proc, name: o.Name, kept: &l.kept}
	if l.host == nil {
		l.host = &defaultHost
	}
	if l.parent == (etf.Pid{}) {
		l.parent = proc.Self()
	}
	l.p.initDictionary(m, o.Ancestors)
	l.debugOptions(o.Debug)
	return l
}

var defaultHost driver.Host

// Start runs Init. ack is what a starter in Erlang is told: {ok, Pid}, ignore or {error, Reason}; err is the same as an
// error: nil, ErrIgnore, or an *Exit with the reason. If next says that the process has ended, its name has to be free
// before the starter learns that.
func (l *Loop) Start(args etf.Term) (ack etf.Term, next driver.Next, err error) {
	defer l.finishStep()
	l.args = orUndefined(args)
	o := l.inst.init(&l.p, l.args)
	switch {
	case o.crash != nil:
		return l.failStart(o.crash.exitReason(), o.crash)
	case o.kind == initBad:
		return l.failStart(o.reason, &crash{class: atomExit, reason: o.reason})
	case o.kind == initStop:
		return l.failStart(o.reason, &crash{class: atomExit, reason: o.reason})
	case o.kind == initFail:
		reason := driver.SendableReason(o.reason)
		return etf.Tuple{atomError, reason}, l.becomeStopped(Normal), startError(reason)
	case o.kind == initIgnore:
		return etf.Atom("ignore"), l.becomeStopped(Normal), ErrIgnore
	}
	l.mode = modeRunning
	l.await(o.action)
	return etf.Tuple{atomOk, l.p.Self()}, l.Next(), nil
}

func (l *Loop) failStart(reason etf.Term, c *crash) (ack etf.Term, next driver.Next, err error) {
	l.reportCrash(c)
	told := driver.SendableReason(reason)
	return etf.Tuple{atomError, told}, l.becomeStopped(reason), startError(told)
}

// Timeout tells the server that the time of Next.Wait is over and no message came, or does what Next.Again asks for.
// At any other time it does nothing.
func (l *Loop) Timeout() driver.Next {
	switch {
	case l.stepPending():
		l.step()
	case l.mode != modeRunning:
	case l.wait == actTimeout:
		l.receive(atomTimeout)
	case l.wait == actNone && l.hibernateAfter > 0:
		l.wait = actHibernate
	}
	return l.finishStep()
}

// finishStep returns Next after a step. If the server has stopped, its debug functions end: they have seen its last
// reply.
func (l *Loop) finishStep() driver.Next {
	if l.mode == modeStopped {
		l.closeDebug()
	}
	return l.Next()
}

// Next tells again what the last call told.
func (l *Loop) Next() driver.Next {
	switch {
	case l.mode == modeStopped:
		return driver.Next{Stopped: true, Reason: l.reason, Wait: -1}
	case l.stepPending():
		return driver.Next{Again: true}
	case l.wait == actHibernate:
		return driver.Next{Wait: -1, Hibernate: true}
	case l.mode != modeRunning:
		return driver.Next{Wait: -1}
	case l.wait == actTimeout:
		return driver.Next{Wait: l.timeout}
	case l.hibernateAfter > 0:
		return driver.Next{Wait: l.hibernateAfter}
	}
	return driver.Next{Wait: -1}
}

// Goexit ends a server whose callback has ended the goroutine that ran the loop (runtime.Goexit, as testing.T.FailNow
// calls it): the callback has failed with the error goexit. msg is the message that it was called for, nil for none.
// The driver calls it in another goroutine, and again if Terminate does the same. Next says that the process has
// ended.
func (l *Loop) Goexit(msg etf.Term) driver.Next {
	l.exits++
	c := errGoexit()
	from, last := nobody, msg
	if classify(msg, l.parent) == kindCall {
		t := msg.(etf.Tuple)
		from, last = fromTerm(t[1]), t[2]
	}
	switch {
	case l.mode == modeStopped:
	case l.exits > 2: // what shows the state in a report ends its goroutine, too
		l.becomeStopped(c.exitReason())
	case l.mode == modeNew:
		l.failStart(c.exitReason(), c)
	case l.ending:
		l.failTerminate(c, from, last)
	default:
		l.crash(c, from, last)
	}
	return l.finishStep()
}

// Suspend does what sys:suspend does, for a driver that upgrades the server. It ends what Serve has begun.
func (l *Loop) Suspend() driver.Next {
	if l.mode == modeRunning {
		l.serving = nil
		l.becomeSuspended()
	}
	return l.Next()
}

// Resume does what sys:resume does.
func (l *Loop) Resume() driver.Next {
	if l.mode == modeSuspended {
		l.becomeRunning()
	}
	return l.Next()
}

// Suspended tells whether the server serves system messages only.
func (l *Loop) Suspended() bool { return l.mode == modeSuspended }

// Kept returns the number of messages that wait inside the loop for the server to be resumed. It may be called from any
// goroutine.
func (l *Loop) Kept() int { return int(l.kept.size.Load()) }

// Process returns the handle that the callbacks get.
func (l *Loop) Process() *Process { return &l.p }

// Module returns the name of the callback module that runs now.
func (l *Loop) Module() etf.Atom { return l.inst.moduleName() }

// MayBlock tells whether the server says that its callbacks may wait or take long; see Blocker.
func (l *Loop) MayBlock() bool { return l.inst.mayBlock() }

// Code returns the Module that runs now: another one after a change of code. It may be called from any goroutine.
func (l *Loop) Code() Module { return *l.code.Load() }

// Handled returns how many messages the callbacks have got.
func (l *Loop) Handled() uint64 { return l.handled }

// State returns the state as sys:get_state shows it.
func (l *Loop) State() etf.Term { return l.inst.stateTerm() }

func (l *Loop) becomeRunning() { l.mode = modeRunning }

// becomeSuspended keeps the way to wait, with which the server goes on when it is resumed.
func (l *Loop) becomeSuspended() {
	l.mode = modeSuspended
	if s := l.serving; s != nil {
		l.serving = nil
		s.done()
	}
}

func (l *Loop) becomeStopped(reason etf.Term) driver.Next {
	l.mode, l.reason = modeStopped, reason
	l.todo, l.serving, l.args = todo{}, nil, nil
	l.kept.clear()
	l.timer.cancel()
	return l.Next()
}

// stepPending tells whether there is something to do before the next message.
func (l *Loop) stepPending() bool {
	return l.mode == modeRunning && (l.todo.kind != todoNothing || l.kept.len() > 0)
}

// step does the next thing that stepPending is about.
func (l *Loop) step() {
	do := l.todo
	l.todo = todo{}
	switch do.kind {
	case todoContinue:
		l.continueWith(do.term)
	case todoInfo:
		l.info(do.term)
	default:
		l.receive(l.kept.pop())
	}
	l.countServed(do.kind == todoNothing)
}
