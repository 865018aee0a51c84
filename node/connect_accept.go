package node

import (
	"container/list"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// maxPendingHandshakes bounds the incoming handshakes under way. Each costs a goroutine, an open file and some kB
// until the peer has proved that it knows the cookie, or its time is over. All handshakes together may use a quarter
// of the files that the process may open. Another quarter is for clients of an embedded EPMD that have registered no
// node (epmd.ServerOptions.MaxPending counts those of this host separately).
const maxPendingHandshakes = 4096

// shareOfFiles limits the number of things that take an open file each. It returns most, or the part-th part of the
// files that the process may open if that is less.
func shareOfFiles(most, part int) int { return max(1, min(most, maxFiles()/part)) }

// pendingHandshakes are the connections whose handshake is under way, the oldest first. A new one evicts the oldest if
// there are too many. A peer that knows the cookie finishes in milliseconds, so connections that only hold a place
// cannot keep it out.
type pendingHandshakes struct {
	max int
	mu  sync.Mutex
	all list.List // of net.Conn
}

func (s *pendingHandshakes) add(c net.Conn) *list.Element {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all.Len() >= s.max {
		s.closeOldest()
	}
	return s.all.PushBack(c)
}

// closeOldest closes the oldest connection, so that its handshake fails. The caller holds s.mu.
func (s *pendingHandshakes) closeOldest() { _ = s.all.Remove(s.all.Front()).(net.Conn).Close() }

// makeRoom closes the oldest connection and reports whether there was one.
func (s *pendingHandshakes) makeRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all.Len() == 0 {
		return false
	}
	s.closeOldest()
	return true
}

func (s *pendingHandshakes) remove(e *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Remove(e) // unless it was evicted
}

// acceptAll takes connections until the listener is closed.
func (n *Node) acceptAll() {
	pending := &pendingHandshakes{max: shareOfFiles(maxPendingHandshakes, 4)}
	var lastReport time.Time
	for {
		conn, err := n.listener.Accept()
		switch {
		case err == nil:
		case n.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			if time.Since(lastReport) >= time.Minute {
				lastReport = time.Now()
				n.log.Error("accept", "error", err)
			}
			if outOfFiles(err) && pending.makeRoom() {
				n.pause(time.Millisecond) // the file is closed when the handshake has failed
			} else {
				n.pause(100 * time.Millisecond) // until others have closed some
			}
			continue
		}
		entry := pending.add(conn)
		n.work.Go(func() {
			done := func() { pending.remove(entry) }
			defer done()
			n.serveConn(conn, done)
		})
	}
}

func (n *Node) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-n.ctx.Done():
	}
}

// serveConn does the handshake of an incoming connection and brings the connection up. authenticated is called when the
// peer has proved that it knows the cookie.
func (n *Node) serveConn(conn net.Conn, authenticated func()) {
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	arb := &arbiter{n: n, cancel: cancel}
	carried, info, err := n.acceptHandshake(ctx, conn, arb)
	if err != nil {
		if arb.assigned.used { // a new name is not kept, or peers without the cookie could fill the pool
			n.dynamicNames.returnName(arb.assigned)
		}
		_ = conn.Close()
		n.refusedIncoming(conn.RemoteAddr(), err)
		if arb.attempt != nil {
			n.peers.failAttempt(arb.attempt, err)
		}
		return
	}
	authenticated()
	n.establish(arb.attempt, carried, info)
}

// acceptHandshake does the handshakes of the carrier and of the distribution.
func (n *Node) acceptHandshake(ctx context.Context, conn net.Conn, arb *arbiter) (net.Conn, *dist.Peer, error) {
	carried, err := n.carrier.Incoming(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	side := n.side
	side.NameFor = arb.nameFor
	info, err := side.Accept(ctx, carried, arb)
	var refused *dist.HandshakeError
	if errors.As(err, &refused) {
		err = n.carrier.Explain(carried, refused)
	}
	if err != nil {
		return nil, nil, err
	}
	n.carrier.Authenticated(carried)
	return carried, info, nil
}

// arbiter answers for the peer table during one incoming handshake.
type arbiter struct {
	n        *Node
	cancel   context.CancelFunc
	attempt  *attempt
	assigned dynamicName // if the peer has asked for a name
}

// nameFor gives the peer a name. The name is returned to the pool when the connection ends, or when none comes up.
func (a *arbiter) nameFor(host string) (etf.Atom, uint32) {
	a.assigned = a.n.dynamicNames.takeName(host, func(name etf.Atom) bool { return a.n.peers.up(name) != nil })
	return a.assigned.name, a.assigned.creation
}

// Authenticated implements dist.Witness.
func (a *arbiter) Authenticated() { a.n.peers.markAuthenticated(a.attempt) }

func (a *arbiter) Incoming(name etf.Atom) dist.Status {
	if name == a.n.name || !a.n.allow.admits(name) {
		return dist.StatusNotAllowed
	}
	var status dist.Status
	a.attempt, status = a.n.peers.incoming(a.n.name, name, a.cancel)
	return status
}
