package epmd

import (
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWaitingConnectionsBeyondTheLimitPushOutTheOldest(t *testing.T) {
	_, addr := serveTCP(t, ServerOptions{MaxPending: 3})
	r := register(t, addr, "a", 4711)
	var idle []net.Conn
	for range 4 {
		idle = append(idle, dialRaw(t, addr))
	}
	require.Empty(t, readAll(t, idle[0]))
	for range 2 { // the second idle one makes room for the first question
		names, err := Names(t.Context(), addr)
		require.NoError(t, err)
		require.Equal(t, []Entry{{"a", 4711}}, names)
	}
	require.Empty(t, readAll(t, idle[1]))
	require.NoError(t, r.Close(), "a registered node is never pushed out")
}

func TestABurstNeverExceedsTheLimit(t *testing.T) {
	s := NewServer(ServerOptions{MaxPending: 3})
	for range 100 {
		ours, theirs := net.Pipe()
		defer ours.Close()
		s.startConn(theirs)
		s.mu.Lock()
		require.LessOrEqual(t, s.pending[true].Len(), 3)
		s.mu.Unlock()
	}
	require.NoError(t, s.Close())
}

func TestStrangersDoNotPushOutClientsOfTheOwnHost(t *testing.T) {
	var near, far pipes
	serve(t, ServerOptions{MaxPending: 2}, near.listen(), afarListener{far.listen(), tcpAddr("10.0.0.2:5"),
		tcpAddr("10.0.0.1:4369")})
	mine, err := near.dial(t.Context(), "", "")
	require.NoError(t, err)
	defer mine.Close()
	for range 50 {
		c, err := far.dial(t.Context(), "", "")
		require.NoError(t, err)
		defer c.Close()
	}
	_, err = mine.Write(frame("n"))
	require.NoError(t, err)
	require.Len(t, readAll(t, mine), 4)
}

func TestAThousandGarbageAndHalfOpenConnectionsKeepNobodyOut(t *testing.T) {
	s, addr := serveTCP(t, ServerOptions{MaxPending: 64})
	register(t, addr, "a", 4711)
	garbage := [][]byte{nil, {0}, {0xff, 0xff}, frame("Q"), alive("a"), []byte("GET / HTTP/1.1\r\n\r\n"), frame("x")[:2]}
	var idle []net.Conn
	for i := range 1000 {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		_, _ = c.Write(garbage[i%len(garbage)])
		if idle = append(idle, c); len(idle) > 200 { // spare the descriptors of this process
			_ = idle[0].Close()
			idle = idle[1:]
		}
		if i%50 == 0 {
			_, err := Lookup(t.Context(), addr, "a")
			require.NoError(t, err, "after %d", i)
		}
	}
	eventually(t, 5*time.Second, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) <= 64+1 && s.pending[true].Len() <= 64
	}, "what was pushed out is gone, goroutine and all")
	for _, c := range idle {
		_ = c.Close()
	}
}

// failing is a listener whose Accept fails as told, then hangs until it is closed.
type failing struct {
	pipeListener
	errs chan error
}

func (l *failing) Accept() (net.Conn, error) {
	select {
	case err := <-l.errs:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func TestAnAcceptThatFailsForLackOfDescriptorsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{pipeListener{closed: make(chan struct{})}, make(chan error, 20)}
		for range 20 {
			l.errs <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}
		start := time.Now()
		serve(t, ServerOptions{}, l)
		for len(l.errs) > 0 {
			<-time.After(time.Millisecond)
		}
		require.Greater(t, time.Since(start), 5*time.Second, "it pauses in between")
	})
}

func TestAListenerThatFailsForGoodEndsServeWithItsError(t *testing.T) {
	l := &failing{pipeListener{closed: make(chan struct{})}, make(chan error, 1)}
	var p pipes
	other := p.listen()
	l.errs <- syscall.EINVAL
	s := NewServer(ServerOptions{})
	require.ErrorIs(t, s.Serve(other, l), syscall.EINVAL)
	_, err := other.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, s.Close())
}

// scarce is a listener of a process that may open only a few files.
type scarce struct {
	net.Listener
	mu      sync.Mutex
	left    int
	waiting net.Conn // has connected, and there is no file for it
}

type scarceConn struct {
	net.Conn
	of   *scarce
	once sync.Once
}

func (l *scarce) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.mu.Unlock()
		c, err := l.Listener.Accept()
		l.mu.Lock()
		if err != nil {
			return nil, err
		}
		l.waiting = c
	}
	if l.left == 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	c := &scarceConn{Conn: l.waiting, of: l}
	l.waiting = nil
	l.left--
	return c, nil
}

func (c *scarceConn) Close() error {
	c.once.Do(func() { c.of.mu.Lock(); c.of.left++; c.of.mu.Unlock() })
	return c.Conn.Close()
}

func TestWithoutFilesTheOldestConnectionThatAsksNothingMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		l := &scarce{Listener: p.listen(), left: 3}
		serve(t, ServerOptions{}, l)
		r, _ := begin(t, &p, "a") // it is a node, and stays
		for range 5 {
			c, err := p.dial(t.Context(), "", "")
			require.NoError(t, err)
			defer c.Close()
		}
		began := time.Now()
		names, err := Client{Dial: p.dial}.Names(t.Context(), "h:4369")
		require.NoError(t, err)
		require.Len(t, names, 1)
		require.Less(t, time.Since(began), 10*time.Millisecond)
		require.NoError(t, r.Close())
	})
}
