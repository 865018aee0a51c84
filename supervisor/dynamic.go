package supervisor

import (
	"maps"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// dynamics are the children of a SimpleOneForOne by their pids, one that waits for a restart by the pid that it had.
type dynamics struct {
	byPid      map[etf.Pid]dynamic
	keepArgs   bool // the arguments of the start are needed again: the children are not temporary
	restarting int
}

type dynamic struct {
	args       etf.List
	restarting bool
}

func newDynamics(template *child) *dynamics {
	return &dynamics{byPid: map[etf.Pid]dynamic{}, keepArgs: template.restart != Temporary}
}

func (d *dynamics) len() int { return len(d.byPid) }

func (d *dynamics) has(pid etf.Pid) bool {
	_, ok := d.byPid[pid]
	return ok
}

func (d *dynamics) store(pid etf.Pid, child dynamic) {
	if !d.keepArgs {
		child.args = nil
	}
	d.byPid[pid] = child
	if child.restarting {
		d.restarting++
	}
}

func (d *dynamics) erase(pid etf.Pid) {
	if d.byPid[pid].restarting {
		d.restarting--
	}
	delete(d.byPid, pid)
}

// pids returns the keys in the order in which the processes were started.
func (d *dynamics) pids() []etf.Pid {
	return slices.SortedFunc(maps.Keys(d.byPid), func(a, b etf.Pid) int { return etf.Compare(a, b) })
}

func (d *dynamics) clone() *dynamics {
	if d == nil {
		return nil
	}
	other := *d
	other.byPid = maps.Clone(d.byPid)
	return &other
}

// template is the one child spec of a SimpleOneForOne.
func (st *state) template() *child { return st.children.list[0] }

// dynamicChild returns the record of the child with that pid.
func (st *state) dynamicChild(pid etf.Pid, d dynamic) *child {
	c := *st.template()
	c.pid, c.restarting = pid, d.restarting
	c.start.args, c.start.forgotten = d.args, !st.dynamics.keepArgs
	return &c
}

// startDynamic starts a child with the arguments of the child spec and more: {start_child, Args}.
func (st *state) startDynamic(p *genserv.Process, more etf.Term) etf.Term {
	m := st.template().start
	list, ok := more.(etf.List)
	if !ok {
		// apply/3 with arguments that are no list.
		stack := etf.List{etf.Tuple{etf.Atom("erlang"), etf.Atom("apply"), etf.List{m.module, m.function, more}, etf.List{}}}
		return pair("error", exitTuple(etf.Tuple{etf.Atom("badarg"), stack}))
	}
	m.args = slices.Concat(m.args, list)
	o := m.apply(p)
	if o.pid != (etf.Pid{}) {
		st.dynamics.store(o.pid, dynamic{args: m.args})
	}
	return o.term()
}

// handleDynamicExit deals with the end of a child: restart_child/3.
func (s *server) handleDynamicExit(p *genserv.Process, pid etf.Pid, reason etf.Term, st *state) bool {
	d, ok := st.dynamics.byPid[pid]
	if !ok || d.restarting {
		return true
	}
	c := st.dynamicChild(pid, d)
	if c.restart == Permanent || c.restart == Transient && !genserv.IsOrderly(reason) {
		st.report(p, "child_terminated", reason, c)
		return s.restartDynamic(p, c, st)
	}
	if !genserv.IsOrderly(reason) {
		st.report(p, "child_terminated", reason, c)
	}
	st.dynamics.erase(pid)
	return true
}

// retryDynamic serves {try_again_restart, {restarting, Pid}}.
func (s *server) retryDynamic(p *genserv.Process, id etf.Term, st *state) genserv.Result[*state] {
	if t, ok := etf.AsTuple(id, "restarting", 2); ok {
		pid, _ := t[1].(etf.Pid)
		if d, ok := st.dynamics.byPid[pid]; ok && d.restarting {
			return st.continueOrStop(s.restartDynamic(p, st.dynamicChild(pid, d), st))
		}
	}
	return genserv.NoReply(st)
}

// restartDynamic is restart/2 and the clause for simple_one_for_one of restart/3.
func (s *server) restartDynamic(p *genserv.Process, c *child, st *state) bool {
	if !st.forgive(c.pid) && !st.addRestart(s.now()) {
		st.report(p, "shutdown", etf.Atom("reached_max_restart_intensity"), c)
		st.dynamics.erase(c.pid)
		return false
	}
	st.dynamics.erase(c.pid)
	switch o := c.start.apply(p); {
	case o.reason != nil:
		st.dynamics.store(c.pid, dynamic{args: c.start.args, restarting: true})
		st.report(p, "start_error", o.reason, c)
		p.Cast(p.Self(), pair("try_again_restart", pair("restarting", c.pid)))
	case o.pid != (etf.Pid{}):
		st.dynamics.store(o.pid, dynamic{args: c.start.args})
		// Differs from OTP: a child that now returns ignore is removed. OTP keeps an entry for the pid undefined, on which it
		// crashes when it terminates.
	}
	return true
}

// terminateDynamics ends all children at once and waits for them: terminate_dynamic_children/1. What did not go as
// wanted is reported once for each reason.
func (st *state) terminateDynamics(p *genserv.Process) {
	patience := st.template().shutdownTime()
	signal, wanted := genserv.Shutdown, genserv.Shutdown
	if patience == BrutalKill {
		signal, wanted, patience = etf.Atom("kill"), genserv.Killed, genserv.Infinity
	}
	waiting := map[etf.Ref]etf.Pid{}
	for _, pid := range st.dynamics.pids() {
		if st.dynamics.byPid[pid].restarting {
			continue
		}
		ref, err := p.Monitor(pid)
		if err != nil {
			return // the supervisor has been killed
		}
		waiting[ref] = pid
		p.Exit(pid, signal)
	}
	end := time.Now().Add(patience)
	var unexpected failures
	for len(waiting) > 0 {
		wait := genserv.Infinity
		if patience != genserv.Infinity {
			wait = max(time.Until(end), 0)
		}
		msg, ok := p.Receive(wait, isDownOf(waiting))
		switch {
		case !ok && patience == genserv.Infinity:
			return // killed
		case !ok:
			for _, pid := range waiting {
				p.Exit(pid, etf.Atom("kill"))
			}
			patience = genserv.Infinity
			continue
		}
		down := msg.(etf.Tuple)
		ref := down[1].(etf.Ref)
		reason := unlinkFlush(p, waiting[ref], down[4])
		delete(waiting, ref)
		if !etf.IsAtom(reason, wanted) && (st.template().restart == Permanent || !genserv.IsOrderly(reason)) {
			unexpected.add(reason)
		}
	}
	for _, f := range unexpected {
		st.reportMany(p, "shutdown_error", f.reason, f.count)
	}
}

// isDownOf knows the DOWN messages of monitors.
func isDownOf(monitors map[etf.Ref]etf.Pid) func(etf.Term) bool {
	return func(msg etf.Term) bool {
		down, ok := genserv.AsDown(msg)
		_, waiting := monitors[down.Ref]
		return ok && waiting
	}
}

// failures count the children that ended with the same reason.
type failures []failure

type failure struct {
	reason etf.Term
	count  int
}

func (fs *failures) add(reason etf.Term) {
	i := slices.IndexFunc(*fs, func(f failure) bool { return etf.Equal(f.reason, reason) })
	if i < 0 {
		*fs = append(*fs, failure{reason: reason, count: 1})
		return
	}
	(*fs)[i].count++
}
