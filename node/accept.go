package node

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// maxStrangers bounds the handshakes under way with whoever has dialled us. Each costs a goroutine and a few kB until it
// has proved that it knows the cookie, or its time is over. More are closed at once.
const maxStrangers = 4096

// acceptAll takes connections until the listener is closed.
func (n *Node) acceptAll() {
	var strangers atomic.Int32
	for {
		conn, err := n.listener.Accept()
		switch {
		case err == nil:
		case n.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			// Such as too many open files: give the others time to close some.
			n.log.Error("accept", "error", err)
			n.pause(100 * time.Millisecond)
			continue
		}
		if strangers.Add(1) > maxStrangers {
			strangers.Add(-1)
			_ = conn.Close()
			continue
		}
		n.work.Go(func() {
			defer strangers.Add(-1)
			n.admit(conn)
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

// admit does the handshake with one stranger.
func (n *Node) admit(conn net.Conn) {
	ctx, cancel := context.WithCancel(n.ctx)
	defer cancel()
	arb := &arbiter{n: n, cancel: cancel}
	info, err := n.side.Accept(ctx, conn, arb)
	if err != nil {
		_ = conn.Close()
		n.log.Info("refused a connection", "from", conn.RemoteAddr(), "error", err)
		if arb.attempt != nil {
			n.peers.fail(arb.attempt, err)
		}
		return
	}
	n.establish(arb.attempt, conn, info)
}

// arbiter answers for the peer table during one incoming handshake.
type arbiter struct {
	n       *Node
	cancel  context.CancelFunc
	attempt *attempt
}

func (a *arbiter) Incoming(name etf.Atom) dist.Status {
	if name == a.n.name {
		return dist.StatusNotAllowed
	}
	var status dist.Status
	a.attempt, status = a.n.peers.incoming(a.n.name, name, a.cancel)
	return status
}
