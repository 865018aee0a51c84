package supervisor

import (
	"log/slog"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// startChildren starts children that do not run, in order, up to the first that fails: start_children/2. A temporary
// child that said ignore is forgotten.
func (st *state) startChildren(p *genserv.Process, list []*child) (failed *child, reason etf.Term) {
	for _, c := range slices.Clone(list) {
		o := st.startChild(p, c, slog.LevelInfo)
		switch {
		case o.reason != nil:
			st.report(p, "start_error", o.reason, c)
			return c, o.reason
		case o.pid == (etf.Pid{}) && c.restart == Temporary:
			st.children.remove(c)
		default:
			st.children.setPid(c, o.pid, false)
		}
	}
	return nil, nil
}

// startChild is do_start_child/3. The level is that of the progress report: what the supervisor starts by itself is
// worth more than what it is asked for (OTP 27; all the same in OTP 25).
func (st *state) startChild(p *genserv.Process, c *child, level slog.Level) outcome {
	o := c.start.apply(p)
	if o.pid != (etf.Pid{}) {
		started := *c
		started.pid, started.restarting = o.pid, false
		st.progress(p, &started, level)
	}
	return o
}

// handleExit deals with a child that has ended by itself: do_restart/3. It tells whether the supervisor goes on.
func (s *server) handleExit(p *genserv.Process, c *child, reason etf.Term, st *state) bool {
	if c.restart == Permanent || c.restart == Transient && !genserv.IsOrderly(reason) {
		st.report(p, "child_terminated", reason, c)
		return s.restart(p, c, st)
	}
	if !genserv.IsOrderly(reason) {
		st.report(p, "child_terminated", reason, c)
	}
	st.children.markEnded(c)
	return !st.shutsDownAfter(c.significant)
}

// shutsDownAfter tells whether the end of a child that is not started again is the end of the supervisor:
// do_auto_shutdown/2.
func (st *state) shutsDownAfter(significant bool) bool {
	switch {
	case st.autoShutdown == Never || !significant:
		return false
	case st.autoShutdown == AnySignificant:
		return true
	}
	return !slices.ContainsFunc(st.children.list, func(c *child) bool {
		return c.significant && (c.restarting || c.runs())
	})
}

// restart starts a child anew, and others if the strategy says so, unless that was too often: restart/2. It tells
// whether the supervisor goes on.
func (s *server) restart(p *genserv.Process, c *child, st *state) bool {
	if !st.forgive(c.pid) && !st.addRestart(s.now()) {
		st.report(p, "shutdown", etf.Atom("reached_max_restart_intensity"), c)
		st.children.markEnded(c)
		return false
	}
	var again *child
	switch st.strategy {
	case OneForOne:
		again = st.restartOne(p, c)
	case RestForOne:
		i := slices.Index(st.children.list, c)
		again = st.restartMany(p, c, slices.Clone(st.children.list[i:]))
	default:
		again = st.restartMany(p, c, slices.Clone(st.children.list))
	}
	if again != nil {
		// First whatever else is in the mailbox, which may be the end of the supervisor or of the child.
		p.Cast(p.Self(), pair("try_again_restart", again.id))
	}
	return true
}

// restartOne is restart/3 for one_for_one. It returns the child if it has to be tried again.
func (st *state) restartOne(p *genserv.Process, c *child) (again *child) {
	o := st.startChild(p, c, slog.LevelInfo)
	if o.reason != nil {
		st.report(p, "start_error", o.reason, c)
		st.children.setPid(c, c.pid, true)
		return c
	}
	st.children.setPid(c, o.pid, false)
	return nil
}

// restartMany ends the children that still run, from the last to the first, and starts all that are not temporary:
// restart_multiple_children/3. It returns the child that failed and has to be tried again.
func (st *state) restartMany(p *genserv.Process, c *child, list []*child) (again *child) {
	before := c.pid
	st.children.setPid(c, etf.Pid{}, false)
	st.terminateChildren(p, list)
	list = slices.DeleteFunc(list, func(c *child) bool { return c.restart == Temporary })
	failed, _ := st.startChildren(p, list)
	if failed == nil {
		return nil
	}
	if failed != c {
		before = etf.Pid{}
	}
	st.children.setPid(failed, before, true)
	return failed
}

// forgive tells, once, whether the end of a child does not count; see Forgive.
func (st *state) forgive(pid etf.Pid) bool {
	forgiven := st.forgiven[pid]
	delete(st.forgiven, pid)
	return forgiven
}

// addRestart notes a restart and tells whether that is not one too many: add_restart/1.
func (st *state) addRestart(now int64) bool {
	kept := slices.IndexFunc(st.restarts, func(at int64) bool { return at < now-st.period })
	if kept < 0 {
		kept = len(st.restarts)
	}
	st.restarts = append([]int64{now}, st.restarts[:kept]...)
	return len(st.restarts) <= st.intensity
}
