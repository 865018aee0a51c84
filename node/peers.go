package node

import (
	"context"
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// peerTable knows for every node name whether there is a connection, and who is about to make one. It decides what
// becomes of simultaneous attempts as net_kernel does (handle_info {accept_pending,…}, net_kernel.erl of OTP 25). No I/O
// happens under its mutex.
type peerTable struct {
	mu      sync.Mutex
	entries map[etf.Atom]*peerEntry
	closed  bool
}

// peerEntry is what the table knows of one name. up and pending are both set while an incoming connection of a peer that
// seems connected still has to prove itself (OTP: up_pending).
type peerEntry struct {
	up      *peer
	pending *attempt
}

// attempt is one handshake under way, in either direction.
type attempt struct {
	name     etf.Atom
	outgoing bool
	cancel   context.CancelFunc
	done     chan struct{} // closed when the attempt has ended
	err      error         // why it failed; read only after done
}

var errSuperseded = errors.New("another connection attempt with the same node won")

func newPeerTable() *peerTable { return &peerTable{entries: map[etf.Atom]*peerEntry{}} }

// up returns the connection with name, or nil.
func (t *peerTable) up(name etf.Atom) *peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[name]; e != nil {
		return e.up
	}
	return nil
}

// all returns the connections that are up.
func (t *peerTable) all() []*peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*peer
	for _, e := range t.entries {
		if e.up != nil {
			all = append(all, e.up)
		}
	}
	return all
}

// outgoing returns the connection with name if it is up, else the attempt to wait for; begin says that it is a new one
// which the caller has to carry out.
func (t *peerTable) outgoing(name etf.Atom, cancel context.CancelFunc) (p *peer, a *attempt, begin bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, &attempt{name: name, done: closedChan, err: ErrStopped}, false
	}
	e := t.entry(name)
	switch {
	case e.up != nil:
		return e.up, nil, false
	case e.pending != nil:
		return nil, e.pending, false
	}
	e.pending = &attempt{name: name, outgoing: true, cancel: cancel, done: make(chan struct{})}
	return nil, e.pending, true
}

// incoming enters the attempt of a peer that calls itself name and says what to answer. Without an attempt the answer is
// final.
func (t *peerTable) incoming(self, name etf.Atom, cancel context.CancelFunc) (*attempt, dist.Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[name]
	status := dist.StatusOK
	switch {
	case t.closed, e != nil && e.up != nil && e.pending != nil:
		return nil, dist.StatusNone
	case e == nil:
		e = t.entry(name)
	case e.up != nil:
		status = dist.StatusAlive
	case e.pending != nil:
		if status = dist.Simultaneous(self, name); status == dist.StatusNOK {
			return nil, status
		}
		e.pending.cancel()
	}
	e.pending = &attempt{name: name, cancel: cancel, done: make(chan struct{})}
	return e.pending, status
}

// isPending reports whether a is still the attempt that counts (net_kernel's is_pending).
func (t *peerTable) isPending(a *attempt) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	return e != nil && e.pending == a
}

// fail ends a without a connection.
func (t *peerTable) fail(a *attempt, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[a.name]; e != nil && e.pending == a {
		e.pending = nil
		t.drop(a.name, e)
	}
	a.err = err
	close(a.done)
}

// retire takes the present connection out of the table for the sake of a, which has authenticated. The caller closes the
// old connection and waits for its end before it calls succeed.
func (t *peerTable) retire(a *attempt) (old *peer, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	if t.closed || e == nil || e.pending != a {
		return nil, false
	}
	old, e.up = e.up, nil
	return old, true
}

// succeed ends a with a connection.
func (t *peerTable) succeed(a *attempt, p *peer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	if t.closed || e == nil || e.pending != a {
		return false
	}
	e.up, e.pending = p, nil
	close(a.done)
	return true
}

// down removes a connection that has ended.
func (t *peerTable) down(p *peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[p.name]; e != nil && e.up == p {
		e.up = nil
		t.drop(p.name, e)
	}
}

// close refuses every further attempt, cancels those under way and returns the connections for the caller to close.
func (t *peerTable) close() []*peer {
	t.mu.Lock()
	t.closed = true
	for _, e := range t.entries {
		if e.pending != nil {
			e.pending.cancel()
		}
	}
	t.mu.Unlock()
	return t.all()
}

func (t *peerTable) entry(name etf.Atom) *peerEntry {
	e := t.entries[name]
	if e == nil {
		e = &peerEntry{}
		t.entries[name] = e
	}
	return e
}

// drop forgets an empty entry, so that strangers cannot fill the table with names.
func (t *peerTable) drop(name etf.Atom, e *peerEntry) {
	if e.up == nil && e.pending == nil {
		delete(t.entries, name)
	}
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
