package node

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// xAtZ is a process on a node that the tests simulate.
var xAtZ = etf.Tuple{etf.Atom("x"), etf.Atom("z@localhost")}

// silentHost registers name in the EPMD with a port that accepts connections and sends nothing until hangUp.
func silentHost(t *testing.T, epmdPort uint16, name string) (hangUp func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(int(epmdPort)))
	r, err := epmd.Register(t.Context(), epmd.RegisterOptions{Addr: addr, Name: name,
		Port: uint16(l.Addr().(*net.TCPAddr).Port)})
	require.NoError(t, err)
	hangUp = func() { _ = r.Close(); _ = l.Close() } // a connection that was not accepted is reset
	t.Cleanup(hangUp)
	return hangUp
}

// quickly fails the test if do waits for a connection.
func quickly(t *testing.T, do func()) {
	t.Helper()
	began := time.Now()
	do()
	require.Less(t, time.Since(began), 20*time.Second)
}

// patientNode is a node whose attempts to connect take longer than any test.
func patientNode(t *testing.T) (n *Node, epmdPort uint16) {
	t.Helper()
	epmdPort = startEPMD(t)
	return testNode(t, Config{Name: "a@localhost", EPMDPort: epmdPort, SetupTime: 100 * time.Second}), epmdPort
}

func TestAProcessDoesNotWaitForAConnection(t *testing.T) {
	n, port := patientNode(t)
	hangUp := silentHost(t, port, "z")
	to := etf.Pid{Node: "z@localhost", ID: 7, Creation: 4}
	for name, do := range map[string]func(p *genserv.Process) error{
		"Send":    func(p *genserv.Process) error { return p.TrySend(to, etf.Int(1)) },
		"Cast":    func(p *genserv.Process) error { p.Cast(etf.Tuple{etf.Atom("x"), to.Node}, etf.Int(1)); return nil },
		"Reply":   func(p *genserv.Process) error { return p.TryReply(genserv.From{Pid: to, Tag: etf.Int(1)}, etf.Int(1)) },
		"Monitor": func(p *genserv.Process) error { _, err := p.Monitor(to); return err },
		"Link":    func(p *genserv.Process) error { p.Link(to); return nil },
		"Unlink":  func(p *genserv.Process) error { p.Unlink(to); return nil },
		"Exit":    func(p *genserv.Process) error { p.Exit(to, normal); return nil },
	} {
		n.does(t, etf.Atom(name), func(p *genserv.Process, _ etf.Term) etf.Term {
			p.TrapExit(true)
			if err := do(p); err != nil {
				return etf.Binary(err.Error())
			}
			return etf.Atom("ok")
		})
		require.Equal(t, etf.Atom("ok"), n.mustCall(t, etf.Atom(name), n, nil), name)
	}
	hangUp()
	require.Eventually(t, func() bool { return n.peers.connectingCount() == 0 }, time.Minute, time.Millisecond)
}

// connectingCount returns how many outboxes there are.
func (t *peerTable) connectingCount() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.connections
}

func TestLinksAndMonitorsOfAnAttemptThatFailsGetNoconnection(t *testing.T) {
	n, port := patientNode(t)
	hangUp := silentHost(t, port, "z")
	to := etf.Pid{Node: "z@localhost", ID: 7, Creation: 4}
	heard := make(chan etf.Term, 3)
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "s", Module: genserv.Of(signalled{heard, func(p *genserv.Process) {
		p.TrapExit(true)
		p.Link(to)
		_, _ = p.Monitor(to)
		ref, _ := p.Monitor(etf.Tuple{etf.Atom("x"), to.Node})
		p.Demonitor(ref)
		_, _ = p.Monitor(etf.Tuple{etf.Atom("y"), to.Node})
	}})})
	require.NoError(t, err)
	require.Empty(t, heard)
	hangUp()
	seen := map[etf.Term]int{}
	for range 3 {
		msg := (<-heard).(etf.Tuple)
		require.Equal(t, noconnection, msg[len(msg)-1])
		seen[msg[0]]++
	}
	require.Equal(t, map[etf.Term]int{etf.Atom("EXIT"): 1, etf.Atom("DOWN"): 2}, seen)
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "s", n, nil))
	require.Empty(t, heard)
}

// signalled calls a function when it starts, and passes on its messages.
type signalled struct {
	heard chan etf.Term
	do    func(*genserv.Process)
}

func (s signalled) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	s.do(p)
	return genserv.Ok(struct{}{})
}

func (signalled) HandleCall(*genserv.Process, etf.Term, genserv.From, struct{}) genserv.Result[struct{}] {
	return genserv.Reply(etf.Atom("ok"), struct{}{})
}

func (s signalled) HandleInfo(_ *genserv.Process, msg etf.Term, _ struct{}) genserv.Result[struct{}] {
	s.heard <- msg
	return genserv.NoReply(struct{}{})
}

