package node

import (
	"bytes"
	"context"
	"io"
	"math"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/gonodetest"
)

// wire is a peer that consists of recorded bytes only. It adds no allocations and no system calls of its own.
type wire struct {
	conn net.Conn
	info *dist.Peer
	buf  [4096]byte
}

func connectWire(t testing.TB, n *Node) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", n.Addr().String())
	require.NoError(t, err)
	side := dist.Local{Node: "wire@localhost", Creation: 9, Cookie: func(etf.Atom) string { return "secret" }}
	info, err := side.Connect(t.Context(), conn, n.Name(), dist.InitiatorFunc(func(etf.Atom) bool { return false }))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &wire{conn: conn, info: info}
}

// sheet is a connection that keeps what is written to it.
type sheet struct {
	net.Conn
	mu sync.Mutex
	b  []byte
}

func (s *sheet) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, b...)
	return len(b), nil
}
func (s *sheet) Close() error                     { return nil }
func (s *sheet) SetWriteDeadline(time.Time) error { return nil }

// frames encodes messages as in the middle of a conversation, with their atoms in the cache (again). first is what has
// to be sent once before.
func (w *wire) frames(t testing.TB, post func(c *dist.Conn)) (first, again []byte) {
	t.Helper()
	s := &sheet{}
	c := dist.NewConn(s, w.info, dist.Options{})
	for _, b := range []*[]byte{&first, &again} {
		post(c)
		require.Eventually(t, func() bool { return c.Stats().Pending == 0 }, time.Minute, time.Millisecond)
		s.mu.Lock()
		*b, s.b = s.b, nil
		s.mu.Unlock()
	}
	c.Close(nil)
	<-c.Done()
	return first, again
}

// smallCall returns what an OTP node sends for gen_server:call({Name, Node}, {echo, 1}): MONITOR_P, the request,
// DEMONITOR_P.
func smallCall(self etf.Pid, name etf.Atom, request etf.Term) func(c *dist.Conn) {
	ref := etf.Ref{Node: self.Node, Creation: self.Creation, Len: 3, Words: [etf.MaxRefWords]uint32{1, 2, 3}}
	return func(c *dist.Conn) {
		_ = c.Post(&dist.MonitorP{From: self, To: dist.ByName(name), Ref: ref}, nil)
		_ = c.Post(&dist.RegSend{From: self, To: name}, driver.CallMessage(self, aliasTag(ref), request))
	}
}

func (w *wire) self() etf.Pid { return etf.Pid{Node: "wire@localhost", ID: 5, Creation: 9} }

// ask sends bytes and reads n bytes of answers.
func (w *wire) ask(t testing.TB, request []byte, n int) {
	if _, err := w.conn.Write(request); err != nil {
		t.Fatal(err)
	}
	for n > 0 {
		got, err := w.conn.Read(w.buf[:min(n, len(w.buf))])
		if err != nil {
			t.Fatal(err)
		}
		n -= got
	}
}

// answer reads one frame.
func (w *wire) answer(t testing.TB) []byte {
	t.Helper()
	_, err := io.ReadFull(w.conn, w.buf[:4])
	require.NoError(t, err)
	n := int(w.buf[2])<<8 | int(w.buf[3])
	_, err = io.ReadFull(w.conn, w.buf[4:4+n])
	require.NoError(t, err)
	return bytes.Clone(w.buf[:4+n])
}

// called starts a node with a server that has answered calls already. It returns the bytes of one more call and the
// size of its answer.
func called(t testing.TB, request etf.Term) (n *Node, w *wire, again []byte, size int) {
	t.Helper()
	n, err := Start(t.Context(), Config{Name: "cost@localhost", EPMD: EPMDEmbedded,
		EPMDPort: uint16(gonodetest.FreePort(t)), Cookie: "secret", Listen: "127.0.0.1"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	_, err = n.Spawn(t.Context(),
		genserv.Child{Name: "echo", Module: genserv.Of(doer{do: func(_ *genserv.Process, r etf.Term) etf.Term { return r }})})
	require.NoError(t, err)
	w = connectWire(t, n)
	first, again := w.frames(t, smallCall(w.self(), "echo", request))
	for range 3 {
		_, err := w.conn.Write(first)
		require.NoError(t, err)
		size = len(w.answer(t))
		first = again
	}
	return n, w, again, size
}

var small = etf.Tuple{etf.Atom("echo"), etf.Int(1)}

// They are the message, its From, the request, and the monitor.
func TestASmallCallCostsFourAllocations(t *testing.T) {
	_, w, again, size := called(t, small)
	least := math.Inf(1)
	for range 10 { // on a busy machine a server sometimes gets a goroutine, which counts too
		if least = min(least, testing.AllocsPerRun(2000, func() { w.ask(t, again, size) })); least <= 4 {
			return
		}
	}
	require.LessOrEqual(t, least, 4.0)
}

func BenchmarkSmallCall(b *testing.B) {
	_, w, again, size := called(b, small)
	b.ReportAllocs()
	for b.Loop() {
		w.ask(b, again, size)
	}
}

// The system calls of the scheduler depend on the machine: bench/ counts them.
func TestACallCostsOneWriteAndAtMostTwoReads(t *testing.T) {
	n, w, again, size := called(t, small)
	conn := n.peers.up("wire@localhost").conn
	before := conn.Stats()
	const calls = 1000
	for range calls {
		w.ask(t, again, size)
	}
	after := conn.Stats()
	require.EqualValues(t, calls, after.Writes-before.Writes)
	require.LessOrEqual(t, after.Reads-before.Reads, uint64(2*calls+1), "one that finds the call, one that finds no more")
}

// One read finds all calls that arrive together, and one write answers them. If the server takes so long that others
// run first, there are more; on a busy machine this happens now and then, and with the race detector always.
func TestCallsThatArriveTogetherCostOneReadAndOneWrite(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector a server is slow")
	}
	n, w, again, size := called(t, small)
	conn := n.peers.up("wire@localhost").conn
	const together = 8
	burst, asFewAsThat := bytes.Repeat(again, together), 0
	for tries := 0; asFewAsThat < 10; tries++ {
		require.Less(t, tries, 10_000)
		before := conn.Stats()
		w.ask(t, burst, together*size)
		for i := 0; i < 20 && conn.Stats().Reads-before.Reads < 2; i++ { // fewer, if the next reader had begun before
			<-time.After(time.Millisecond)
		}
		if after := conn.Stats(); after.Reads-before.Reads == 2 && after.Writes-before.Writes == 1 {
			asFewAsThat++
		}
	}
}
