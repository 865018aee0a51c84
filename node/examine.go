package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/tlsdist"
)

// Finding is the outcome of one step of Examine.
type Finding struct {
	Step   string // name, address, epmd, port, tls, handshake, flags, ping or tick
	Detail string // what was found
	Advice string // after a failure: what to change, and on which side
	Err    error  // nil if the step is fine
}

// Examine walks the way to another node step by step: the form of its name, the address of its host, EPMD, its port,
// TLS if that carries the distribution, the handshake with flags and cookie, its answer to a ping and its tick time.
// It yields what each step found and ends with the first failure. A connection that is made on the way stays.
func (n *Node) Examine(ctx context.Context, name etf.Atom) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		x := &examination{n: n, name: name}
		defer x.hangUp()
		for _, step := range []func(context.Context) Finding{x.form, x.address, x.epmd, x.dial, x.secure, x.handshake, x.flags, x.ping, x.tick} {
			f := step(ctx)
			if f.Step != "" && !yield(f) || f.Err != nil {
				return
			}
		}
	}
}

// examination carries what one step found to the next.
type examination struct {
	n           *Node
	name        etf.Atom
	alive, host string
	port        uint16
	conn        net.Conn // to the port, for TLS to be tried on it
	peer        *peer
}

func (x *examination) form(context.Context) Finding {
	host, err := x.n.checkPeerName(x.name)
	if err != nil {
		return Finding{Step: "name", Err: err, Advice: "use the form of name that the peer was started with: -sname or -name"}
	}
	x.alive, _, _ = strings.Cut(string(x.name), "@")
	x.host = host
	return Finding{Step: "name", Detail: fmt.Sprintf("%s on host %s, seen from %s", x.alive, host, string(x.n.name))}
}

func (x *examination) address(ctx context.Context) Finding {
	began := time.Now()
	found, err := x.n.cfg.family.Lookup(ctx, x.host)
	if err != nil {
		return Finding{Step: "address", Err: err,
			Advice: fmt.Sprintf("make the name %s known on this host with an %v address: DNS or /etc/hosts", x.host,
				x.n.cfg.family)}
	}
	addrs := make([]string, len(found))
	for i, a := range found {
		addrs[i] = a.String()
	}
	return Finding{Step: "address", Detail: fmt.Sprintf("%s, found in %v", strings.Join(addrs, ", "),
		time.Since(began).Round(time.Millisecond))}
}

func (x *examination) epmd(ctx context.Context) Finding {
	n := x.n
	if n.cfg.NodePort != 0 {
		x.port = n.cfg.NodePort
		return Finding{Step: "epmd", Detail: fmt.Sprintf("not asked, the port is fixed: %d", x.port)}
	}
	addr := net.JoinHostPort(x.host, strconv.Itoa(int(n.cfg.EPMDPort)))
	info, err := n.epmd().Lookup(ctx, addr, x.alive)
	switch {
	case errors.Is(err, epmd.ErrNotFound):
		return Finding{Step: "epmd", Err: err, Advice: "start the node, or correct its name: " + n.known(ctx, addr)}
	case err != nil:
		return Finding{Step: "epmd", Err: err,
			Advice: fmt.Sprintf("start epmd on %s (any node there does), open port %d of its firewall, or set ERL_EPMD_PORT "+
				"alike on both sides", x.host, n.cfg.EPMDPort)}
	}
	x.port = info.Port
	return Finding{Step: "epmd", Detail: fmt.Sprintf("%s says port %d, versions %d to %d", addr, info.Port, info.Low,
		info.High)}
}

