package genserv

import "github.com/gonode-otp/gonode/etf"

// terminate ends the server in order: terminate/8 of gen_server.erl. Terminate runs, then what is not an orderly
// reason is reported; what is left of a StopReply follows when this has returned.
func (l *Loop) terminate(reason etf.Term, from From, last etf.Term) {
	l.KeepCodeChanges()
	l.ending = true
	if failed := l.inst.terminate(&l.p, reason); failed != nil {
		l.failTerminate(failed, from, last)
		return
	}
	if !IsOrderly(reason) {
		l.report(reason, nil, from, last)
	}
	l.becomeStopped(reason)
}

// crash ends the server because a callback failed: terminate/9. The report shows the stack even if the exit reason
// has none.
func (l *Loop) crash(c *crash, from From, last etf.Term) {
	l.KeepCodeChanges()
	reason := c.exitReason()
	l.ending = true
	if failed := l.inst.terminate(&l.p, reason); failed != nil {
		l.failTerminate(failed, from, last)
		return
	}
	if c.class != atomExit || !IsOrderly(reason) {
		l.report(c.reason, &c.stack, from, last)
	}
	l.becomeStopped(reason)
}

// failTerminate ends the server with what Terminate raised.
func (l *Loop) failTerminate(c *crash, from From, last etf.Term) {
	l.report(c.reason, &c.stack, from, last)
	l.becomeStopped(c.exitReason())
}

// die ends the server without Terminate, as an error in OTP's own code does.
func (l *Loop) die(c *crash) {
	l.reportCrash(c)
	l.becomeStopped(c.exitReason())
}
