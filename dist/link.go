package dist

import "github.com/gonode-otp/gonode/etf"

// Link links two processes: {1, From, To}.
type Link struct{ From, To etf.Pid }

// HasPayload reports that nothing follows.
func (*Link) HasPayload() bool { return false }

func (m *Link) sender() etf.Pid { return m.From }

func (m *Link) write(w *controlWriter, _ etf.Term) (op Op, payloadFollows bool) {
	op = w.beginTuple(OpLink, 3)
	w.ownPid(op, m.From)
	w.pid(m.To)
	return op, false
}

func (r *controlReader) link() Message {
	r.checkArity(3, false)
	m := &r.msgs.link
	m.From = r.pidOfPeer()
	m.To = r.ownPid()
	return m
}
