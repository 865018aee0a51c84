package node

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// table is a peer table with a helper that counts cancelled attempts.
type table struct {
	*peerTable
	cancelled int
}

func newTable() *table { return &table{peerTable: newPeerTable()} }

func (t *table) cancel() { t.cancelled++ }

func (t *table) dial(name etf.Atom) *attempt {
	_, a, _ := t.outgoing(name, t.cancel, false)
	return a
}

// wins ends an attempt with p as the connection.
func (t *table) wins(a *attempt, p *peer) bool {
	up, ok := t.completeAttempt(a, p)
	return ok && up == p
}

func (t *table) connect(name etf.Atom) *peer {
	p := &peer{name: name, info: &dist.Peer{Creation: 7}}
	t.completeAttempt(t.dial(name), p)
	return p
}

func TestAllWhoWantTheSameNodeWaitForOneAttempt(t *testing.T) {
	tab := newTable()
	_, first, begin := tab.outgoing("b@h", tab.cancel, false)
	require.True(t, begin)
	_, second, begin := tab.outgoing("b@h", tab.cancel, false)
	require.False(t, begin)
	require.Same(t, first, second)
	p := &peer{name: "b@h", info: &dist.Peer{Creation: 7}}
	require.True(t, tab.wins(first, p))
	<-second.done
	up, _, _ := tab.outgoing("b@h", tab.cancel, false)
	require.Same(t, p, up)
	require.Equal(t, []*peer{p}, tab.all())
}

func TestOfTwoSimultaneousAttemptsTheOneOfTheGreaterNameWins(t *testing.T) {
	greater := newTable()
	ours := greater.dial("b@h")
	theirs, status := greater.incoming("c@h", "b@h", greater.cancel)
	require.Nil(t, theirs)
	require.Equal(t, dist.StatusNOK, status)
	require.True(t, greater.isPending(ours))
	require.Zero(t, greater.cancelled)

	smaller := newTable()
	ours = smaller.dial("b@h")
	theirs, status = smaller.incoming("a@h", "b@h", smaller.cancel)
	require.Equal(t, dist.StatusOKSimultaneous, status)
	require.Equal(t, 1, smaller.cancelled)
	require.False(t, smaller.isPending(ours))
	smaller.failAttempt(ours, errSuperseded)
	b := &peer{name: "b@h", info: &dist.Peer{Creation: 7}}
	require.True(t, smaller.wins(theirs, b), "the end of the loser does not hurt the winner")
}

func TestASecondConnectionReplacesTheFirstOnlyWhenItHasProvedItself(t *testing.T) {
	tab := newTable()
	old := tab.connect("b@h")
	a, status := tab.incoming("a@h", "b@h", tab.cancel)
	require.Equal(t, dist.StatusAlive, status)
	require.Same(t, old, tab.up("b@h"))
	retired, ok := tab.removeConnection(a)
	require.True(t, ok)
	require.Same(t, old, retired)
	require.Nil(t, tab.up("b@h"))
	tab.down(old)
	p := &peer{name: "b@h", info: &dist.Peer{Creation: 7}}
	require.True(t, tab.wins(a, p))
	tab.down(old)
	require.Same(t, p, tab.up("b@h"), "the end of the old one does not hurt the new one")
}

func TestAnImpostorWhoCannotProveItselfChangesNothing(t *testing.T) {
	tab := newTable()
	old := tab.connect("b@h")
	a, _ := tab.incoming("a@h", "b@h", tab.cancel)
	tab.failAttempt(a, errors.New("wrong cookie"))
	require.Same(t, old, tab.up("b@h"))
	_, status := tab.incoming("a@h", "b@h", tab.cancel)
	require.Equal(t, dist.StatusAlive, status)
}

