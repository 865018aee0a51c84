package node

import "sync"

// cookieTable has the cookies that the node shares with its peers.
type cookieTable struct {
	mu     sync.RWMutex
	own    string // for every peer without one of its own
	byPeer map[string]string
}

// of returns the cookie for a peer.
func (t *cookieTable) of(peer string) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if cookie, ok := t.byPeer[peer]; ok {
		return cookie
	}
	return t.own
}

// set sets the cookie for a peer, for "" that for every peer without one of its own. Connections stay as they are.
// erlang:set_cookie/2.
func (t *cookieTable) set(peer, cookie string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if peer == "" {
		t.own = cookie
		return
	}
	if t.byPeer == nil {
		t.byPeer = map[string]string{}
	}
	t.byPeer[peer] = cookie
}
