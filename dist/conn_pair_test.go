package dist

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

const (
	nodeA = etf.Atom("a@localhost")
	nodeB = etf.Atom("b@localhost")
)

// peers returns what each of two nodes knows of the other.
func peers(flags Flags) (ofA, ofB *Peer) {
	ofA = &Peer{Name: nodeB, Creation: 2, Flags: flags, Negotiated: flags, Local: nodeA, LocalCreation: 1}
	ofB = &Peer{Name: nodeA, Creation: 1, Flags: flags, Negotiated: flags, Local: nodeB, LocalCreation: 2}
	return ofA, ofB
}

func pidA(id uint32) etf.Pid { return etf.Pid{Node: nodeA, ID: id, Creation: 1} }
func pidB(id uint32) etf.Pid { return etf.Pid{Node: nodeB, ID: id, Creation: 2} }

func refA(words ...uint32) etf.Ref {
	r := etf.Ref{Node: nodeA, Creation: 1, Len: uint8(len(words))}
	copy(r.Words[:], words)
	return r
}

func refB(words ...uint32) etf.Ref {
	r := refA(words...)
	r.Node, r.Creation = nodeB, 2
	return r
}

// tcpPair returns the two ends of a connection over loopback.
func tcpPair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	b, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// received is a message that a handler has copied.
type received struct {
	msg     Message
	payload etf.Term
}

// recorder is a handler that keeps everything.
type recorder struct {
	mu      sync.Mutex
	got     []received
	drained int
	fail    func(received) error
	arrived chan struct{}
}

func newRecorder() *recorder { return &recorder{arrived: make(chan struct{}, 1)} }

func (r *recorder) Handle(m Message, payload etf.Term) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := received{clone(m), payload}
	r.got = append(r.got, one)
	select {
	case r.arrived <- struct{}{}:
	default:
	}
	if r.fail != nil {
		return r.fail(one)
	}
	return nil
}

func (r *recorder) Drained() Work {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drained++
	return nil
}

func (r *recorder) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

// wait returns what has arrived once that is at least n messages.
func (r *recorder) wait(t testing.TB, n int) []received {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		if got := r.all(); len(got) >= n {
			return got
		}
		select {
		case <-r.arrived:
		case <-late:
			require.FailNow(t, "messages missing", "%d of %d came", len(r.all()), n)
		}
	}
}

// pair connects two Conns over TCP and serves both until the test ends.
func pair(t testing.TB, flags Flags, o Options) (a, b *Conn, toA, toB *recorder) {
	t.Helper()
	ca, cb := tcpPair(t)
	ofA, ofB := peers(flags)
	a, b = NewConn(ca, ofA, o), NewConn(cb, ofB, o)
	toA, toB = newRecorder(), newRecorder()
	serve(t, a, toA)
	serve(t, b, toB)
	return a, b, toA, toB
}

// serve runs Serve until the test ends.
func serve(t testing.TB, c *Conn, h Handler) (cause chan error) {
	t.Helper()
	cause = make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { cause <- c.Serve(h) })
	t.Cleanup(func() {
		c.Close(nil)
		wg.Wait()
	})
	return cause
}

func send(t testing.TB, c *Conn, m Message, payload etf.Term) {
	t.Helper()
	require.NoError(t, c.Send(context.Background(), m, payload))
}

// clone copies a message out of the memory of the reader.
func clone(m Message) Message {
	switch m := m.(type) {
	case *Send:
		return ptr(*m)
	case *RegSend:
		return ptr(*m)
	case *AliasSend:
		return ptr(*m)
	case *AltactSig:
		return ptr(*m)
	case *Link:
		return ptr(*m)
	case *UnlinkID:
		return ptr(*m)
	case *UnlinkIDAck:
		return ptr(*m)
	case *Exit:
		return ptr(*m)
	case *Exit2:
		return ptr(*m)
	case *MonitorP:
		return ptr(*m)
	case *DemonitorP:
		return ptr(*m)
	case *MonitorPExit:
		return ptr(*m)
	case *GroupLeader:
		return ptr(*m)
	case *SpawnRequest:
		return ptr(*m)
	case *SpawnReply:
		return ptr(*m)
	}
	return nil
}

func ptr[T any](v T) *T { return &v }
