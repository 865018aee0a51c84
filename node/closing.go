package node

import (
	"context"
	"time"
)

// closePeers closes all connections after what was sent has gone out. A peer that does not take it is given up while
// there is still time for the rest of the end of the node: that it hangs is no fault of this node.
func (n *Node) closePeers(ctx context.Context) {
	peers := n.peers.close()
	for _, p := range peers {
		p.close(ErrStopped)
	}
	ctx, cancel := mostOf(ctx)
	defer cancel()
	for _, p := range peers {
		select {
		case <-p.ended:
			continue
		case <-ctx.Done():
		}
		n.log.Warn("a peer has not taken what was sent to it", "peer", string(p.name), "bytes", p.conn.Stats().Pending)
		p.abort(ErrStopped)
	}
}

// mostOf leaves a quarter of the time that ctx has for what comes after.
func mostOf(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(end)*3/4)
}
