//go:build unix

package gonodetest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gonode-otp/gonode/epmd"
)

// Bender sits between two real ends of TCP connections and passes on what they say, bent by a Plan: with bytes dropped,
// turned over, repeated, delayed, or the connection cut between two of them. By hand it can be paused, resumed and cut.
//
// For what it is told to do at a place of the stream, it does not matter how the bytes come: the same bytes and the
// same plan give the same outcome.
type Bender struct {
	plan Plan
	t    testing.TB
	ctx  context.Context // ends with the test
	work sync.WaitGroup

	mu    sync.Mutex
	links map[*bentLink]struct{}
	count int
	told  []string
	gate  chan struct{} // closed as long as everything may pass
}

// NewBender makes a bender, which ends with the test. A nil plan lets everything pass as it is.
func NewBender(t testing.TB, plan Plan) *Bender {
	t.Helper()
	if plan == nil {
		plan = func(Flow) []Fault { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	b := &Bender{plan: plan, t: t, ctx: ctx, links: map[*bentLink]struct{}{}, gate: make(chan struct{})}
	close(b.gate)
	t.Cleanup(func() {
		cancel()
		b.work.Wait()
		if t.Failed() {
			t.Logf("what was bent:\n%s", tail(strings.Join(b.Report(), "\n")))
		}
	})
	return b
}

// Open listens on a loopback port and passes every connection to it on to target, "host:port". It returns its own
// address. A bender may have any number of such doors.
func (b *Bender) Open(target string) (addr string) {
	b.t.Helper()
	return b.open(target, func(context.Context) (string, error) { return target, nil }).String()
}

// OpenNode puts the bender in front of a node, "name@localhost", as one group of nodes sees it: it registers a port
// of its own under the name of the node in the EPMD on port seenIn, and passes connections on to where the EPMD on
// port knownIn says that the node listens. The two must be different ones; each time the node is looked up anew, so
// it may be restarted.
//
// For all traffic between a and b, each of which has an EPMD for itself:
//
//	bender.OpenNode(a.Name(), a.EPMDPort(), b.EPMDPort())
//	bender.OpenNode(b.Name(), b.EPMDPort(), a.EPMDPort())
func (b *Bender) OpenNode(node string, knownIn, seenIn int) {
	b.t.Helper()
	alive, _, _ := strings.Cut(node, "@")
	addr := b.open(node, func(ctx context.Context) (string, error) {
		info, err := epmd.Lookup(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(knownIn)), alive)
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(info.Port))), err
	})
	register(b.t, seenIn, node, addr.(*net.TCPAddr).Port)
}

func (b *Bender) open(target string, find func(context.Context) (string, error)) net.Addr {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.t.Fatalf("a bender has to listen: %v", err)
	}
	context.AfterFunc(b.ctx, func() { _ = l.Close() })
	b.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.work.Go(func() { b.serve(c.(*net.TCPConn), target, find) })
		}
	})
	return l.Addr()
}

// serve carries one connection to its end.
func (b *Bender) serve(near *net.TCPConn, target string, find func(context.Context) (string, error)) {
	defer near.Close()
	addr, err := find(b.ctx)
	var c net.Conn
	if err == nil {
		c, err = (&net.Dialer{}).DialContext(b.ctx, "tcp", addr)
	}
	if err != nil {
		b.tell("a connection that leads nowhere: %v", err)
		return
	}
	far := c.(*net.TCPConn)
	defer far.Close()
	ctx, end := context.WithCancel(b.ctx)
	l := &bentLink{ctx: ctx, end: end, near: near, far: far}
	defer context.AfterFunc(ctx, l.close)()
	b.mu.Lock()
	b.count++
	l.number = b.count
	b.links[l] = struct{}{}
	b.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { b.pump(l, near, far, Flow{Conn: l.number, Target: target, ToTarget: true}) })
	both.Go(func() { b.pump(l, far, near, Flow{Conn: l.number, Target: target}) })
	both.Wait()
	end()
	b.mu.Lock()
	delete(b.links, l)
	b.mu.Unlock()
}

// bentLink is one connection through the bender.
type bentLink struct {
	number    int
	ctx       context.Context
	end       context.CancelFunc // closes both sides
	near, far *net.TCPConn
}

func (l *bentLink) close() { _, _ = l.near.Close(), l.far.Close() }

// reset ends both sides by a RST.
func (l *bentLink) reset() {
	_, _ = l.near.SetLinger(0), l.far.SetLinger(0)
	l.end()
}

// Pause holds back everything in both directions, from now on and in connections to come too, as a network that has
// fallen apart does. The ends notice nothing but silence.
func (b *Bender) Pause() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.gate:
		b.gate = make(chan struct{})
	default:
	}
}

// Resume ends a pause. What was held back goes on, nothing is lost.
func (b *Bender) Resume() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.gate:
	default:
		close(b.gate)
	}
}

// Cut closes all connections of the present, wherever in a message they are. It returns their number.
func (b *Bender) Cut() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.links {
		l.end()
	}
	return len(b.links)
}

// Connections returns how many connections there have been.
func (b *Bender) Connections() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// Report returns a line for each fault that has taken place. If the test fails the last ones are printed.
func (b *Bender) Report() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.told...)
}

func (b *Bender) tell(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, fmt.Sprintf(format, args...))
}

// passage returns a channel that is closed when bytes may pass.
func (b *Bender) passage() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gate
}
