package node

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// peer is a connection with another node, or one that is being made.
type peer struct {
	n     *Node
	id    uint64 // tells the connections of the node apart
	name  etf.Atom
	info  *dist.Peer
	conn  *dist.Conn
	ended chan struct{} // closed when the connection is gone and its links, monitors and calls have ended

	logged chan struct{} // closed when the connection has been logged as up

	leaving atomic.Bool // this side closes the connection

	bareState bareState // what callers of sys:get_state on the peer expect

	ready     []*process    // processes for the reader to run; the reader owns these three
	started   int           // how many of them have begun to run
	readyFrom time.Duration // when the first of them began

	spare atomic.Pointer[outgoing]

	// mergedInto is the peer that has taken over this connection, because processes filled its outbox before there was a
	// connection. It is set before the connection is served.
	mergedInto *peer

	outbox atomic.Pointer[outbox] // nil once the connection is up; checked before info and conn; see peer_outbox.go

	mu      sync.Mutex
	inbound map[refKey]*inboundMonitor // monitors of the peer on processes of this node
	spawned map[refKey]*spawned        // processes requested by the peer, which is told when they end
}

// refKey is a reference of a peer's node without the node's name, which is long to hash.
type refKey struct {
	creation uint32
	words    [etf.MaxRefWords]uint32
}

func keyOf(r etf.Ref) refKey { return refKey{r.Creation, r.Words} }

func newPeer(n *Node, conn net.Conn, info *dist.Peer) *peer {
	p := newConnecting(n, info.Name)
	p.info = info
	p.conn = dist.NewConn(conn, info, dist.Options{
		TickTime: n.cfg.TickTime, Intensity: n.cfg.TickIntensity, HandOverAfter: n.cfg.patience, Trace: n.cfg.Trace,
		MaxMessage: n.cfg.MaxMessage, Limits: etf.Limits{Elements: n.cfg.MaxElements},
		Refused: func(m dist.Message, why *dist.Refusal) error {
			if p.mergedInto != nil {
				return p.mergedInto.refused(m, why)
			}
			return p.refused(m, why)
		},
	})
	return p
}

// newConnecting makes a peer without a connection.
func newConnecting(n *Node, name etf.Atom) *peer {
	return &peer{n: n, id: n.connectionIDs.Add(1), name: name, ended: make(chan struct{}), logged: make(chan struct{}),
		inbound: map[refKey]*inboundMonitor{}}
}

// serve reads until the connection ends, and then ends its links, monitors and calls. The next connection with the
// same node comes up only after that. So the end of the old connection is always reported before the new one.
func (p *peer) serve() {
	cause := p.conn.Serve(p)
	<-p.logged
	p.n.log.Info("disconnected", "peer", p.name, "cause", cause)
	p.nodedown()
	p.n.events.publish(NodeEvent{Node: p.name, Hidden: p.info.Hidden(), Reason: downReason(cause), Cause: cause})
	p.n.peers.down(p)
	p.n.returnNameOf(p.info)
	close(p.ended)
}

// traffic returns the bytes that came in and went out. They are 0 before there is a connection.
func (p *peer) traffic() (in, out uint64) {
	if p.conn == nil {
		return 0, 0
	}
	stats := p.conn.Stats()
	return stats.BytesIn, stats.BytesOut
}

// lacks reports whether the peer is known to lack one of flags. Before the connection is up the flags are not known;
// then lacks returns false, and adaptSignal checks them later.
func (p *peer) lacks(flags dist.Flags) bool {
	return !p.isConnecting() && !p.info.Negotiated.Has(flags)
}

// lacksAliases reports whether the peer is known to have no process aliases; see lacks.
func (p *peer) lacksAliases() bool { return !p.isConnecting() && !p.info.Negotiated.HasAliases() }

// sendMonitor sends a signal about monitors. A peer that does not support monitors, such as a Jinterface or C node, is
// sent none: it would hang up.
func (p *peer) sendMonitor(m dist.Message, payload etf.Term) {
	if !p.lacks(dist.FlagsMonitor) {
		p.send(m, payload)
	}
}

// close ends the connection after what was sent has gone out.
func (p *peer) close(cause error) {
	p.leaving.Store(true)
	_ = p.conn.Close(cause)
}

// abort ends the connection at once. What has not gone out is lost.
func (p *peer) abort(cause error) {
	p.leaving.Store(true)
	_ = p.conn.Abort(cause)
}

// usable reports whether the connection takes messages, as far as is known.
func (p *peer) usable() bool {
	return !p.leaving.Load() && p.conn.Writable()
}

// send sends a signal without waiting, because the caller may be the reader of a connection. The error is ignored: if
// the connection is gone, the receiver learns that from its own node.
func (p *peer) send(m dist.Message, payload etf.Term) {
	held, err := p.holdSignal(m, payload)
	if !held && err == nil {
		err = p.conn.Post(m, payload)
	}
	if err != nil {
		p.n.log.Debug("signal not sent", "peer", p.name, "error", err)
	}
}

// nodedown delivers noconnection to all links, monitors and calls over the connection.
func (p *peer) nodedown() {
	p.mu.Lock()
	inbound := p.inbound
	p.inbound = nil
	p.mu.Unlock()
	for _, w := range inbound {
		w.detach()
	}
	p.endSpawned()
	for _, m := range p.n.monitors.ofPeer(p) {
		m.down(etf.Atom("noconnection"))
	}
	for _, proc := range p.n.registry.all() {
		proc.breakLinks(p)
	}
}
