package node

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// releaseTime bounds the wait for the answer of a peer about its release.
const releaseTime = 2 * time.Second

// bareState says whether callers of sys:get_state on a peer expect the bare state.
type bareState struct {
	mu        sync.Mutex
	requested bool
	resolved  bool
	bare      bool
	waiting   []func(bare bool)
}

// maxStateWaiting bounds the answers that wait until the release of their peer is known.
const maxStateWaiting = 1000

// wantsBareState reports whether the node of a caller of sys:get_state expects the bare state, as nodes before stdlib
// 5.1 (erts 14.1, OTP 26.1) do. Neither the request nor the flags of the handshake show this, so the node asks the
// peer once. While the answer is not known, known is false, and later is called with the answer.
func (n *Node) wantsBareState(caller etf.Pid, later func(bare bool)) (bare, known bool) {
	p := n.peers.up(caller.Node)
	switch {
	case p == nil:
		return false, true
	case !p.info.Negotiated.Has(dist.FlagV4NC):
		return true, true // OTP 23
	}
	s := &p.bareState
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.resolved:
		return s.bare, true
	case len(s.waiting) == maxStateWaiting, !s.requested && !n.goWork(func() { s.resolve(p.askBareState()) }):
		return false, true
	}
	s.requested = true
	s.waiting = append(s.waiting, later)
	return false, false
}

// resolve notes the answer of the peer.
func (s *bareState) resolve(yes bool) {
	s.mu.Lock()
	s.resolved, s.bare = true, yes
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, later := range waiting {
		later(yes)
	}
}

func (p *peer) askBareState() bool {
	ctx, cancel := context.WithTimeout(p.n.ctx, releaseTime)
	defer cancel()
	erts, err := p.erpcCall(ctx, "erlang", "system_info", etf.List{etf.Atom("version")})
	if err != nil {
		p.n.log.Debug("release not known", "peer", p.name, "error", err)
		return false
	}
	major, minor := version(etf.Format(erts))
	return major < 14 || major == 14 && minor < 1
}

// version reads the first two numbers of a version in quotes such as "13.1.5".
func version(text string) (major, minor int) {
	parts := strings.SplitN(strings.Trim(text, `"`), ".", 3)
	major, _ = strconv.Atoi(parts[0])
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	return major, minor
}
