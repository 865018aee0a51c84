package node

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// nodeHistory is what is remembered of a node with which there is no connection.
type nodeHistory struct {
	creation uint32    // of the last connection that has ended; 0 without one
	retry    time.Time // what processes send begins no attempt before
}

const (
	// maxFormer bounds the names that are remembered. Which of them are forgotten when there are too many does not
	// matter.
	maxHistory = 1024
	// A failed attempt is remembered for as long as it took, within these bounds: what processes send to the node
	// meanwhile is lost at once, as it would be after another attempt. Differs from OTP: there each signal begins an
	// attempt, which may keep the sender waiting when it has too much under way.
	minRetry, maxRetry = time.Second, 5 * time.Second
)

// connecting returns the peer called name to which processes may send: the one that is up, else the one to be; begin
// says that it is a new one for which the caller has to make a connection.
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

// abandon forgets a peer to be; false means that it is none.
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

// wasConnected reports whether the last connection with the node called name has ended, and was with the incarnation of
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
