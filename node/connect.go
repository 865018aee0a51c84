package node

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/nodename"
)

// Connect makes sure that there is a connection with the node called name, as net_kernel:connect_node/1 does; other
// calls connect by themselves when they need to. It fails with a *ConnectError, or with the cause of ctx if that ends
// first.
func (n *Node) Connect(ctx context.Context, name etf.Atom) error {
	_, err := n.peerFor(ctx, caller{}, name)
	return err
}

// connectRounds is the number of attempts of connect. Another attempt is made when ours had to give way to an attempt
// of the peer that failed as well.
const connectRounds = 3

// connect returns the connection with the node called name, and dials it if there is none. All callers share one
// attempt. The attempt goes on when ctx ends, because other callers may wait for it.
func (n *Node) connect(ctx context.Context, name etf.Atom) (*peer, error) {
	if p := n.peers.up(name); p != nil && p.usable() {
		return p, nil
	}
	host, err := n.checkPeerName(name)
	if err != nil {
		return nil, &ConnectError{name, "name", err}
	}
	for round := 1; ; round++ {
		if ctx.Err() != nil {
			return nil, &ConnectError{name, "wait", context.Cause(ctx)}
		}
		dialCtx, cancel := context.WithCancel(n.ctx)
		p, a, begin := n.peers.outgoing(name, cancel, round > 1)
		switch {
		case p != nil && p.usable():
			cancel()
			return p, nil
		case p != nil:
			cancel()
			a = &attempt{done: p.ended, err: errSuperseded} // the next connection comes up after the end of this one
		case begin && round > connectRounds:
			n.peers.failAttempt(a, errSuperseded)
			cancel()
			return nil, &ConnectError{name, "wait", errSuperseded}
		case begin:
			if !n.goWork(func() { defer cancel(); n.dial(dialCtx, a, host) }) {
				n.peers.failAttempt(a, ErrStopped)
				cancel()
			}
		default:
			cancel()
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			return nil, &ConnectError{name, "wait", context.Cause(ctx)}
		}
		if a.err != nil && !errors.Is(a.err, errSuperseded) {
			return nil, a.err
		}
	}
}

// checkPeerName returns the host part of name, or an error if this node may not connect with the node of that name.
func (n *Node) checkPeerName(name etf.Atom) (host string, err error) {
	host, err = nodename.CheckPeer(string(n.name), string(name), n.cfg.LongNames)
	if err == nil && !n.allow.admits(name) {
		// Differs from OTP: setup_check of net_kernel looks for the whole name only.
		err = errors.New("it is none of the nodes that this one may talk to (Config.Allow, net_kernel:allow/1)")
	}
	return host, err
}

// dial carries out an outgoing attempt: it ends with a connection that is up, or with a failure of the attempt.
func (n *Node) dial(ctx context.Context, a *attempt, host string) {
	conn, info, err := n.connectTo(ctx, a, host)
	if err != nil {
		if !n.peers.isPending(a) {
			err = errSuperseded
		}
		n.refusedOutgoing(a.name, err)
		n.peers.failAttempt(a, err)
		return
	}
	n.establish(a, conn, info)
}

// connectTo finds the port of the peer, dials it and does the handshakes of the carrier and of the distribution.
func (n *Node) connectTo(ctx context.Context, a *attempt, host string) (net.Conn, *dist.Peer, error) {
	alive, _, _ := strings.Cut(string(a.name), "@")
	setup, cancel := context.WithTimeout(ctx, n.cfg.SetupTime)
	defer cancel()
	port, err := n.portOf(setup, alive, host)
	if err != nil {
		return nil, nil, &ConnectError{a.name, "epmd", err}
	}
	conn, err := n.cfg.family.Dial(setup, "", net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err != nil {
		return nil, nil, &ConnectError{a.name, "dial", err}
	}
	if conn, err = n.carrier.Outgoing(ctx, conn, host); err != nil {
		return nil, nil, &ConnectError{a.name, "tls", err}
	}
	insist := dist.InitiatorFunc(func(etf.Atom) bool { return n.peers.mayContinue(a) })
	info, err := n.side.Connect(ctx, conn, a.name, insist)
	if err == nil {
		n.carrier.Authenticated(conn)
		return conn, info, nil
	}
	var refused *dist.HandshakeError
	if !errors.As(err, &refused) {
		return nil, nil, &ConnectError{a.name, "handshake", err}
	}
	if refused.Reason == dist.ReasonNOK || refused.Reason == dist.ReasonSuperseded {
		n.awaitIncoming(ctx)
	}
	if better := n.carrier.Explain(conn, refused); better != error(refused) {
		return nil, nil, &ConnectError{a.name, "tls", better}
	}
	return nil, nil, &ConnectError{a.name, "handshake", err}
}

// portOf finds out on which port a node listens.
func (n *Node) portOf(ctx context.Context, alive, host string) (uint16, error) {
	if n.cfg.NodePort != 0 {
		return n.cfg.NodePort, nil
	}
	entry, err := n.epmd().Lookup(ctx, net.JoinHostPort(host, strconv.Itoa(int(n.cfg.EPMDPort))), alive)
	return entry.Port, err
}

// epmd is the client for the EPMDs of this and other hosts.
func (n *Node) epmd() epmd.Client { return epmd.Client{Dial: n.cfg.family.Dial} }

// awaitIncoming keeps a refused attempt pending for as long as the peer may take to connect to us. The peer has
// answered that its own attempt goes on. When the connection of the peer comes up, it cancels ctx.
func (n *Node) awaitIncoming(ctx context.Context) {
	timer := time.NewTimer(n.cfg.SetupTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// establish makes a connection out of an attempt whose handshake is done. If it replaces an old connection of the same
// name, it waits for the end of that one first: links, monitors and calls over the old connection end before the new
// one delivers a message.
func (n *Node) establish(a *attempt, conn net.Conn, info *dist.Peer) {
	old, ok := n.peers.removeConnection(a)
	if old != nil {
		old.abort(errReplaced) // the peer no longer uses it
		<-old.ended
	}
	var p *peer
	if ok {
		p, ok = n.peers.completeAttempt(a, newPeer(n, conn, info))
	}
	if !ok {
		_ = conn.Close()
		n.peers.failAttempt(a, errSuperseded)
		n.returnNameOf(info)
		return
	}
	n.events.publish(NodeEvent{Node: p.name, Up: true, Hidden: info.Hidden()})
	p.sendOutbox()
	n.work.Go(p.serve) // before the log, which takes longer than the first answer may
	n.log.Info("connected", "peer", p.name, "hidden", info.Hidden(), "incoming", info.Incoming)
	close(p.logged)
}

var errReplaced = errors.New("replaced by a new connection of the same node")

// Ping connects to the node called name and asks its net_kernel whether it accepts this node, as net_adm:ping/1 does.
// nil means pong.
func (n *Node) Ping(ctx context.Context, name etf.Atom) error {
	if name == n.name {
		return nil
	}
	netKernel, request := etf.Tuple{etf.Atom("net_kernel"), name}, etf.Tuple{etf.Atom("is_auth"), n.name}
	reply, err := n.call(ctx, caller{pid: n.self}, netKernel, request)
	if err != nil {
		return err
	}
	if !etf.IsAtom(reply, "yes") {
		return &ConnectError{name, "ping", errors.New("net_kernel answered " + etf.Format(reply))}
	}
	return nil
}
