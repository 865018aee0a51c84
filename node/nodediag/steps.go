package nodediag

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/internal/nodename"
	"github.com/gonode-otp/gonode/node/internal/transport"
	"github.com/gonode-otp/gonode/tlsdist"
)

// config checks the configuration. It is a step that only shows when it fails.
func (x *examination) config(context.Context) Finding {
	failed := func(err error) Finding {
		return Finding{Step: "config", Err: err, Advice: "correct the configuration of this side"}
	}
	var err error
	if x.cfg, err = x.cfg.Checked(); err != nil {
		return failed(err)
	}
	x.proto, _ = transport.ParseProtocol(x.cfg.ProtoDist)
	x.carrier, err = transport.NewCarrier(transport.Options{TLS: x.cfg.TLS, NoListen: true,
		HandshakeTimeout: x.cfg.SetupTime, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return failed(err)
	}
	return Finding{}
}

func (x *examination) form(context.Context) Finding {
	host, err := nodename.CheckPeer(x.cfg.Name, string(x.name), x.cfg.LongNames)
	if err != nil {
		return Finding{Step: "name", Err: err,
			Advice: "use the form of name that the peer was started with: -sname or -name"}
	}
	if !nodename.Admits(x.cfg.Allow, string(x.name)) {
		return Finding{Step: "name", Err: errors.New("Config.Allow does not have the node"), Advice: "add it on this side"}
	}
	x.alive, _, _ = strings.Cut(string(x.name), "@")
	x.host = host
	return Finding{Step: "name", Detail: fmt.Sprintf("%s on host %s, seen from %s", x.alive, host, x.cfg.Name)}
}

func (x *examination) address(ctx context.Context) Finding {
	began := time.Now()
	found, err := x.proto.Family.Lookup(ctx, x.host)
	if err != nil {
		return Finding{Step: "address", Err: err,
			Advice: fmt.Sprintf("make the name %s known on this host with an %v address: DNS or /etc/hosts", x.host,
				x.proto.Family)}
	}
	addrs := make([]string, len(found))
	for i, a := range found {
		addrs[i] = a.String()
	}
	return Finding{Step: "address", Detail: fmt.Sprintf("%s, found in %v", strings.Join(addrs, ", "),
		time.Since(began).Round(time.Millisecond))}
}

// lookUp asks EPMD for the port.
func (x *examination) lookUp(ctx context.Context) Finding {
	if x.cfg.NodePort != 0 {
		x.port = x.cfg.NodePort
		return Finding{Step: "epmd", Detail: fmt.Sprintf("not asked, the port is fixed: %d", x.port)}
	}
	addr := net.JoinHostPort(x.host, strconv.Itoa(int(x.cfg.EPMDPort)))
	info, err := x.epmd().Lookup(ctx, addr, x.alive)
	switch {
	case errors.Is(err, epmd.ErrNotFound):
		return Finding{Step: "epmd", Err: err, Advice: "start the node, or correct its name: " + x.registered(ctx, addr)}
	case err != nil:
		return Finding{Step: "epmd", Err: err,
			Advice: fmt.Sprintf("start epmd on %s (any node there does), open port %d of its firewall, or set ERL_EPMD_PORT "+
				"alike on both sides", x.host, x.cfg.EPMDPort)}
	}
	x.port = info.Port
	return Finding{Step: "epmd", Detail: fmt.Sprintf("%s says port %d, versions %d to %d", addr, info.Port, info.Low,
		info.High)}
}

// registered lists the names that an EPMD has.
func (x *examination) registered(ctx context.Context, addr string) string {
	entries, err := x.epmd().Names(ctx, addr)
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
	conn, err := x.proto.Family.Dial(ctx, "", net.JoinHostPort(x.host, strconv.Itoa(int(x.port))))
	if err != nil {
		return Finding{Step: "port", Err: err,
			Advice: fmt.Sprintf("open port %d of %s for this host, and see that the node listens on an address that is "+
				"reached from here (inet_dist_use_interface)", x.port, x.host)}
	}
	x.conn = conn
	return Finding{Step: "port", Detail: fmt.Sprintf("%v answers in %v", conn.RemoteAddr(),
		time.Since(began).Round(time.Microsecond))}
}

// secure does the handshake of TLS. Without TLS it is no step.
func (x *examination) secure(ctx context.Context) Finding {
	conn, err := x.carrier.Outgoing(ctx, x.conn, x.host)
	if err != nil {
		return Finding{Step: "tls", Err: err, Advice: adviceOf(err)}
	}
	x.conn = conn
	if x.cfg.TLS == nil {
		return Finding{}
	}
	state := conn.(*tls.Conn).ConnectionState()
	f := Finding{Step: "tls", Detail: fmt.Sprintf("%s, %s", tls.VersionName(state.Version),
		tls.CipherSuiteName(state.CipherSuite))}
	if len(state.PeerCertificates) > 0 {
		leaf := state.PeerCertificates[0]
		verified := "verified"
		if x.cfg.TLS.Client.VerifyNone {
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

// handshake does the handshake of the distribution, as a hidden node whatever the configuration says: the walk changes
// nothing in the cluster.
func (x *examination) handshake(ctx context.Context) Finding {
	side := dist.Local{Node: etf.Atom(x.cfg.Name), Creation: randomCreation(), StepTimeout: x.cfg.SetupTime,
		LengthBytes: x.carrier.LengthBytes(), Cookie: func(peer etf.Atom) string {
			if c, ok := x.cfg.Cookies[string(peer)]; ok {
				return c
			}
			return x.cfg.Cookie
		}}
	keep := dist.InitiatorFunc(func(etf.Atom) bool { return false })
	peer, err := side.Connect(ctx, x.conn, x.name, keep)
	if err == nil {
		x.peer = peer
		x.carrier.Authenticated(x.conn)
		return Finding{Step: "handshake", Detail: fmt.Sprintf("status %v, cookies agree, creation %d", peer.Status,
			peer.Creation)}
	}
	stage, better := "handshake", err
	if refused := (*dist.HandshakeError)(nil); errors.As(err, &refused) {
		if better = x.carrier.Explain(x.conn, refused); better != error(refused) {
			stage = "tls"
		}
	}
	return Finding{Step: "handshake", Err: &node.ConnectError{Node: x.name, Stage: stage, Err: better},
		Advice: adviceOf(better)}
}

// randomCreation returns a creation as a node without EPMD has: neither 0 nor one of the two bits of old nodes.
func randomCreation() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:]) | 4
}

// adviceFor says which side has to change what after a failed handshake.
func adviceFor(e *dist.HandshakeError) string {
	switch e.Reason {
	case dist.ReasonCookie:
		return "give both nodes the same cookie"
	case dist.ReasonFlags:
		return "the peer is too old for this node: use OTP 23 or later there"
	case dist.ReasonSuperseded:
		return "the peer has a connection with a node of the name of this side: choose another name here"
	case dist.ReasonNotAllowed:
		return "on the peer, add this node to net_kernel:allow/1, or read in its log which flag it misses"
	case dist.ReasonTimeout, dist.ReasonClosed:
		return "see that a node, and not something else or one with another -proto_dist, listens on that port; its log " +
			"says more"
	}
	return "the log of the peer says more"
}

// flags shows what both sides have agreed on, and starts reading.
func (x *examination) flags(context.Context) Finding {
	info := x.peer
	x.session = newSession(dist.NewConn(x.conn, info, dist.Options{TickTime: x.cfg.TickTime,
		Intensity: x.cfg.TickIntensity, Trace: x.cfg.Trace}))
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
	answer, err := x.session.call(ctx, "net_kernel", etf.Tuple{etf.Atom("is_auth"), etf.Atom(x.cfg.Name)})
	if err == nil && !etf.Equal(answer, etf.Atom("yes")) {
		err = errors.New("net_kernel answered " + etf.FormatMax(answer, 1000))
	}
	if err != nil {
		return Finding{Step: "ping", Err: &node.ConnectError{Node: x.name, Stage: "ping", Err: err},
			Advice: "the peer is connected and does not answer: is it overloaded, or suspended?"}
	}
	return Finding{Step: "ping", Detail: fmt.Sprintf("pong in %v", time.Since(began).Round(time.Microsecond))}
}

// tick compares the tick times, which should be the same in a cluster. A peer that does not tell is not at fault.
func (x *examination) tick(ctx context.Context) Finding {
	ours := x.cfg.TickTime
	if ours == 0 {
		ours = dist.DefaultTickTime
	}
	t, err := x.session.call(ctx, "rex", etf.Tuple{etf.Atom("call"), etf.Atom("net_kernel"),
		etf.Atom("get_net_ticktime"), etf.List{}, etf.Atom("user")})
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
