package supervisor

import (
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// HandleCall implements genserv.Server: handle_call/3. A request that supervisor.erl does not know ends the
// supervisor here as there.
func (s *server) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, st *state) genserv.Result[*state] {
	switch r := request.(type) {
	case etf.Atom:
		switch r {
		case "which_children":
			return genserv.Reply(st.whichChildren(), st)
		case "count_children":
			return genserv.Reply(st.countChildren(p), st)
		}
	case etf.Tuple:
		if len(r) != 2 {
			break
		}
		name, _ := r[0].(etf.Atom)
		if reply := st.request(p, name, r[1]); reply != nil {
			return genserv.Reply(reply, st)
		}
	}
	panic(functionClause)
}

// request serves the requests that are about one child; nil for what is none.
func (st *state) request(p *genserv.Process, name etf.Atom, arg etf.Term) etf.Term {
	if st.strategy == SimpleOneForOne {
		return st.simpleRequest(p, name, arg)
	}
	if name == "start_child" {
		return st.startNew(p, arg)
	}
	c := st.children.find(arg)
	switch name {
	case "terminate_child":
		if c != nil {
			st.terminate(p, c)
			st.children.markEnded(c)
			return atomOk
		}
	case "restart_child":
		switch {
		case c == nil:
		case c.restarting:
			return refusal("restarting")
		case c.runs():
			return refusal("running")
		default:
			return st.startAgain(p, c)
		}
	case "delete_child":
		switch {
		case c == nil:
		case c.restarting:
			return refusal("restarting")
		case c.runs():
			return refusal("running")
		default:
			st.children.remove(c)
			return atomOk
		}
	case "get_childspec":
		if c != nil {
			return pair("ok", c.spec())
		}
	case "which_child": // since OTP 28
		if c != nil {
			return pair("ok", c.shown())
		}
	default:
		return nil
	}
	return refusal("not_found")
}

// simpleRequest is request for a SimpleOneForOne.
func (st *state) simpleRequest(p *genserv.Process, name etf.Atom, arg etf.Term) etf.Term {
	pid, isPid := arg.(etf.Pid)
	switch name {
	case "start_child":
		return st.startDynamic(p, arg)
	case "restart_child", "delete_child":
		return refusal(etf.Atom(SimpleOneForOne))
	case "terminate_child", "which_child":
		if !isPid {
			return refusal(etf.Atom(SimpleOneForOne))
		}
	case "get_childspec":
	default:
		return nil
	}
	c := st.findDynamic(p, arg, pid, isPid)
	switch {
	case c == nil:
		return refusal("not_found")
	case name == "terminate_child":
		st.terminate(p, c)
		st.dynamics.erase(c.pid)
		return atomOk
	case name == "which_child" && c.pid == pid:
		return pair("ok", c.shownWithout())
	case name == "which_child":
		return refusal("not_found")
	}
	return pair("ok", c.spec())
}

// findDynamic is find_child/2: by pid, which may be that of a process that has ended already, or by the id of the one
// child spec.
func (st *state) findDynamic(p *genserv.Process, arg etf.Term, pid etf.Pid, isPid bool) *child {
	if !isPid {
		return st.children.find(arg)
	}
	if d, ok := st.dynamics.byPid[pid]; ok {
		c := *st.template()
		c.pid, c.restarting = pid, d.restarting
		return &c
	}
	if isAlive(p, pid) {
		return nil
	}
	return st.template()
}

// isAlive is erlang:is_process_alive/1. Differs from OTP: there a pid of another node is the end of the supervisor,
// here it counts as alive until its exit signal has come.
func isAlive(p *genserv.Process, pid etf.Pid) bool {
	return pid.Node != p.Self().Node || p.IsAlive(pid)
}

var atomOk etf.Term = etf.Atom("ok")

func refusal(why etf.Atom) etf.Term { return etf.Tuple{etf.Atom("error"), why} }

// startNew starts a child from a child spec: {start_child, ChildSpec} and handle_start_child/2.
func (st *state) startNew(p *genserv.Process, spec etf.Term) etf.Term {
	c, refused := checkChildSpec(spec, st.autoShutdown)
	if refused != nil {
		return pair("error", refused)
	}
	switch old := st.children.find(c.id); {
	case old == nil:
	case old.runs():
		return pair("error", pair("already_started", old.pid))
	default:
		return refusal("already_present")
	}
	c.start.fn = st.starts[functionName{c.start.module, c.start.function}]
	o := st.startChild(p, c, slog.LevelDebug)
	if o.reason != nil {
		return pair("error", etf.Tuple{o.reason, c.record()})
	}
	if c.restart != Temporary {
		c.pid = o.pid
		st.children.add(c)
	} else if o.pid != (etf.Pid{}) {
		// The arguments, which may be large, are not needed again: save_child/2.
		c.pid, c.start.args, c.start.forgotten = o.pid, nil, true
		st.children.add(c)
	}
	return o.term()
}

// startAgain serves {restart_child, Id} for a child that does not run.
func (st *state) startAgain(p *genserv.Process, c *child) etf.Term {
	o := st.startChild(p, c, slog.LevelDebug)
	if o.reason == nil {
		st.children.setPid(c, o.pid, false)
	}
	return o.term()
}

// whichChildren lists the children, the one that was started last first.
func (st *state) whichChildren() etf.Term {
	if st.strategy == SimpleOneForOne {
		list := make(etf.List, 0, st.dynamics.len())
		for _, pid := range st.dynamics.pids() {
			list = append(list, st.dynamicChild(pid, st.dynamics.byPid[pid]).shownWithout())
		}
		return list
	}
	n := len(st.children.list)
	list := make(etf.List, n)
	for i, c := range st.children.list {
		list[n-1-i] = c.shown()
	}
	return list
}

// shown returns {Id, Child, Type, Modules}.
func (c *child) shown() etf.Term {
	pid := pidTerm(c.pid)
	if c.restarting {
		pid = etf.Atom("restarting")
	}
	return etf.Tuple{c.id, pid, etf.Atom(c.kind), c.modules}
}

// shownWithout is shown for the children of a SimpleOneForOne, which have no id.
func (c *child) shownWithout() etf.Term {
	t := c.shown().(etf.Tuple)
	t[0] = etf.Atom("undefined")
	return t
}

func (st *state) countChildren(p *genserv.Process) etf.Term {
	var specs, active, supervisors, workers int
	count := func(kind Type, n int) {
		if kind == TypeSupervisor {
			supervisors += n
		} else {
			workers += n
		}
	}
	if st.strategy == SimpleOneForOne {
		specs, active = 1, st.dynamics.len()-st.dynamics.restarting
		count(st.template().kind, st.dynamics.len())
	} else {
		specs = len(st.children.list)
		for _, c := range st.children.list {
			count(c.kind, 1)
			if c.runs() && isAlive(p, c.pid) {
				active++
			}
		}
	}
	return etf.List{pair("specs", etf.Int(specs)), pair("active", etf.Int(active)),
		pair("supervisors", etf.Int(supervisors)), pair("workers", etf.Int(workers))}
}