// known lists the names that an EPMD has.
func (n *Node) known(ctx context.Context, addr string) string {
	entries, err := n.epmd().Names(ctx, addr)
	if err != nil {
		return err.Error()
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return addr + " knows " + strings.Join(names, ", ")
}

func (x *examination) dial(ctx context.Context) Finding {
	began := time.Now()
	conn, err := x.n.cfg.family.Dial(ctx, "", net.JoinHostPort(x.host, strconv.Itoa(int(x.port))))
	if err != nil {
		return Finding{Step: "port", Err: err,
			Advice: fmt.Sprintf("open port %d of %s for this host, and see that the node listens on an address that is "+
				"reached from here (inet_dist_use_interface)", x.port, x.host)}
	}
	x.conn = conn
	return Finding{Step: "port", Detail: fmt.Sprintf("%v answers in %v", conn.RemoteAddr(),
		time.Since(began).Round(time.Microsecond))}
}

// hangUp closes the connection that was made for the sake of TLS.
func (x *examination) hangUp() {
	if x.conn != nil {
		_ = x.conn.Close()
		x.conn = nil
	}
}

// secure tries TLS on a connection of its own. Without TLS it is no step.
func (x *examination) secure(ctx context.Context) Finding {
	defer x.hangUp()
	if x.n.cfg.TLS == nil {
		return Finding{}
	}
	conn, err := x.n.carrier.Outgoing(ctx, x.conn, x.host)
	if err != nil {
		return Finding{Step: "tls", Err: err, Advice: adviceOf(err)}
	}
	defer func() { _ = conn.Close() }()
	state := conn.(*tls.Conn).ConnectionState()
	f := Finding{Step: "tls", Detail: fmt.Sprintf("%s, %s", tls.VersionName(state.Version),
		tls.CipherSuiteName(state.CipherSuite))}
	if len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		verified := "verified"
		if x.n.cfg.TLS.Client.VerifyNone {
			verified = "not verified"
		}
		f.Detail += fmt.Sprintf("; certificate of %v, issued by %v, until %s, %s", leaf.Subject, leaf.Issuer,
			leaf.NotAfter.Format(time.DateOnly), verified)
	}
	return f
}

// adviceOf says what to change after an error of TLS or of the handshake of the distribution.
func adviceOf(err error) string {
	var (
		insecure *tlsdist.HandshakeError
		refused  *dist.HandshakeError
	)
	switch {
	case errors.As(err, &insecure):
		return insecure.Advice
	case errors.As(err, &refused):
		return adviceFor(refused)
	}
	return "see the log of the peer"
}

func (x *examination) handshake(ctx context.Context) Finding {
	var err error
	if x.peer, err = x.n.connect(ctx, x.name); err != nil {
		return Finding{Step: "handshake", Err: err, Advice: adviceOf(err)}
	}
	return Finding{Step: "handshake", Detail: fmt.Sprintf("status %v, cookies agree, creation %d", x.peer.info.Status,
		x.peer.info.Creation)}
}

// adviceFor says which side has to change what after a failed handshake.
func adviceFor(e *dist.HandshakeError) string {
	switch e.Reason {
	case dist.ReasonCookie:
		return "give both nodes the same cookie"
	case dist.ReasonFlags:
		return "the peer is too old for this node: use OTP 23 or later there"
	case dist.ReasonNotAllowed:
		return "on the peer, add this node to net_kernel:allow/1, or read in its log which flag it misses"
	case dist.ReasonTimeout, dist.ReasonClosed:
		return "see that a node, and not something else or one with another -proto_dist, listens on that port; its log " +
			"says more"
	}
	return "the log of the peer says more"
}

func (x *examination) flags(context.Context) Finding {
	info := x.peer.info
	kind := "a visible connection"
	if info.Hidden() {
		kind = "a hidden connection"
	}
	f := Finding{Step: "flags", Detail: fmt.Sprintf("%s, %d flags agreed on", kind,
		bits.OnesCount64(uint64(info.Negotiated)))}
	if missing := dist.DefaultFlags &^ info.Flags; missing != 0 {
		f.Detail += fmt.Sprintf("; the peer is without %v", missing)
	}
	return f
}

func (x *examination) ping(ctx context.Context) Finding {
	began := time.Now()
	if err := x.n.Ping(ctx, x.name); err != nil {
		return Finding{Step: "ping", Err: err,
			Advice: "the peer is connected and does not answer: is it overloaded, or suspended?"}
	}
	return Finding{Step: "ping", Detail: fmt.Sprintf("pong in %v", time.Since(began).Round(time.Microsecond))}
}

// tick compares the tick times, which should be the same in a cluster. A peer that does not tell is not at fault.
func (x *examination) tick(ctx context.Context) Finding {
	ours := x.n.cfg.TickTime
	if ours == 0 {
		ours = dist.DefaultTickTime
	}
	t, err := x.peer.erpcCall(ctx, "net_kernel", "get_net_ticktime", nil)
	theirs, ok := t.(etf.Int)
	if err != nil || !ok {
		return Finding{Step: "tick", Detail: fmt.Sprintf("ours is %v, that of the peer is not known", ours)}
	}
	f := Finding{Step: "tick", Detail: fmt.Sprintf("net_ticktime is %v here and %d s there", ours, theirs)}
	if time.Duration(theirs)*time.Second != ours {
		f.Advice = "give all nodes of the cluster the same net_ticktime"
	}
	return f
}
