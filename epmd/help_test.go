package epmd

import (
	"context"
	"encoding/hex"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unhex reads bytes written in hexadecimal with blanks between the fields.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// pipes is a listener and a dialer in memory. What is dialed while nobody listens is refused, as by a host without
// EPMD.
type pipes struct {
	mu       sync.Mutex
	listener *pipeListener
	dials    int
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) listen() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener = &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return p.listener
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	l := p.listener
	p.dials++
	p.mu.Unlock()
	if l == nil {
		return nil, syscall.ECONNREFUSED
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// serve starts a server on ls that ends with the test.
func serve(t testing.TB, o ServerOptions, ls ...net.Listener) *Server {
	t.Helper()
	s := NewServer(o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ls...) }()
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, <-served)
	})
	return s
}

// serveTCP starts a server on a free port of loopback and returns its address.
func serveTCP(t testing.TB, o ServerOptions) (*Server, string) {
	t.Helper()
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	return serve(t, o, ls...), ls[0].Addr().String()
}

// register registers a name that is given up with the test.
func register(t testing.TB, addr, name string, port uint16) *Registration {
	t.Helper()
	r, err := Register(t.Context(), RegisterOptions{Addr: addr, Name: name, Port: port})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

// talk sends req to a server and returns all it answers until it hangs up.
func talk(t testing.TB, addr string, req []byte) []byte {
	t.Helper()
	c := dialRaw(t, addr)
	_, err := c.Write(req)
	require.NoError(t, err)
	return readAll(t, c)
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	return c
}

func readAll(t testing.TB, c net.Conn) []byte {
	t.Helper()
	var all []byte
	buf := make([]byte, 512)
	for {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			require.False(t, isTimeout(err), "the server did not hang up")
			return all
		}
	}
}

func readN(t testing.TB, c net.Conn, n int) []byte {
	t.Helper()
	buf := make([]byte, n)
	for got := 0; got < n; {
		m, err := c.Read(buf[got:])
		require.NoError(t, err)
		got += m
	}
	return buf
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// eventually waits for a condition of the world outside this process.
func eventually(t testing.TB, limit time.Duration, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, limit, 20*time.Millisecond, what)
}
