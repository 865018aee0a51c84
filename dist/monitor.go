package dist

import "github.com/gonode-otp/gonode/etf"

// MonitorP asks for a monitor: {19, From, To, Ref}. The answer to a name or pid that is not alive is an immediate
// MonitorPExit with reason noproc.
type MonitorP struct {
	From etf.Pid
	To   Target
	Ref  etf.Ref
}

// DemonitorP takes a monitor back: {20, From, To, Ref}. To is what it was in the MonitorP. That there is no such
// monitor any more is normal.
type DemonitorP struct {
	From etf.Pid
	To   Target
	Ref  etf.Ref
}

// MonitorPExit tells the watcher To that the watched process From has died; its payload is the reason:
// {28, From, To, Ref}, and {21, From, To, Ref, Reason} without FlagExitPayload. From is the name if that is what was
// monitored.
type MonitorPExit struct {
	From Target
	To   etf.Pid
	Ref  etf.Ref
	// Sender is the process that had the name, if From is one. It is not sent; it keeps the signal behind what the
	// process has sent before. Zero if there was none.
	Sender etf.Pid
}

// HasPayload reports that nothing follows.
func (*MonitorP) HasPayload() bool { return false }

// HasPayload reports that nothing follows.
func (*DemonitorP) HasPayload() bool { return false }

// HasPayload reports that there is a reason.
func (*MonitorPExit) HasPayload() bool { return true }

func (m *MonitorP) sender() etf.Pid   { return m.From }
func (m *DemonitorP) sender() etf.Pid { return m.From }

func (m *MonitorPExit) sender() etf.Pid {
	if m.From.IsName() {
		return m.Sender
	}
	return m.From.Pid
}

func (m *MonitorP) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	return w.monitor(OpMonitorP, m.From, m.To, m.Ref), false
}

func (m *DemonitorP) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	return w.monitor(OpDemonitorP, m.From, m.To, m.Ref), false
}

func (w *controlWriter) monitor(op Op, from etf.Pid, to Target, ref etf.Ref) Op {
	w.beginTuple(op, 4)
	w.needMonitors(op)
	w.ownPid(op, from)
	w.target(to)
	w.ref(ref)
	return op
}

// needMonitors refuses what a peer without monitors, such as a C node, would take for garbage. The emulator drops all
// three messages unless the peer has both flags (erts_dsig_send_monitor, _demonitor and _m_exit of dist.c).
func (w *controlWriter) needMonitors(op Op) {
	if !w.negotiated(FlagsMonitor) {
		w.refuse(op, "the peer has no monitors")
	}
}

func (m *MonitorPExit) write(w *controlWriter, reason etf.Term) (op Op, payloadFollows bool) {
	if payloadFollows = w.negotiated(FlagExitPayload); payloadFollows {
		op = w.beginTuple(OpPayloadMonitorPExit, 4)
	} else {
		op = w.beginTuple(OpMonitorPExit, 5)
	}
	w.needMonitors(op)
	if !m.From.IsName() && m.From.Pid.Node != w.peer.Local {
		w.refuse(op, "the watched process is none of this node")
	}
	if m.To.Node != w.peer.Name {
		w.refuse(op, "the watcher is no process of the peer")
	}
	w.target(m.From)
	w.pid(m.To)
	w.ref(m.Ref)
	if !payloadFollows {
		w.any(reason)
	}
	return op, payloadFollows
}

func (r *controlReader) monitorP() Message {
	m := &r.msgs.monitorP
	m.From, m.To, m.Ref = r.monitor()
	return m
}

func (r *controlReader) demonitorP() Message {
	m := &r.msgs.demonitorP
	m.From, m.To, m.Ref = r.monitor()
	return m
}

func (r *controlReader) monitor() (from etf.Pid, to Target, ref etf.Ref) {
	r.checkArity(4, false)
	from, to, ref = r.pidOfPeer(), r.target(), r.dec.Ref()
	if !to.IsName() && to.Pid.Node != r.peer.Local {
		r.fail("the watched process is none of the receiving node")
	}
	return from, to, ref
}

func (r *controlReader) monitorPExit() Message {
	r.payloadFollows = r.op == OpPayloadMonitorPExit
	n := 5
	if r.payloadFollows {
		n = 4
	}
	r.checkArity(n, false)
	m := &r.msgs.monitorPExit
	m.From, m.To, m.Ref, m.Sender = r.target(), r.ownPid(), r.dec.Ref(), etf.Pid{}
	if !m.From.IsName() && m.From.Pid.Node == r.peer.Local && m.From.Pid.Creation == r.peer.LocalCreation {
		r.fail("the watched process is one of the receiving node")
	}
	if !r.payloadFollows {
		r.reason = r.any()
	}
	return m
}
