package dist

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Handler receives what a connection reads. Goroutines of the connection call its methods one after the other, and each
// call sees what the calls before it have done.
type Handler interface {
	// Handle takes one message in the order in which the peer sent it. m points to memory that is used again after the
	// return: copy what is kept, by value. payload owns its memory; it is nil if nothing belongs to the message.
	//
	// An error closes the connection with that cause. It is for what no node may send, as the tests of OTP's
	// erts_net_message; what merely has no receiver is to be ignored.
	//
	// While Handle runs, nothing is read, not even ticks. Answer from here with Post: Send may wait for the peer, which
	// may be waiting for this side to read.
	Handle(m Message, payload etf.Term) error
	// Drained is called before the connection waits for more, if at least one message was handled and no further one has
	// arrived completely. It returns work to be done first, or nil. It is called again when that work is done.
	Drained() Work
}

// Work is done by the goroutine that reads. While it runs nothing is read, just as with Handle, but it may take its
// time: Conn.HandOver starts another goroutine that reads on, and the connection calls it by itself after
// Options.HandOverAfter. The work that was left behind then runs beside the methods of the Handler.
type Work interface{ Run(ReadToken) }

// Conn is a connection to a peer after the handshake. Its methods may be called by any goroutine.
type Conn struct {
	conn net.Conn
	peer *Peer
	opts Options

	in    reader // owned by the goroutine that has the right to read
	token tokenState
	out   writer

	bytesIn       atomic.Uint64
	bytesOut      atomic.Uint64
	awaitingBytes atomic.Bool // Serve waits for bytes, and does not handle what has come
	closing       atomic.Bool // a cause is set
	writeClosed   atomic.Bool // nothing can be sent any more

	served   atomic.Bool
	released sync.Once
	done     chan struct{}
	tick     ticker
	farewell farewell // under out.mu
}

// NewConn makes a connection of c, on which the handshake that gave p has been completed. Serve must be called for it
// to receive anything and to tick. The connection owns c from now on. p must not change.
func NewConn(c net.Conn, p *Peer, o Options) *Conn {
	conn := &Conn{conn: c, peer: p, opts: o.withDefaults(), done: make(chan struct{})}
	conn.in.init(conn)
	conn.out.init(conn)
	return conn
}

// Peer returns what the handshake has established about the peer.
func (c *Conn) Peer() *Peer { return c.peer }

// NetConn returns the connection below, to ask for its addresses.
func (c *Conn) NetConn() net.Conn { return c.conn }

// Done is closed when the connection has ended and its socket is closed.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Writable reports whether a message can still be sent, as far as is known. After a failed write it is false although
// the connection has not ended yet: what the peer sent before is still read.
func (c *Conn) Writable() bool { return !c.writeClosed.Load() }

// Err returns why the connection has ended, and nil as long as it is up: what Close was given, ErrClosed,
// ErrPeerClosed, ErrTickTimeout, an *IOError, a *ProtocolError or what Handle returned.
func (c *Conn) Err() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.endCause
}

// Stats are the counters of a connection.
type Stats struct {
	// BytesIn and BytesOut count what was read and written, ticks included.
	BytesIn, BytesOut uint64
	// Reads and Writes count the system calls, those in vain included: the one that finds nothing more to read comes
	// before each wait.
	Reads, Writes uint64
	// Pending is the number of bytes that wait to be written.
	Pending int
}

// Stats returns the counters as they are now.
func (c *Conn) Stats() Stats {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return Stats{BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		Reads: c.in.raw.calls.Load(), Writes: c.out.raw.calls.Load(), Pending: c.out.queued + c.out.streamed}
}

// RemoteAddr returns the address of the other end.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// Serve has goroutines of the connection read and hand what they read to h, and waits until the connection has ended;
// it returns why. By then the goroutines of the connection have ended, except for those whose Work was left behind by
// HandOver. Serve must be called once only.
func (c *Conn) Serve(h Handler) error {
	if c.served.Swap(true) {
		return errServed
	}
	c.startTicking()
	c.in.start(h)
	c.armTokenWatch() // now, when nobody waits for an answer yet
	go c.in.run()
	c.fail(<-c.in.ended)
	c.stopTicking()
	c.stopTokenWatch()
	c.out.joinFlusher()
	return c.Err()
}

var errServed = errors.New("dist: Serve was called before")

// Close ends the connection with the given cause, or ErrClosed if that is nil, and returns the cause that counts: the
// first one. From then on Send fails and nothing is handled any more. What is pending is still written, for at most
// Options.FlushTime. After that the peer may close its side: within the same time again as long as it sends something,
// otherwise within a second. Close does not wait for that; Done tells when the connection has ended.
func (c *Conn) Close(cause error) error {
	if cause == nil {
		cause = ErrClosed
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.endCause != nil {
		return w.endCause
	}
	w.setEndCause(cause)
	// If this fails the connection is broken, and the next write says so.
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.opts.FlushTime))
	if !w.writing {
		w.writing = true
		w.wakeFlusher()
	}
	return cause
}

// Abort ends the connection with the given cause at once, and returns the cause that counts: the first one. What is
// pending is lost. Use it for a peer that has given the connection up already and may not even close it.
func (c *Conn) Abort(cause error) error {
	c.fail(cause)
	return c.Err()
}

// fail ends the connection at once, after a failure or when it has been closed and the peer has followed.
func (c *Conn) fail(cause error) {
	w := &c.out
	w.mu.Lock()
	if w.endCause == nil {
		w.setEndCause(cause)
	}
	w.mu.Unlock()
	c.closeSocket()
}

func (c *Conn) closeSocket() {
	c.released.Do(func() {
		_ = c.conn.Close() // the connection has ended, and Err has the cause
		close(c.done)
	})
}

// finishClose is called when a closing connection has written everything. If a socket is closed while it holds received
// bytes, the kernel resets the connection, and the peer may lose what it has not read yet. So finishClose closes only
// the sending side, and the reader goes on until the peer has closed its own or the time is over. A silent peer, such
// as one that hangs, sends nothing that could cause a reset, so it is given less time.
func (c *Conn) finishClose() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || !c.served.Load() || half.CloseWrite() != nil {
		c.closeSocket()
		return
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.farewell = farewell{until: time.Now().Add(c.opts.FlushTime)}
	c.awaitClose()
}

// maxSilence is how long a silent peer may take to close its side of a closing connection.
const maxSilence = time.Second

// farewell is the phase of a connection between the end of its sending side and its own end.
type farewell struct {
	until   time.Time // zero: it has not begun
	bytesIn uint64    // Conn.bytesIn when the silence began
}

// awaitClose sets the deadline of the reader for the next bytes. The mutex of the writer is held.
func (c *Conn) awaitClose() {
	c.farewell.bytesIn = c.bytesIn.Load()
	until := time.Now().Add(maxSilence)
	if c.farewell.until.Before(until) {
		until = c.farewell.until
	}
	_ = c.conn.SetReadDeadline(until) // if this fails the connection is broken, and the read that follows fails too
}

// extendFarewell reports whether a read that failed with err is to be tried again, because the peer is still sending
// and so still about to read what was sent to it. It sets the next deadline.
func (c *Conn) extendFarewell(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.farewell.bytesIn == c.bytesIn.Load() || !time.Now().Before(c.farewell.until) {
		return false
	}
	c.awaitClose()
	return true
}
