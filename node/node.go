package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/kernel"
	"github.com/gonode-otp/gonode/node/internal/transport"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/releasehandler"
)

// Node is a running node. Its methods may be called from any goroutine.
type Node struct {
	cfg       Config
	log       *slog.Logger
	remoteLog slog.Handler // of processes; nil if their events stay here
	name      etf.Atom
	creation  uint32
	started   time.Time
	self      etf.Pid // stands for goroutines that are not processes
	side      dist.Local

	handledBefore atomic.Uint64 // messages of processes that have ended

	registry  *registry
	refs      refs
	calls     calls
	monitors  monitorTable
	aliases   aliasTable
	events    eventHub
	refusals  refusals
	functions *kernel.Functions
	spawns    spawnTable
	apps      *application.System

	releases *releasehandler.Handler // nil without Config.Upgrade
	upgrades *upgrade.Host           // nil without Config.Upgrade

	host          driver.Host
	unlinkIDs     atomic.Uint64
	connectionIDs atomic.Uint64
	inline        atomic.Int32 // servers that readers run now
	peers         *peerTable
	allow         allowList
	cookies       cookieTable
	dynamicNames  namePool // names given to peers that asked for one
	carrier       transport.Carrier

	listener     net.Listener // nil with NoListen
	registration *epmd.Registration
	mapper       atomic.Pointer[epmd.Server] // the embedded EPMD, or nil

	ctx    context.Context // ends when the node stops
	cancel context.CancelFunc
	work   sync.WaitGroup // every goroutine of the node

	startMu  sync.RWMutex // held for writing while these are set
	stopping bool         // nothing more is started by the program or by other nodes
	sealed   bool         // nothing more is started by processes either

	end ending
}

// Start starts a node: it listens and registers with EPMD, and from then on it answers other nodes. ctx bounds only
// the start.
//
// Errors: *ConfigError, *tlsdist.OptionError and *tlsdist.FileError, *CookieError, *epmd.NameTakenError if another
// node of that name runs on this host, epmd.ErrUnavailable if there is no EPMD and none may be started, and the error
// of the system if it cannot listen on the address.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, log: cfg.Logger.With("node", cfg.Name), name: etf.Atom(cfg.Name),
		started:  time.Now(),
		registry: newRegistry(), peers: newPeerTable(), end: newEnding()}
	n.functions = kernel.NewFunctions(n.log)
	for _, entry := range cfg.Allow {
		n.allow.add([]etf.Atom{etf.Atom(entry)})
	}
	n.cookies.own, n.cookies.byPeer = cfg.Cookie, maps.Clone(cfg.Cookies)
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.apps = application.New(n.ctx, appHost{n})
	n.apps.SetKernelEnv(map[etf.Atom]etf.Term{"net_ticktime": etf.Int(cfg.tickTime().Seconds()),
		"net_setuptime": etf.Int(cfg.SetupTime.Seconds())})
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
	}
	return n, nil
}

func (n *Node) start(ctx context.Context) (err error) {
	if n.carrier, err = transport.NewCarrier(transport.Options{TLS: n.cfg.TLS, NoListen: n.cfg.NoListen,
		HandshakeTimeout: n.cfg.SetupTime, Log: n.log}); err != nil {
		return err
	}
	if n.cfg.NamedBy != "" {
		return n.startNamed(ctx)
	}
	n.creation = randomCreation()
	return n.startAs(ctx)
}

// startAs starts the node after its name and its preliminary creation are known.
func (n *Node) startAs(ctx context.Context) (err error) {
	if !n.cfg.NoListen {
		if err := n.listen(ctx); err != nil {
			return err
		}
	}
	if n.registration != nil {
		n.creation = n.registration.Creation()
	}
	n.self = n.pid(firstPid - 1)
	n.refs = refs{node: n.name, creation: n.creation}
	n.calls.waiting = map[uint64]*call{}
	n.monitors.byRef = map[uint64]*outboundMonitor{}
	n.side = n.handshakeSide()
	n.host.BareState = n.wantsBareState
	if n.cfg.LoggerNode != "" {
		n.remoteLog = n.logTo(etf.Atom(n.cfg.LoggerNode))
	}
	if err := n.startUpgrade(); err != nil {
		return err
	}
	if err := n.startServices(ctx); err != nil {
		return err
	}
	if n.listener != nil {
		n.work.Go(n.acceptAll)
	}
	n.log.Info("node started", "listen", n.Info())
	return nil
}

// randomCreation returns a creation for a node that gets none from EPMD. It is never 0 or one of the old two-bit
// values, as in OTP.
func randomCreation() uint32 {
	var b [4]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if c := binary.BigEndian.Uint32(b[:]); c > 3 {
			return c
		}
	}
}

