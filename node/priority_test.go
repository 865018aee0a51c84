package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// busyProcess starts a server that is in a callback until goOn is closed. The callback then receives messages until
// there are none; received gets them when it has returned.
func busyProcess(t *testing.T) (p *process, goOn chan struct{}, received <-chan etf.List) {
	t.Helper()
	n := testNode(t, Config{})
	entered, goOn, got := make(chan struct{}), make(chan struct{}), make(chan etf.List, 1)
	n.does(t, "busy", func(p *genserv.Process, _ etf.Term) etf.Term {
		close(entered)
		<-goOn
		all := etf.List{}
		for msg, ok := p.Receive(0, anything); ok; msg, ok = p.Receive(0, anything) {
			all = append(all, msg)
		}
		got <- all
		return nil
	})
	require.NoError(t, n.Cast(t.Context(), etf.Atom("busy"), etf.Atom("begin")))
	<-entered
	return n.registry.byName("busy"), goOn, got
}

func anything(etf.Term) bool { return true }

func TestPriorityMessagesComeFirstInReceiveAndInWhatProcessInfoTells(t *testing.T) {
	p, goOn, received := busyProcess(t)
	before := p.handledMessages()
	for i := range etf.Int(2) {
		p.deliver(i)
	}
	p.deliverPriority(etf.Atom("a"))
	p.deliver(etf.Int(2))
	p.deliverPriority(etf.Atom("b"))
	want := etf.List{etf.Atom("a"), etf.Atom("b"), etf.Int(0), etf.Int(1), etf.Int(2)}
	require.Equal(t, etf.Term(want), p.waiting())
	require.Equal(t, len(want), p.queued())
	close(goOn)
	require.Equal(t, want, <-received)
	require.Eventually(t, func() bool { return p.handledMessages() == before+uint64(len(want)) }, time.Minute,
		time.Millisecond, "each message is counted once")
}

// Whoever kills a process does not wait for the callback that it is in, which may be about to take its messages.
func TestAProcessThatIsKilledHasNoPriorityMessagesLeft(t *testing.T) {
	p, goOn, received := busyProcess(t)
	p.deliverPriority(etf.Atom("a"))
	p.exit(killed)
	p.takePriority()
	require.Empty(t, p.box.items)
	close(goOn)
	require.Empty(t, <-received)
}