func TestAStrangerKeepsNobodyOut(t *testing.T) {
	tab := newTable()
	stranger, status := tab.incoming("b@h", "a@h", tab.cancel)
	require.Equal(t, dist.StatusOK, status)
	friend, status := tab.incoming("b@h", "a@h", tab.cancel)
	require.Equal(t, dist.StatusOK, status)
	own := tab.dial("a@h")
	require.True(t, tab.isPending(own), "nor does he hold up our own attempt")

	require.True(t, tab.mayContinue(own), "nor does he keep an old connection of the peer alive")
	tab.markAuthenticated(friend)
	require.False(t, tab.mayContinue(own), "but the one that the peer is about to have is not ours to replace")

	p := &peer{name: "a@h", info: &dist.Peer{Creation: 7}}
	require.True(t, tab.wins(friend, p))
	require.Equal(t, 1, tab.cancelled)
	tab.failAttempt(own, errSuperseded)
	tab.failAttempt(stranger, errors.New("wrong cookie"))
	require.Same(t, p, tab.up("a@h"))
	require.False(t, tab.wins(stranger, &peer{name: "a@h", info: &dist.Peer{Creation: 7}}))
}

func TestTheTableForgetsWhoIsGone(t *testing.T) {
	tab := newTable()
	for range 3 {
		a, _ := tab.incoming("a@h", "b@h", tab.cancel)
		tab.failAttempt(a, errors.New("no"))
		tab.down(tab.connect("c@h"))
	}
	require.Empty(t, tab.entries)
}

func TestAClosedTableAdmitsNobody(t *testing.T) {
	tab := newTable()
	p := tab.connect("b@h")
	pending := tab.dial("c@h")
	require.Equal(t, []*peer{p}, tab.close())
	require.Equal(t, 1, tab.cancelled)
	_, a, begin := tab.outgoing("d@h", tab.cancel, false)
	require.False(t, begin)
	<-a.done
	require.ErrorIs(t, a.err, ErrStopped)
	_, status := tab.incoming("a@h", "d@h", tab.cancel)
	require.Equal(t, dist.StatusNone, status)
	require.False(t, tab.wins(pending, &peer{name: "c@h", info: &dist.Peer{Creation: 7}}))
	_, ok := tab.removeConnection(pending)
	require.False(t, ok)
}

func TestConnectLeavesWhenItsContextEnds(t *testing.T) {
	n := testNode(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := n.Connect(ctx, etf.Atom("nobody@localhost"))
	var failed *ConnectError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, err, context.Canceled)
}

// deaf is a connection that never reads.
type deaf struct {
	net.Conn
	until <-chan struct{}
}

func (d deaf) Read([]byte) (int, error) { <-d.until; return 0, net.ErrClosed }

// The peer still has a connection with our earlier incarnation and answers alive. At the same time an attacker holds a
// handshake with us in the name of the peer, as anybody can who reaches our port.
func TestAStrangerInThePeersNameDoesNotStopAReconnect(t *testing.T) {
	port := startEPMD(t)
	peer := testNode(t, Config{Name: "peer@localhost", EPMDPort: port})
	earlier, err := net.Dial("tcp", peer.Addr().String())
	require.NoError(t, err)
	defer earlier.Close()
	us := dist.Local{Node: "us@localhost", Creation: 7, Cookie: func(etf.Atom) string { return "secret" }}
	_, err = us.Connect(t.Context(), earlier, peer.Name(), nil)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return peer.peers.up("us@localhost") != nil }, time.Minute, time.Millisecond)

	n := testNode(t, Config{Name: "us@localhost", EPMDPort: port})
	conn, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		stranger := dist.Local{Node: peer.Name(), Creation: 8, Cookie: func(etf.Atom) string { return "guessed" }}
		_, _ = stranger.Connect(ctx, deaf{conn, ctx.Done()}, n.Name(), nil)
	}()
	defer func() { cancel(); <-done }()
	require.Eventually(t, func() bool {
		n.peers.mu.Lock()
		defer n.peers.mu.Unlock()
		e := n.peers.entries[peer.Name()]
		return e != nil && len(e.incoming) > 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, n.Ping(t.Context(), peer.Name()))
}