// listen opens the port and registers it.
func (n *Node) listen(ctx context.Context) (err error) {
	if n.listener, err = n.cfg.family.Listen(ctx, n.cfg.Listen, n.cfg.PortMin, n.cfg.PortMax); err != nil {
		return err
	}
	if n.cfg.NodePort != 0 {
		return nil
	}
	if n.cfg.EPMD == EPMDEmbedded {
		if err := n.embedEPMD(ctx); err != nil {
			return err
		}
	}
	alive, _, _ := strings.Cut(n.cfg.Name, "@")
	o := epmd.RegisterOptions{
		Addr:     net.JoinHostPort(n.cfg.family.Loopback(), strconv.Itoa(int(n.cfg.EPMDPort))),
		Name:     alive,
		Port:     uint16(n.listener.Addr().(*net.TCPAddr).Port),
		Hidden:   !n.cfg.Visible,
		OnChange: func(e epmd.Event) { n.log.Warn("epmd", "event", e.String()) },
	}
	if n.cfg.EPMD != EPMDExternal {
		o.Revive = n.reviveEPMD
	}
	n.registration, err = epmd.Register(ctx, o)
	if errors.Is(err, epmd.ErrUnavailable) && n.cfg.EPMD == EPMDAuto {
		if err = n.reviveEPMD(ctx); err == nil {
			n.registration, err = epmd.Register(ctx, o)
		}
	}
	return err
}

// mapperAddrs returns the addresses of an embedded EPMD: those of ERL_EPMD_ADDRESS, else those on which the node
// listens. Any peer that can reach the node can then reach the EPMD too.
func (c Config) mapperAddrs() []netip.Addr {
	if len(c.epmdAddrs) > 0 {
		return c.epmdAddrs
	}
	if addr, err := netip.ParseAddr(c.Listen); err == nil {
		return []netip.Addr{addr}
	}
	return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
}

// embedEPMD starts a port mapper in this program.
func (n *Node) embedEPMD(ctx context.Context) error {
	ls, err := epmd.Listen(ctx, n.cfg.EPMDPort, n.cfg.mapperAddrs()...)
	if err != nil {
		return err
	}
	mapper := epmd.NewServer(epmd.ServerOptions{MaxPending: shareOfFiles(256, 8), MaxNames: shareOfFiles(1024, 4)})
	n.mapper.Store(mapper)
	n.work.Go(func() {
		if err := mapper.Serve(ls...); err != nil {
			n.log.Error("embedded epmd", "error", err)
		}
	})
	n.log.Info("started the embedded epmd", "port", n.cfg.EPMDPort)
	return nil
}

// reviveEPMD starts a port mapper in this program if the one of this host is gone. If several nodes lose it at once,
// the first one starts it and the others register there.
func (n *Node) reviveEPMD(ctx context.Context) error {
	if err := n.embedEPMD(ctx); err != nil && !errors.Is(err, epmd.ErrInUse) {
		return err
	}
	return nil
}

// goWork runs f in a goroutine that Stop waits for; false means that the node is stopping.
func (n *Node) goWork(f func()) bool { return n.goUntil(&n.stopping, f) }

// goChild is goWork for processes, which may start goroutines while the node is stopping. false means that all have
// ended.
func (n *Node) goChild(f func()) bool { return n.goUntil(&n.sealed, f) }

func (n *Node) goUntil(end *bool, f func()) bool {
	n.startMu.RLock()
	defer n.startMu.RUnlock()
	if *end {
		return false
	}
	n.work.Go(f)
	return true
}

func (n *Node) isSealed() bool {
	n.startMu.RLock()
	defer n.startMu.RUnlock()
	return n.sealed
}

// Name returns the full name of the node.
func (n *Node) Name() etf.Atom { return n.name }

// Creation returns the number that tells this incarnation of the node from others of the same name.
func (n *Node) Creation() uint32 { return n.creation }

// Addr returns the address on which the node listens, or nil if it does not.
func (n *Node) Addr() net.Addr {
	if n.listener == nil {
		return nil
	}
	return n.listener.Addr()
}

// Nodes returns the names of the connected nodes, the hidden ones included, in no order (nodes(connected)).
func (n *Node) Nodes() []etf.Atom {
	var names []etf.Atom
	for _, p := range n.peers.all() {
		names = append(names, p.name)
	}
	return names
}

// Disconnect closes the connection with the node called name; false means that there was none. The next use of the node
// connects again (erlang:disconnect_node/1).
func (n *Node) Disconnect(name etf.Atom) bool {
	p := n.peers.up(name)
	if p == nil {
		return false
	}
	n.yieldReaders()
	p.close(errDisconnect)
	<-p.ended
	return true
}

var errDisconnect = errors.New("disconnected on request")

// Info returns a line about the node for people to read: its name, its kind and where it listens.
func (n *Node) Info() string {
	kind, where := "hidden", "not listening"
	if n.cfg.Visible {
		kind = "visible"
	}
	if n.listener != nil {
		where = "listening on " + n.listener.Addr().String()
		if n.cfg.ProtoDist != "inet_tcp" {
			where += " (" + n.cfg.ProtoDist + ")"
		}
	}
	if n.mapper.Load() != nil {
		where += fmt.Sprintf(", embedded epmd on port %d", n.cfg.EPMDPort)
	}
	return kind + ", " + where
}

// handshakeSide is this node's side of every handshake.
func (n *Node) handshakeSide() dist.Local {
	flags := dist.DefaultFlags &^ n.cfg.without
	if n.cfg.Visible {
		flags |= dist.FlagPublished
	}
	return dist.Local{Node: n.name, Creation: n.creation, Flags: flags, StepTimeout: n.cfg.SetupTime, Cookie: n.cookie,
		LengthBytes: n.carrier.LengthBytes()}
}

// cookie returns the cookie shared with a peer.
func (n *Node) cookie(peer etf.Atom) string { return n.cookies.of(string(peer)) }
