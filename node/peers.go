package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// peerTable holds for every node name the connection and the attempts to make one. It decides simultaneous attempts as
// net_kernel does (handle_info {accept_pending,…}, net_kernel.erl of OTP 25). No I/O happens under its mutex.
type peerTable struct {
	mu      sync.Mutex
	entries map[etf.Atom]*peerEntry
	closed  bool

	endedIn, endedOut uint64 // bytes of connections that have ended

	connections int                      // entries with a next one
	history     map[etf.Atom]nodeHistory // of nodes without a connection, maxHistory at most
}

// peerEntry is what the table knows of one name.
type peerEntry struct {
	up      *peer
	next    *peer    // processes send to it before it is connected; the connection that comes up takes its place
	pending *attempt // our own attempt
	// incoming holds the attempts of all peers that use the name. An attempt excludes no other one before it has
	// authenticated. If several authenticate, the last one wins: it is the latest of the true peer. Differs from OTP:
	// there one attempt, even without the cookie, keeps all others out until it has failed.
	incoming map[*attempt]struct{}
}

// attempt is one handshake under way, in either direction.
type attempt struct {
	name          etf.Atom
	cancel        context.CancelFunc
	mustWin       bool          // it gives way only to a peer that has authenticated
	authenticated bool          // the peer knows the cookie; guarded by the mutex of the table
	began         time.Time     // of our own attempts
	done          chan struct{} // closed when the attempt has ended
	err           error         // why it failed; read only after done
}

var errSuperseded = errors.New("another connection attempt with the same node won")

func newPeerTable() *peerTable {
	return &peerTable{entries: map[etf.Atom]*peerEntry{}, history: map[etf.Atom]nodeHistory{}}
}

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

// traffic returns the bytes of all connections, past ones included.
func (t *peerTable) traffic() (in, out uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	in, out = t.endedIn, t.endedOut
	for _, e := range t.entries {
		if e.up != nil {
			i, o := e.up.traffic()
			in, out = in+i, out+o
		}
	}
	return in, out
}

// outgoing returns the connection with name if it is up, else the attempt to wait for. If begin is true, the attempt
// is new and the caller has to carry it out. If both nodes connect at the same time, their names decide which attempt
// goes on. With mustWin the attempt gives way only when the peer has authenticated. Without it, an attacker who uses
// the name of the peer could make every attempt give way.
func (t *peerTable) outgoing(name etf.Atom, cancel context.CancelFunc, mustWin bool) (p *peer, a *attempt, begin bool) {
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
	e.pending = &attempt{name: name, cancel: cancel, mustWin: mustWin, began: time.Now(), done: make(chan struct{})}
	return nil, e.pending, true
}

// incoming enters the attempt of a peer that calls itself name, and returns the status to answer. If the returned
// attempt is nil, the handshake ends with that status.
func (t *peerTable) incoming(self, name etf.Atom, cancel context.CancelFunc) (*attempt, dist.Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, dist.StatusNone
	}
	e := t.entry(name)
	status := dist.StatusOK
	switch {
	case e.up != nil:
		status = dist.StatusAlive
	case e.pending != nil:
		if status = dist.Simultaneous(self, name); status == dist.StatusNOK {
			return nil, status
		}
		if !e.pending.mustWin {
			e.pending.cancel()
			e.pending = nil
		}
	}
	a := &attempt{name: name, cancel: cancel, done: make(chan struct{})}
	e.incoming[a] = struct{}{}
	return a, status
}

// mayContinue reports whether our own attempt a goes on when the peer answers that it still has a connection with us.
// Two conditions hold then. The attempt is the one in force (net_kernel's is_pending). And the peer is not about to
// come up by an attempt of its own, because its answer would mean that connection. Only an attempt that has
// authenticated counts for this: anybody may begin a handshake in the name of the peer.
func (t *peerTable) mayContinue(a *attempt) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	if e == nil || e.pending != a {
		return false
	}
	for in := range e.incoming {
		if in.authenticated {
			return false
		}
	}
	return true
}

// markAuthenticated notes that the peer of an incoming attempt knows the cookie.
func (t *peerTable) markAuthenticated(a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.authenticated = true
}

// isPending reports whether our own attempt a is still in force.
func (t *peerTable) isPending(a *attempt) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	return e != nil && e.pending == a
}

// isCurrent reports whether a may still end with a connection.
func (e *peerEntry) isCurrent(a *attempt) bool {
	_, in := e.incoming[a]
	return in || e.pending == a
}

// failAttempt ends a without a connection.
func (t *peerTable) failAttempt(a *attempt, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[a.name]; e != nil {
		if failed := new(ConnectError); e.pending == a && !t.closed && errors.As(err, &failed) {
			t.noteFailureLocked(a.name, time.Since(a.began))
		}
		e.removeAttempt(a)
		t.removeIfEmpty(a.name, e)
	}
	a.err = err
	close(a.done)
}

func (e *peerEntry) removeAttempt(a *attempt) {
	delete(e.incoming, a)
	if e.pending == a {
		e.pending = nil
	}
}

// removeConnection removes the present connection in favour of a, which has authenticated. The caller closes the old
// connection and waits for its end before it calls completeAttempt.
func (t *peerTable) removeConnection(a *attempt) (old *peer, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	if t.closed || e == nil || !e.isCurrent(a) {
		return nil, false
	}
	old, e.up = e.up, nil
	return old, true
}

// completeAttempt ends a with the connection of fresh. An attempt of ours that is still under way gives way to an
// attempt of the peer. If processes already send to a peer that is not connected, that peer takes the connection over
// and is returned.
func (t *peerTable) completeAttempt(a *attempt, fresh *peer) (p *peer, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[a.name]
	if t.closed || e == nil || !e.isCurrent(a) || e.up != nil {
		return fresh, false
	}
	e.removeAttempt(a)
	if e.pending != nil {
		e.pending.cancel()
		e.pending = nil
	}
	if p = fresh; e.next != nil {
		p, e.next = e.next, nil
		t.connections--
		p.info, p.conn, fresh.mergedInto = fresh.info, fresh.conn, p
	}
	delete(t.history, a.name)
	e.up = p
	close(a.done)
	return p, true
}

// down removes a connection that has ended.
func (t *peerTable) down(p *peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[p.name]; e != nil && e.up == p {
		e.up = nil
		in, out := p.traffic()
		t.endedIn, t.endedOut = t.endedIn+in, t.endedOut+out
		f := t.history[p.name]
		f.creation = p.info.Creation
		t.addHistoryLocked(p.name, f)
		t.removeIfEmpty(p.name, e)
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
		for a := range e.incoming {
			a.cancel()
		}
	}
	t.mu.Unlock()
	return t.all()
}

func (t *peerTable) entry(name etf.Atom) *peerEntry {
	e := t.entries[name]
	if e == nil {
		e = &peerEntry{incoming: map[*attempt]struct{}{}}
		t.entries[name] = e
	}
	return e
}

// removeIfEmpty removes an empty entry, so that peers without the cookie cannot fill the table with names.
func (t *peerTable) removeIfEmpty(name etf.Atom, e *peerEntry) {
	if e.up == nil && e.next == nil && e.pending == nil && len(e.incoming) == 0 {
		delete(t.entries, name)
	}
}

var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
