package dist

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

const testCookie = "a-secret-of-the-cluster"

func cookie(c string) func(etf.Atom) string { return func(etf.Atom) string { return c } }

// side is one end of a handshake between two of our own.
func side(name string) Local {
	return Local{Node: etf.Atom(name), Creation: 1000 + uint32(name[0]), Cookie: cookie(testCookie)}
}

// outcome is what one side got.
type outcome struct {
	peer *Peer
	err  error
}

// refusal is the HandshakeError of a side that failed for this reason.
func (o outcome) refusal(t testing.TB, reason Reason) *HandshakeError {
	t.Helper()
	require.ErrorIs(t, o.err, reason)
	require.Nil(t, o.peer)
	var e *HandshakeError
	require.ErrorAs(t, o.err, &e)
	require.NotContains(t, e.Error(), testCookie)
	return e
}

// meet lets a dial b, which is what it expects to reach.
func meet(t testing.TB, a, b Local, i Initiator, arbiter Arbiter) (connect, accept outcome) {
	t.Helper()
	return meetOver(t, a, b, b.Node, i, arbiter, net.Pipe)
}

func meetOver(t testing.TB, a, b Local, dialled etf.Atom, i Initiator, arbiter Arbiter,
	pipe func() (net.Conn, net.Conn)) (connect, accept outcome) {
	t.Helper()
	c, s := pipe()
	t.Cleanup(func() { _, _ = c.Close(), s.Close() })
	done := make(chan outcome)
	go func() {
		p, err := b.Accept(t.Context(), s, arbiter)
		done <- outcome{p, err}
	}()
	p, err := a.Connect(t.Context(), c, dialled, i)
	return outcome{p, err}, <-done
}

func answer(s Status) Arbiter { return ArbiterFunc(func(etf.Atom) Status { return s }) }

// loopback returns a real pair of TCP connections.
func loopback(t testing.TB) func() (net.Conn, net.Conn) {
	return func() (net.Conn, net.Conn) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		s, err := l.Accept()
		require.NoError(t, err)
		return c, s
	}
}

// script plays the other end by hand, with lengths of two bytes.
type script struct {
	t    testing.TB
	conn net.Conn
}

// play runs accept or connect against the script that steps writes, and returns what it got.
func play(t testing.TB, ours func(c net.Conn) (*Peer, error), steps func(s script)) outcome {
	t.Helper()
	c, s := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.Close()
		steps(script{t, s})
	}()
	p, err := ours(c)
	if err != nil {
		_, again := c.Write([]byte{0})
		require.ErrorIs(t, again, io.ErrClosedPipe, "a failed handshake closes the connection")
	}
	<-done
	_ = c.Close()
	return outcome{p, err}
}

func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...)
}

// send writes the packets in one segment.
func (s script) send(bodies ...[]byte) {
	var segment []byte
	for _, b := range bodies {
		segment = append(segment, frame(b)...)
	}
	s.raw(segment)
}

// raw writes bytes as they are. The other end may have left already, which is up to the test to notice there.
func (s script) raw(b []byte) { _, _ = s.conn.Write(b) }

// recv returns the next packet, nil at the end.
func (s script) recv() []byte {
	var head [2]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return nil
	}
	b := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(s.conn, b); err != nil {
		return nil
	}
	return b
}

// challenge reads a challenge.
func (s script) challenge() challenge {
	m, err := parseChallenge(s.recv())
	if err != nil {
		s.t.Errorf("script: %v", err)
	}
	return m
}

// silence waits until the other end closes.
func (s script) silence() { _, _ = io.Copy(io.Discard, s.conn) }

// tape is a connection that serves recorded bytes and keeps what is written. After the recording it fails with EOF.
type tape struct {
	in     []byte
	out    []byte
	chunk  int // bytes a Read returns at most, 0 for any number
	read   int
	closed bool
	// peer may look at what was written and replace what comes next.
	peer func(t *tape)
}

var errTapeClosed = errors.New("closed")

func (t *tape) Read(b []byte) (int, error) {
	if t.closed {
		return 0, errTapeClosed
	}
	if t.peer != nil {
		t.peer(t)
	}
	if t.chunk > 0 && len(b) > t.chunk {
		b = b[:t.chunk]
	}
	n := copy(b, t.in[t.read:])
	t.read += n
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (t *tape) Write(b []byte) (int, error) {
	if t.closed {
		return 0, errTapeClosed
	}
	t.out = append(t.out, b...)
	return len(b), nil
}

func (t *tape) Close() error {
	t.closed = true
	return nil
}

func (t *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (t *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (t *tape) SetDeadline(time.Time) error      { return nil }
func (t *tape) SetReadDeadline(time.Time) error  { return nil }
func (t *tape) SetWriteDeadline(time.Time) error { return nil }

// sent returns the bodies of the whole packets we have written.
func (t *tape) sent() [][]byte { return packets(t.out) }

// packets cuts b into its packets; an incomplete one at the end is left out.
func packets(b []byte) (bodies [][]byte) {
	for len(b) >= 2 {
		n := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+n {
			return bodies
		}
		bodies = append(bodies, b[2:2+n])
		b = b[2+n:]
	}
	return bodies
}
