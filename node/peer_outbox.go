package node

import (
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// A process does not wait for a connection. If it sends to a node that is not connected, it begins an attempt, unless
// one is under way already. The signal goes into the outbox of a peer that has no connection yet, as in a DistEntry
// that is PENDING (erts, dist.c). When a connection comes up, by our attempt or by one of the peer's, the outbox goes
// out first. If the attempt fails, the messages in the outbox are lost, and the links and monitors in it get
// noconnection.
//
// Differs from OTP: there a process that has more than 1 MB under way is suspended until the attempt has ended. Here
// the attempt fails when too much waits for it. The peer then counts as unreachable, so no connection ever has a gap.
const (
	// maxHeld bounds the signals in one outbox, and maxHeldCost the memory that they take, by a rough estimate.
	maxHeld     = 1 << 18
	maxHeldCost = 128 << 20
	// maxConnecting bounds the outboxes, because a peer can make us answer to nodes that do not exist.
	maxConnecting = 256

	// signalCost is the memory of a signal without its payload. termCost is the memory of a term for each byte of its
	// external format.
	signalCost, termCost = 256, 8
	// heldApart is the size from which on a binary is counted by its own bytes alone.
	heldApart = 1 << 10
	// keptScratch is the size of the buffer that is kept for measuring.
	keptScratch = 64 << 10
)

var (
	errOutboxFull  = errors.New("too much waits for the connection")
	errConnecting  = errors.New("too many connections are being made")
	errUnreachable = errors.New("the last attempt has failed a short time ago")
)

type outbox struct {
	mu      sync.Mutex
	signals []heldSignal
	cost    int
	hasTies bool  // signals has links or monitors
	sent    bool  // all signals have gone out
	err     error // why the signals will never go out
	enc     etf.Encoder
	scratch []byte
}

type heldSignal struct {
	m       dist.Message
	payload etf.Term
}

// connecting returns the peer called name to which a process may send at once. Its connection is up or is being made.
// The error is a *ConnectError.
func (n *Node) connecting(name etf.Atom) (*peer, error) {
	if _, err := n.checkPeerName(name); err != nil {
		return nil, &ConnectError{name, "name", err}
	}
	p, begin, err := n.peers.connecting(name, func() *peer {
		p := newConnecting(n, name)
		p.outbox.Store(&outbox{})
		return p
	})
	if err != nil {
		return nil, &ConnectError{name, "wait", err}
	}
	if begin && !n.goWork(func() { n.connectFor(p) }) {
		n.abandon(p, ErrStopped)
	}
	return p, nil
}

// connectFor makes the connection for an outbox.
func (n *Node) connectFor(p *peer) {
	up, err := n.connect(n.ctx, p.name)
	switch {
	case err != nil:
		n.abandon(p, err)
	case up != p:
		n.abandon(p, errSuperseded)
	}
}

// abandon ends a peer whose connection has never come up, and drops its outbox. It has no effect on any other peer.
func (n *Node) abandon(p *peer, cause error) {
	if !n.peers.abandon(p) {
		return
	}
	if p.outbox.Load().close(cause) {
		p.nodedown()
	}
	close(p.ended)
}

// isConnecting reports whether the connection is not up yet, so that signals are kept in the outbox.
func (p *peer) isConnecting() bool { return p.outbox.Load() != nil }

// holdSignal keeps a signal until the connection is up. held is false if the connection is up already. m and payload
// must not change any more.
func (p *peer) holdSignal(m dist.Message, payload etf.Term) (held bool, err error) {
	o := p.outbox.Load()
	if o == nil {
		return false, nil
	}
	if held, err = o.add(m, payload); err == errOutboxFull {
		p.n.log.Warn("connecting takes too long", "peer", p.name, "error", err)
		p.n.peers.noteFailure(p.name)
		p.n.abandon(p, err)
	}
	return held, err
}

func (o *outbox) add(m dist.Message, payload etf.Term) (held bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent || o.err != nil {
		return false, o.err
	}
	cost, err := o.costOf(payload)
	if err != nil {
		return false, err
	}
	if o.cost+cost > maxHeldCost || len(o.signals) == maxHeld {
		o.err = errOutboxFull
		return false, o.err
	}
	switch m.(type) {
	case *dist.Link, *dist.MonitorP:
		o.hasTies = true
	}
	o.cost += cost
	o.signals = append(o.signals, heldSignal{m, payload})
	return true, nil
}

// costOf estimates the memory of a signal. It fails if the payload is not a term.
func (o *outbox) costOf(payload etf.Term) (int, error) {
	if payload == nil {
		return signalCost, nil
	}
	o.enc.Apart = heldApart
	b, err := o.enc.Append(o.scratch[:0], payload)
	cost := signalCost + termCost*len(b)
	for _, part := range o.enc.Parts {
		cost += len(part.Bytes)
	}
	clear(o.enc.Parts)
	o.enc.Parts = o.enc.Parts[:0]
	if cap(b) <= keptScratch {
		o.scratch = b
	}
	return cost, err
}

// close drops the signals in the outbox. It reports whether there were links or monitors, whose holders have to be
// told.
func (o *outbox) close(cause error) (ties bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = cause
	}
	o.signals, o.scratch = nil, nil
	return o.hasTies
}

// sendOutbox sends the outbox over the connection that has come up, which takes all of it at once. Other senders wait
// until it has gone.
func (p *peer) sendOutbox() {
	o := p.outbox.Load()
	if o == nil {
		return
	}
	o.mu.Lock()
	if o.err != nil { // it became full at the last moment
		o.mu.Unlock()
		p.abort(o.err)
		return
	}
	var after []func() // run without the lock: these may end a process, which sends signals
	for _, s := range o.signals {
		send, then := p.adaptSignal(s.m)
		if then != nil {
			after = append(after, then)
		}
		if !send {
			continue
		}
		if err := p.conn.Post(s.m, s.payload); err != nil {
			p.n.log.Debug("signal not sent", "peer", p.name, "error", err)
		}
	}
	o.signals, o.scratch, o.sent = nil, nil, true
	p.outbox.Store(nil)
	o.mu.Unlock()
	for _, then := range after {
		then()
	}
}

// adaptSignal checks a signal again when the flags of the peer are known. It returns whether to send it, and what else
// to do.
func (p *peer) adaptSignal(m dist.Message) (send bool, then func()) {
	has := p.info.Negotiated.Has
	switch m := m.(type) {
	case *dist.MonitorP, *dist.DemonitorP, *dist.MonitorPExit:
		return has(dist.FlagsMonitor), nil
	case *dist.AliasSend:
		return p.info.Negotiated.HasAliases(), nil
	case *dist.AltactSig:
		return p.canSendAltact(m), nil
	case *dist.Link:
		if p.isStale(m.To) {
			from, to := m.From, m.To
			return false, func() { p.n.breakLink(to, from, noproc, nil) }
		}
	case *dist.Exit:
		return !p.isStale(m.To), nil
	case *dist.UnlinkID:
		if !has(dist.FlagUnlinkID) { // an old node does not acknowledge
			ack := &dist.UnlinkIDAck{ID: m.ID, From: m.To, To: m.From}
			return true, func() { p.n.handleUnlinkAck(ack) }
		}
	}
	return true, nil
}

// isStale reports whether pid belongs to an earlier incarnation of the peer's node.
func (p *peer) isStale(pid etf.Pid) bool { return pid.Creation != 0 && pid.Creation != p.info.Creation }
