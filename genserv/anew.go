package genserv

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// BeginAnew has the suspended server begin anew as m, in the same process and with the same arguments, after its
// Terminate and without what it had begun: timers, monitors, links. Messages that wait for it wait on. It is for a
// server whose code is taken back before it has handled anything. The error is an *Exit if Init of m does not succeed:
// the process is to be killed then.
func (l *Loop) BeginAnew(m Module) error {
	if l.mode != modeSuspended {
		return driver.ErrNotSuspended
	}
	ancestors, _ := l.p.Get(etf.Atom("$ancestors"))
	l.inst.terminate(&l.p, Shutdown)
	l.p.proc.Forget(Shutdown)
	l.timer.cancel()
	l.todo, l.wait = todo{}, actNone
	l.become(m.newInstance())
	l.p.begins(m, ancestors)
	o := l.inst.init(&l.p, l.args)
	switch {
	case o.crash != nil:
		return &Exit{Reason: o.crash.exitReason()}
	case o.kind != initOk:
		return &Exit{Reason: orUndefined(o.reason)}
	}
	l.await(o.action)
	return nil
}
