package node

import (
	"context"
	"errors"
	"testing"

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

func (t *table) connect(name etf.Atom) *peer {
	p := &peer{name: name}
	t.succeed(t.dial(name), p)
	return p
}

func TestAllWhoWantTheSameNodeWaitForOneAttempt(t *testing.T) {
	tab := newTable()
	_, first, begin := tab.outgoing("b@h", tab.cancel, false)
	require.True(t, begin)
	_, second, begin := tab.outgoing("b@h", tab.cancel, false)
	require.False(t, begin)
	require.Same(t, first, second)
	p := &peer{name: "b@h"}
	require.True(t, tab.succeed(first, p))
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
	smaller.fail(ours, errSuperseded)
	require.True(t, smaller.succeed(theirs, &peer{name: "b@h"}), "the end of the loser does not hurt the winner")
}

func TestASecondConnectionReplacesTheFirstOnlyWhenItHasProvedItself(t *testing.T) {
	tab := newTable()
	old := tab.connect("b@h")
	a, status := tab.incoming("a@h", "b@h", tab.cancel)
	require.Equal(t, dist.StatusAlive, status)
	require.Same(t, old, tab.up("b@h"))
	retired, ok := tab.retire(a)
	require.True(t, ok)
	require.Same(t, old, retired)
	require.Nil(t, tab.up("b@h"))
	tab.down(old)
	p := &peer{name: "b@h"}
	require.True(t, tab.succeed(a, p))
	tab.down(old)
	require.Same(t, p, tab.up("b@h"), "the end of the old one does not hurt the new one")
}

func TestAnImpostorWhoCannotProveItselfChangesNothing(t *testing.T) {
	tab := newTable()
	old := tab.connect("b@h")
	a, _ := tab.incoming("a@h", "b@h", tab.cancel)
	tab.fail(a, errors.New("wrong cookie"))
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

	require.False(t, tab.insists(own), "but an old connection that the peer still has is not ours to replace now")

	p := &peer{name: "a@h"}
	require.True(t, tab.succeed(friend, p))
	require.Equal(t, 1, tab.cancelled)
	tab.fail(own, errSuperseded)
	tab.fail(stranger, errors.New("wrong cookie"))
	require.Same(t, p, tab.up("a@h"))
	require.False(t, tab.succeed(stranger, &peer{name: "a@h"}))
}

func TestTheTableForgetsWhoIsGone(t *testing.T) {
	tab := newTable()
	for range 3 {
		a, _ := tab.incoming("a@h", "b@h", tab.cancel)
		tab.fail(a, errors.New("no"))
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
	require.False(t, tab.succeed(pending, &peer{name: "c@h"}))
	_, ok := tab.retire(pending)
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
