package node

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// nodeHistory is kept for a node without a connection.
type nodeHistory struct {
	creation uint32    // of the last connection that has ended; 0 without one
	retry    time.Time // before this time, signals of processes begin no attempt
}

const (
	// maxHistory bounds the names in the history. If there are too many, any of them are removed.
	maxHistory = 1024
	// A failed attempt is remembered for as long as it took, within minRetry and maxRetry. Signals that processes send to
	// the node in this time are lost at once, as they would be after another attempt. Differs from OTP: there each signal
	// begins an attempt, which may suspend the sender.
	minRetry, maxRetry = time.Second, 5 * time.Second
)

// connecting returns the peer called name to which processes may send: the connected one, else the one that is being
// connected. If begin is true, the peer is new and the caller has to make a connection for it.
func (t *peerTable) connecting(name etf.Atom, fresh func() *peer) (p *peer, begin bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, false, ErrStopped
	}
	e := t.entries[name]
	switch {
	case e != nil && e.up != nil && e.up.usable():
		return e.up, false, nil
	case e != nil && e.next != nil:
		return e.next, false, nil
	case time.Now().Before(t.history[name].retry):
		return nil, false, errUnreachable
	case t.connections == maxConnecting:
		return nil, false, errConnecting
	}
	p = fresh()
	t.entry(name).next = p
	t.connections++
	return p, true, nil
}

// abandon removes a peer that is being connected. false means that p is not one.
func (t *peerTable) abandon(p *peer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[p.name]
	if e == nil || e.next != p {
		return false
	}
	e.next = nil
	t.connections--
	t.removeIfEmpty(p.name, e)
	return true
}

// wasConnected reports whether the last connection with the node called name has ended and was with the incarnation of
// this creation.
func (t *peerTable) wasConnected(name etf.Atom, creation uint32) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return creation != 0 && t.history[name].creation == creation
}

// noteFailure notes that the node called name cannot be reached.
func (t *peerTable) noteFailure(name etf.Atom) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.noteFailureLocked(name, 0)
}

func (t *peerTable) noteFailureLocked(name etf.Atom, took time.Duration) {
	f := t.history[name]
	f.retry = time.Now().Add(min(max(took, minRetry), maxRetry))
	t.addHistoryLocked(name, f)
}

func (t *peerTable) addHistoryLocked(name etf.Atom, f nodeHistory) {
	if _, known := t.history[name]; !known && len(t.history) >= maxHistory {
		for other := range t.history {
			delete(t.history, other)
			break
		}
	}
	t.history[name] = f
}
