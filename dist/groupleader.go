package dist

import "github.com/gonode-otp/gonode/etf"

// GroupLeader makes Leader the group leader of To: {7, Leader, To}.
type GroupLeader struct {
	Leader, To etf.Pid
	// Sender is the process that sets it. It is not sent; it keeps the signal behind what the process has sent before.
	Sender etf.Pid
}

// HasPayload reports that nothing follows.
func (*GroupLeader) HasPayload() bool { return false }

func (m *GroupLeader) sender() etf.Pid { return m.Sender }

func (m *GroupLeader) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	op = w.beginTuple(OpGroupLeader, 3)
	w.pid(m.Leader)
	w.pid(m.To)
	return op, false
}

func (r *controlReader) groupLeader() Message {
	r.checkArity(3, false)
	m := &r.msgs.groupLeader
	m.Leader, m.To, m.Sender = r.pid(), r.pid(), etf.Pid{}
	return m
}
