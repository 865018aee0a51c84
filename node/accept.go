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

// maxStrangers bounds the handshakes under way with whoever has dialled us. Each costs a goroutine, an open file and
// some kB until it has proved that it knows the cookie, or its time is over. All of them together get a quarter of the
// files that the process may open, and those who ask an embedded EPMD and are no node of it another
// (epmd.ServerOptions.MaxPending counts those of this host apart).
const maxStrangers = 4096

// shareOfFiles is what is allowed of something that takes an open file each: most, or a part of the files that the
// process may open.
func shareOfFiles(most, part int) int { return max(1, min(most, maxFiles()/part)) }

// strangers are those whose handshake is under way, the oldest one first. If there are too many, the oldest has to
// go: who knows the cookie needs milliseconds, and is kept out by nobody who only wants to hold a place.
type strangers struct {
	max int
	mu  sync.Mutex
	all list.List // of net.Conn
}

func (s *strangers) add(c net.Conn) *list.Element {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all.Len() >= s.max {
		s.closeOldest()
	}
	return s.all.PushBack(c)
}

// closeOldest requires s.mu. The handshake fails.
func (s *strangers) closeOldest() { _ = s.all.Remove(s.all.Front()).(net.Conn).Close() }

// makeRoom closes the oldest one, if there is one.
func (s *strangers) makeRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all.Len() == 0 {
		return false
	}
	s.closeOldest()
	return true
}

func (s *strangers) remove(e *list.Element) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Remove(e) // unless it had to go
}

// acceptAll takes connections until the listener is closed.
func (n *Node) acceptAll() {
	strangers := &strangers{max: shareOfFiles(maxStrangers, 4)}
	var told time.Time
	for {
		conn, err := n.listener.Accept()
		switch {
		case err == nil:
		case n.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			if time.Since(told) >= time.Minute {
				told = time.Now()
				n.log.Error("accept", "error", err)
			}
			if outOfFiles(err) && strangers.makeRoom() {
				n.pause(time.Millisecond) // the file is free when the handshake has noticed
			} else {
				n.pause(100 * time.Millisecond) // for others to close some
			}
			continue
		}
		stranger := strangers.add(conn)
		n.work.Go(func() {
			forget := func() { strangers.remove(stranger) }
			defer forget()
			n.admit(conn, forget)
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

// admit does the handshake with one stranger. known is called when he is none any more.
func (n *Node) admit(conn net.Conn, known func()) {
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	arb := &arbiter{n: n, cancel: cancel}
	carried, info, err := n.welcome(ctx, conn, arb)
	if err != nil {
		if arb.given.pooled { // one that was made for a stranger is forgotten, or they could fill the pool
			n.givenTo.put(arb.given)
		}
		_ = conn.Close()
		n.refusedIncoming(conn.RemoteAddr(), err)
		if arb.attempt != nil {
			n.peers.fail(arb.attempt, err)
		}
		return
	}
	known()
	n.establish(arb.attempt, carried, info)
}

// welcome does the handshakes of the carrier and of the distribution.
func (n *Node) welcome(ctx context.Context, conn net.Conn, arb *arbiter) (net.Conn, *dist.Peer, error) {
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
	n       *Node
	cancel  context.CancelFunc
	attempt *attempt
	given   givenName // if the peer has asked for a name
}

// nameFor gives the peer a name. It comes back when the connection ends, or when there is none.
func (a *arbiter) nameFor(host string) (etf.Atom, uint32) {
	a.given = a.n.givenTo.take(host, func(name etf.Atom) bool { return a.n.peers.up(name) != nil })
	return a.given.name, a.given.creation
}

// Authenticated implements dist.Witness.
func (a *arbiter) Authenticated() { a.n.peers.prove(a.attempt) }

func (a *arbiter) Incoming(name etf.Atom) dist.Status {
	if name == a.n.name || !a.n.allow.admits(name) {
		return dist.StatusNotAllowed
	}
	var status dist.Status
	a.attempt, status = a.n.peers.incoming(a.n.name, name, a.cancel)
	return status
}
