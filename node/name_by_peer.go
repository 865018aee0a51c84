package node

import (
	"context"
	"strings"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// startNamed gets a name from Config.NamedBy and starts the node under it, with the connection that gave the name.
// Distribution Protocol, DFLAG_NAME_ME.
func (n *Node) startNamed(ctx context.Context) error {
	giver := etf.Atom(n.cfg.NamedBy)
	host, err := n.checkPeerName(giver)
	if err != nil {
		return &ConnectError{giver, "name", err}
	}
	n.side = n.handshakeSide()
	_, ownHost, _ := strings.Cut(n.cfg.Name, "@")
	n.side.Node, n.side.Creation = etf.Atom(ownHost), 0
	n.side.Flags |= dist.FlagNameMe
	conn, info, err := n.connectTo(ctx, &attempt{name: giver}, host)
	if err != nil {
		return err
	}
	n.name, n.creation, n.cfg.Name = info.Local, info.LocalCreation, string(info.Local)
	if err := n.startAs(ctx); err != nil {
		_ = conn.Close()
		return err
	}
	_, a, begin := n.peers.outgoing(giver, func() {}, false)
	if !begin {
		_ = conn.Close()
		return ErrStopped
	}
	n.establish(a, conn, info)
	<-a.done
	return a.err
}