// The peer connects while our attempt hangs. The outbox goes out on that connection, before what is sent later.
func TestAConnectionOfThePeerTakesTheOutbox(t *testing.T) {
	n, port := patientNode(t)
	silentHost(t, port, "z")
	const before, after = 2000, 2000
	later := make(chan struct{})
	pid, err := n.Spawn(t.Context(),
		genserv.Child{Name: "s", Module: genserv.Of(signalled{make(chan etf.Term, 10), func(p *genserv.Process) {
			_, _ = p.Monitor(xAtZ)
			stale := etf.Pid{Node: "z@localhost", ID: 3, Creation: 8}
			p.TrapExit(true)
			p.Link(stale) // of an earlier incarnation of the node: no signal is sent
			for i := range before {
				p.Send(xAtZ, etf.Tuple{etf.Int(i)})
			}
			go func() {
				defer close(later)
				for i := range after {
					p.Send(xAtZ, etf.Tuple{etf.Int(before + i)})
				}
				p.Send(xAtZ, etf.Tuple{etf.Atom("last")})
			}()
		}})})
	require.NoError(t, err)
	l := listenerOf(t, n, "z@localhost", 9)
	l.read(t)
	all := l.until(t, "last")
	require.Equal(t, "MonitorP", all[0])
	require.Len(t, all, 1+before+after+1)
	for i := range before + after {
		require.Equal(t, fmt.Sprint(i), all[1+i])
	}
	<-later
	p := n.registry.byPid(pid)
	p.mu.Lock()
	require.Empty(t, p.links, "noproc has broken it")
	p.mu.Unlock()
	require.NoError(t, n.Send(t.Context(), xAtZ, etf.Tuple{etf.Atom("from Go")}))
	l.until(t, "'from Go'")
	p.exit(killed)
	l.until(t, "DemonitorP")
}

func TestAnOutboxThatIsFullFailsAsAWhole(t *testing.T) {
	n, port := patientNode(t)
	silentHost(t, port, "z")
	heard := make(chan etf.Term, 3)
	_, err := n.Spawn(t.Context(), genserv.Child{Name: "s", Module: genserv.Of(signalled{heard, func(p *genserv.Process) {
		_, _ = p.Monitor(xAtZ)
		large := make(etf.Binary, 1<<20) // one binary for all messages, counted each time
		for range maxHeldCost >> 20 {
			p.Send(xAtZ, large)
		}
		_, _ = p.Monitor(xAtZ) // for some seconds this is as if the attempt had failed again
	}})})
	require.NoError(t, err)
	for range 2 {
		require.Equal(t, noconnection, (<-heard).(etf.Tuple)[4])
	}
	require.Zero(t, n.peers.connectingCount())
	l := listenerOf(t, n, "z@localhost", 9)
	l.read(t)
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, n.Send(t.Context(), xAtZ, etf.Tuple{etf.Atom("later")}))
	require.Equal(t, []string{"later"}, l.until(t, "later"))
}

func TestWhatIsNoTermIsRefusedBeforeThereIsAConnection(t *testing.T) {
	n, port := patientNode(t)
	silentHost(t, port, "z")
	n.does(t, "s", func(p *genserv.Process, _ etf.Term) etf.Term {
		err := p.TrySend(xAtZ, etf.Tuple{nil})
		require.Error(t, err)
		return etf.Atom("ok")
	})
	require.Equal(t, etf.Atom("ok"), n.mustCall(t, "s", n, nil))
}

// The next sends of processes do not begin another attempt. A send that waits begins one.
func TestAFailedAttemptIsRememberedForProcessesOnly(t *testing.T) {
	n, _ := patientNode(t)
	to := etf.Tuple{etf.Atom("x"), etf.Atom("nobody@localhost")}
	require.Error(t, n.Send(t.Context(), to, etf.Int(1)))
	_, err := n.connecting("nobody@localhost")
	require.ErrorIs(t, err, errUnreachable)
	l := listenerOf(t, n, "nobody@localhost", 9)
	l.read(t)
	require.Eventually(t, func() bool {
		return n.Send(t.Context(), to, etf.Tuple{etf.Atom("here")}) == nil
	}, time.Minute, time.Millisecond)
	l.until(t, "here")
	_, err = n.connecting("nobody@localhost")
	require.NoError(t, err)
}

// A caller behind a connection that is gone has been told so by its own node.
func TestAReplyToANodeThatIsGoneIsDropped(t *testing.T) {
	n, port := patientNode(t)
	silentHost(t, port, "z")
	l := listenerOf(t, n, "z@localhost", 9)
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, l.conn.Abort(nil), "its cause")
	require.Eventually(t, func() bool { return len(n.Nodes()) == 0 }, time.Minute, time.Millisecond)
	n.does(t, "s", func(p *genserv.Process, creation etf.Term) etf.Term {
		pid := etf.Pid{Node: "z@localhost", ID: 7, Creation: uint32(creation.(etf.Int))}
		if err := p.TryReply(genserv.From{Pid: pid, Tag: etf.Int(1)}, etf.Int(1)); err != nil {
			return etf.Binary(err.Error())
		}
		return etf.Int(n.peers.connectingCount())
	})
	require.Equal(t, etf.Int(0), n.mustCall(t, "s", n, etf.Int(9)))
	require.Equal(t, etf.Int(1), n.mustCall(t, "s", n, etf.Int(10)), "one of its next life may be reached")
}

func TestStopDoesNotWaitForAttempts(t *testing.T) {
	n, port := patientNode(t)
	silentHost(t, port, "z")
	n.does(t, "s", func(p *genserv.Process, _ etf.Term) etf.Term {
		p.Send(xAtZ, etf.Int(1))
		return etf.Atom("ok")
	})
	n.mustCall(t, "s", n, nil)
	quickly(t, func() { require.NoError(t, n.Stop(t.Context())) })
}

func TestOnlySoManyNodesAreConnectedAtOnceForProcesses(t *testing.T) {
	tab := newPeerTable()
	fresh := func() *peer { return &peer{} }
	for i := range maxConnecting {
		_, begin, err := tab.connecting(etf.Atom(fmt.Sprint("n", i)), fresh)
		require.NoError(t, err)
		require.True(t, begin)
	}
	_, begin, err := tab.connecting("n0", fresh)
	require.NoError(t, err)
	require.False(t, begin)
	_, _, err = tab.connecting("more", fresh)
	require.ErrorIs(t, err, errConnecting)
	for i := range 2 * maxHistory {
		tab.noteFailure(etf.Atom(fmt.Sprint("f", i)))
	}
	require.LessOrEqual(t, len(tab.history), maxHistory)
}
