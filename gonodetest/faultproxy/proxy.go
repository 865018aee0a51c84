//go:build unix

package faultproxy

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// Proxy sits between the two real ends of TCP connections and forwards what they send, with the faults of a Plan: it
// drops, changes, repeats or delays bytes, or cuts the connection between two of them. The test itself can pause,
// resume and cut the connections.
//
// Faults depend on the position in the stream alone, not on how the bytes are split into packets: the same bytes and
// the same plan give the same outcome.
type Proxy struct {
	plan Plan
	t    testing.TB
	ctx  context.Context // ends with the test
	work sync.WaitGroup

	mu    sync.Mutex
	links map[*link]struct{}
	count int
	told  []string
	gate  chan struct{} // closed while bytes may pass
}

// New makes a proxy, which ends with the test. A nil plan forwards everything unchanged.
func New(t testing.TB, plan Plan) *Proxy {
	t.Helper()
	if plan == nil {
		plan = func(Flow) []Fault { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{plan: plan, t: t, ctx: ctx, links: map[*link]struct{}{}, gate: make(chan struct{})}
	close(p.gate)
	t.Cleanup(func() {
		cancel()
		p.work.Wait()
		if t.Failed() {
			t.Logf("faults that took place:\n%s", excerpt.Tail(strings.Join(p.Report(), "\n")))
		}
	})
	return p
}

// Open listens on a loopback port and forwards every connection to target, "host:port". It returns the address it
// listens on. A proxy may listen for any number of targets.
func (p *Proxy) Open(target string) (addr string) {
	p.t.Helper()
	return p.open(target, func(context.Context) (string, error) { return target, nil }).String()
}

// OpenNode puts the proxy in front of a node, "name@localhost", for one group of nodes. It registers a port of its own
// under the name of the node in the EPMD on port seenIn. It forwards connections to the port that the EPMD on port
// knownIn has for the node. The two EPMDs must be different. The proxy looks the node up for each connection, so the
// node may be restarted.
//
// For all traffic between a and b, each of which has an EPMD for itself:
//
//	proxy.OpenNode(a.Name(), a.EPMDPort(), b.EPMDPort())
//	proxy.OpenNode(b.Name(), b.EPMDPort(), a.EPMDPort())
func (p *Proxy) OpenNode(node string, knownIn, seenIn int) {
	p.t.Helper()
	alive, _, _ := strings.Cut(node, "@")
	addr := p.open(node, func(ctx context.Context) (string, error) {
		info, err := epmd.Lookup(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(knownIn)), alive)
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(info.Port))), err
	})
	gonodetest.Register(p.t, seenIn, node, addr.(*net.TCPAddr).Port)
}

func (p *Proxy) open(target string, find func(context.Context) (string, error)) net.Addr {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		p.t.Fatalf("a fault proxy has to listen: %v", err)
	}
	context.AfterFunc(p.ctx, func() { _ = l.Close() })
	p.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.serve(c.(*net.TCPConn), target, find) })
		}
	})
	return l.Addr()
}

// serve forwards one connection until it ends.
func (p *Proxy) serve(near *net.TCPConn, target string, find func(context.Context) (string, error)) {
	defer near.Close()
	addr, err := find(p.ctx)
	var c net.Conn
	if err == nil {
		c, err = (&net.Dialer{}).DialContext(p.ctx, "tcp", addr)
	}
	if err != nil {
		p.tell("a connection that leads nowhere: %v", err)
		return
	}
	far := c.(*net.TCPConn)
	defer far.Close()
	ctx, end := context.WithCancel(p.ctx)
	l := &link{ctx: ctx, end: end, near: near, far: far}
	defer context.AfterFunc(ctx, l.close)()
	p.mu.Lock()
	p.count++
	l.number = p.count
	p.links[l] = struct{}{}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(l, near, far, Flow{Conn: l.number, Target: target, ToTarget: true}) })
	both.Go(func() { p.pump(l, far, near, Flow{Conn: l.number, Target: target}) })
	both.Wait()
	end()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// link is one connection through the proxy: near is the side that dialled.
type link struct {
	number    int
	ctx       context.Context
	end       context.CancelFunc // closes both sides
	near, far *net.TCPConn
}

func (l *link) close() { _, _ = l.near.Close(), l.far.Close() }

// reset closes both sides with a RST.
func (l *link) reset() {
	_, _ = l.near.SetLinger(0), l.far.SetLinger(0)
	l.end()
}

// Pause holds back everything in both directions, in present connections and in those to come, as a network partition
// does. The ends notice nothing but silence.
func (p *Proxy) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
		p.gate = make(chan struct{})
	default:
	}
}

// Resume ends a pause. The proxy forwards what it held back; nothing is lost.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

// Cut closes all present connections, even in the middle of a message. It returns their number.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.end()
	}
	return len(p.links)
}

// Connections returns how many connections there have been.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Report returns a line for each fault that has taken place. If the test fails the last ones are printed.
func (p *Proxy) Report() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.told...)
}

func (p *Proxy) tell(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, fmt.Sprintf(format, args...))
}

// passage returns a channel that is closed when bytes may pass.
func (p *Proxy) passage() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gate
}
