package node

import "time"

// closePeers closes all connections after what was sent has gone out. A peer that does not take its data is given up
// early enough to leave time for the rest of the stop: a peer that hangs must not make the stop fail.
func (n *Node) closePeers() {
	peers := n.peers.close()
	for _, p := range peers {
		p.close(ErrStopped)
	}
	var over <-chan time.Time
	if left, ok := n.end.timeLeft(); ok {
		timer := time.NewTimer(left * 3 / 4)
		defer timer.Stop()
		over = timer.C
	}
	for i, p := range peers {
		select {
		case <-p.ended:
			continue
		case <-n.end.kill:
		case <-over:
		}
		n.abortPeers(peers[i:])
		return
	}
}

// abortPeers ends the connections of peers that have not taken what was sent to them.
func (n *Node) abortPeers(peers []*peer) {
	for _, p := range peers {
		select {
		case <-p.ended:
			continue
		default:
		}
		n.log.Warn("a peer has not taken what was sent to it", "peer", string(p.name), "bytes", p.conn.Stats().Pending)
		p.abort(ErrStopped)
	}
}
