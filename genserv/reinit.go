package genserv

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Reinit has the suspended server run Init again as m, in the same process and with the same arguments. Its
// Terminate runs before, and its timers, monitors and links end; the messages that wait for it stay. It is for a server
// whose code is taken back before it has handled anything. If Init of m does not succeed the error is an *Exit, and the
// process has to be killed.
func (l *Loop) Reinit(m Module) error {
	if l.mode != modeSuspended {
		return driver.ErrNotSuspended
	}
	ancestors, _ := l.p.Get(etf.Atom("$ancestors"))
	l.inst.terminate(&l.p, Shutdown)
	l.p.proc.Detach(Shutdown)
	l.timer.cancel()
	l.todo, l.wait = todo{}, actNone
	l.become(m.newInstance())
	l.p.initDictionary(m, ancestors)
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
