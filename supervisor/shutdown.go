package supervisor

import (
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// terminateChildren ends children, from the last to the first, and forgets the temporary ones: terminate_children/2.
func (st *state) terminateChildren(p *genserv.Process, list []*child) {
	for _, c := range slices.Backward(slices.Clone(list)) {
		st.terminate(p, c)
		st.children.markEnded(c)
	}
}

// terminate ends a child if it runs, and reports an end that was not the wanted one: do_terminate/2.
func (st *state) terminate(p *genserv.Process, c *child) {
	if !c.runs() {
		return
	}
	if reason := c.shutDown(p); reason != nil {
		st.report(p, "shutdown_error", reason, c)
	}
}

// shutDown ends the process of a child as its child spec says and returns nil, or the reason with which it ended
// instead: shutdown/1. It waits for DOWN and not for EXIT, since a child may have unlinked itself.
func (c *child) shutDown(p *genserv.Process) (unexpected etf.Term) {
	ref, err := p.Monitor(c.pid)
	if err != nil {
		return nil // the supervisor has been killed, and its children are by their links
	}
	wanted, wait := genserv.Shutdown, c.shutdownTime()
	if wait == BrutalKill {
		wanted, wait = genserv.Killed, genserv.Infinity
		p.Exit(c.pid, etf.Atom("kill"))
	} else {
		p.Exit(c.pid, genserv.Shutdown)
	}
	down, ok := p.Receive(wait, isDown(ref))
	if !ok {
		p.Exit(c.pid, etf.Atom("kill"))
		if down, ok = p.Receive(genserv.Infinity, isDown(ref)); !ok {
			return nil
		}
	}
	reason := unlinkFlush(p, c.pid, down.(etf.Tuple)[4])
	if etf.IsAtom(reason, wanted) || c.restart != Permanent && genserv.IsOrderly(reason) {
		return nil
	}
	return reason
}

// shutdownTime is how long the child has to shut down.
func (c *child) shutdownTime() time.Duration {
	switch t := c.shutdown.(type) {
	case etf.Atom:
		if t == "brutal_kill" {
			return BrutalKill
		}
	case etf.Int:
		if t < etf.Int(genserv.Infinity/time.Millisecond) {
			return time.Duration(t) * time.Millisecond
		}
	}
	return genserv.Infinity
}

// isDown knows {'DOWN', Ref, process, Pid, Reason}.
func isDown(ref etf.Ref) func(etf.Term) bool {
	return func(msg etf.Term) bool {
		down, ok := genserv.AsDown(msg)
		return ok && down.Ref == ref
	}
}

// unlinkFlush takes the exit signal of a process that has ended out of the mailbox and returns the reason of its end:
// that of the exit signal if it was dead before it was monitored. A child without a link has ended unnoticed, which
// OTP 27 calls child_process_unlinked and OTP 25 noproc.
func unlinkFlush(p *genserv.Process, pid etf.Pid, reason etf.Term) etf.Term {
	p.Unlink(pid)
	msg, ok := p.Receive(0, func(msg etf.Term) bool {
		t, ok := etf.AsTuple(msg, "EXIT", 3)
		if !ok {
			return false
		}
		from, ok := t[1].(etf.Pid)
		return ok && from == pid
	})
	switch {
	case !etf.IsAtom(reason, "noproc"):
		return reason
	case ok:
		return msg.(etf.Tuple)[2]
	}
	return etf.Atom("child_process_unlinked")
}
