//go:build unix

package peer

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

// DefaultFlags are what a Peer announces by default: all flags of package dist except those that put a distribution
// header in front of messages, so that Send and Expect can write and read them.
const DefaultFlags = dist.DefaultFlags &^ (dist.FlagDistHdrAtomCache | dist.FlagFragments)

// Peer plays another node by scripts, without Erlang. It listens on a real loopback port, and for each connection it
// carries out the steps of a script, such as Handshake, Expect and Send. A test uses it to see how a node treats a peer
// that behaves in a certain way, above all in a way that no real node does.
//
// The fields may be changed before the first script.
type Peer struct {
	// Node is the full name of the peer.
	Node etf.Atom
	// Cookie is the cookie of the test by default; see [gonodetest.Cookie].
	Cookie string
	// Creation is the creation of the peer.
	Creation uint32
	// Flags are what the peer announces, DefaultFlags by default.
	Flags dist.Flags
	// Timeout bounds each step. The default is ten seconds.
	Timeout time.Duration

	listener net.Listener
	ctx      context.Context // ends with the test
	scripts  sync.WaitGroup
	mu       sync.Mutex
	running  []*Script
	last     chan struct{} // closed when the last waiting script has a connection
}

// New makes a peer that is called node, "name@localhost", and listens on the loopback interface. The peer ends with the
// test. The test fails if a script that was not waited for has not ended by then.
func New(t testing.TB, node string) *Peer {
	t.Helper()
	if _, _, ok := dist.SplitNode(etf.Atom(node)); !ok {
		t.Fatalf("%q is not the full name of a node", node)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("a peer has to listen: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Peer{Node: etf.Atom(node), Cookie: gonodetest.Cookie(t), Creation: 1, Flags: DefaultFlags,
		Timeout: 10 * time.Second, listener: l, ctx: ctx}
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		p.scripts.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, s := range p.running {
			if !s.told && s.err != nil {
				t.Errorf("the script of %v: %v", p.Node, s.err)
			}
		}
	})
	return p
}

// Port returns the port on which the peer listens.
func (p *Peer) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Register registers the peer with the EPMD on a port of this host until the test ends. Nodes then find it by its name.
// The EPMD may be a real one or one that a Go node embeds.
func (p *Peer) Register(t testing.TB, epmdPort int) {
	t.Helper()
	gonodetest.Register(t, epmdPort, string(p.Node), p.Port())
}

// Accept carries out the steps with the next node that connects, and closes the connection after the last step. It
// returns at once. Scripts that wait for a connection get one each, in the order in which they were started.
func (p *Peer) Accept(steps ...Step) *Script {
	p.mu.Lock()
	before, taken := p.last, make(chan struct{})
	p.last = taken
	p.mu.Unlock()
	return p.play(false, steps, func(context.Context) (net.Conn, error) {
		defer close(taken)
		if before != nil {
			<-before
		}
		return p.listener.Accept()
	})
}

// Dial connects to a node that listens on addr, "host:port", and carries out the steps with it. It returns at once.
func (p *Peer) Dial(addr string, steps ...Step) *Script {
	return p.play(true, steps, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: p.Timeout}).DialContext(ctx, "tcp", addr)
	})
}

// Script is a list of steps that is being carried out.
type Script struct {
	done chan struct{}
	err  error // valid after done
	told bool
}

// Wait waits for the end of the script. If a step failed, it ends the test and names the step.
func (s *Script) Wait(t testing.TB) {
	t.Helper()
	if err := s.Err(); err != nil {
		t.Fatalf("script: %v", err)
	}
}

// Err waits for the end of the script and returns nil, or a *ScriptError.
func (s *Script) Err() error {
	<-s.done
	s.told = true
	return s.err
}

// Done is closed when the script has ended.
func (s *Script) Done() <-chan struct{} { return s.done }

// ScriptError is the failure of a step.
type ScriptError struct {
	Step int    // its number, from 1; 0 if there was no connection
	Name string // the name of the step
	Err  error
}

// Error names the step and what went wrong.
func (e *ScriptError) Error() string { return fmt.Sprintf("step %d, %s: %v", e.Step, e.Name, e.Err) }

// Unwrap returns what went wrong.
func (e *ScriptError) Unwrap() error { return e.Err }

func (p *Peer) play(dialling bool, steps []Step, open func(context.Context) (net.Conn, error)) *Script {
	s := &Script{done: make(chan struct{})}
	p.mu.Lock()
	p.running = append(p.running, s)
	p.mu.Unlock()
	p.scripts.Go(func() {
		defer close(s.done)
		c, err := open(p.ctx)
		if err != nil {
			s.err = &ScriptError{Name: "the connection", Err: err}
			return
		}
		s.err = p.run(c, dialling, steps)
	})
	return s
}

// run carries out the steps one after the other.
func (p *Peer) run(c net.Conn, dialling bool, steps []Step) error {
	defer c.Close()
	defer context.AfterFunc(p.ctx, func() { _ = c.Close() })()
	pc := &Conn{peer: p, net: c, dialling: dialling, vars: map[etf.Atom]etf.Term{
		"$node": p.Node,
		"$self": etf.Pid{Node: p.Node, ID: 1, Creation: p.Creation},
	}}
	for i, step := range steps {
		err := c.SetDeadline(time.Now().Add(p.Timeout))
		if err == nil {
			err = step.Run(pc)
		}
		if err != nil {
			return &ScriptError{Step: i + 1, Name: step.Name, Err: err}
		}
	}
	return nil
}
