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

// Handler is what a connection does with what it receives. Its methods are called one after the other, each with all
// that those before it have done, by a goroutine of the connection.
type Handler interface {
	// Handle takes one message in the order in which the peer sent it. m points to memory that is used again after the
	// return: copy what is kept, by value. payload owns its memory; it is nil if nothing belongs to the message.
	//
	// An error closes the connection with that cause. It is for what no node may send, as the tests of OTP's
	// erts_net_message; what merely has no receiver is to be ignored.
	//
	// As long as Handle runs, nothing is read, not even ticks. Use Post to answer from here: Send may wait for the peer,
	// which may be waiting for us to read.
	Handle(m Message, payload etf.Term) error
	// Drained is called when at least one message was handled and no further one has arrived completely, before the
	// connection waits for more. It returns what is to be done before that, nil for nothing, and is called again when that
	// has been done.
	Drained() Work
}

// Work is what a goroutine does that would otherwise read. As long as it runs nothing is read, just as with Handle, but
// it may take its time: Conn.HandOver, which the connection calls by itself after Options.HandOverAfter, has another
// goroutine read on. The work that was left behind then runs beside the methods of the Handler.
type Work interface{ Run(ReadToken) }

// Conn is a connection to a peer after the handshake. Its methods may be called by any goroutine.
type Conn struct {
	conn net.Conn
	peer *Peer
	opts Options

	in    reader // owned by the goroutine that has the turn
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

// Writable reports whether a message can still be sent, as far as is known. After a failed write it is false for the
// moment before the connection has ended, in which what the peer sent before is still read.
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

// Serve reads from the connection and hands what it reads to h, until the connection ends; it returns why. The
// goroutines of the connection have ended then, except for those whose Work was left behind by HandOver. It must not
// be called again.
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

// Close ends the connection with the given cause, ErrClosed if that is nil, and returns the cause that counts: the
// first one. From now on Send fails and nothing is handled any more. What is pending is still written, for at most
// Options.FlushTime, and then the peer may close its side: within the same time again as long as it sends something,
// else within a second. Close does not wait for that; Done tells when it is over.
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
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.opts.FlushTime))
	if !w.writing {
		w.writing = true
		w.wakeFlusher()
	}
	return cause
}

// Abort ends the connection with the given cause at once. What is pending is lost, as it is when the peer has given the
// connection up already and may not even close it. It returns the cause that counts: the first one.
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
		_ = c.conn.Close()
		close(c.done)
	})
}

// finishClose is called when a closing connection has written everything. A socket closed while received bytes wait in
// it makes the kernel reset the connection, and the peer may lose what it has not read yet. So only the sending side is
// closed, and the reader goes on until the peer has closed its own or the time is over. A peer that is silent
// meanwhile, as one that hangs is, sends nothing that could reset the connection, so it is not waited for as long.
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

// maxSilence is how long a peer that says nothing may take to close its side of a connection.
const maxSilence = time.Second

// farewell is the time between the end of what this side sends and that of the connection.
type farewell struct {
	until   time.Time // zero: it has not begun
	bytesIn uint64    // Conn.bytesIn when the silence began
}

// awaitClose sets the time to which the reader waits for the next bytes. The mutex of the writer is held.
func (c *Conn) awaitClose() {
	c.farewell.bytesIn = c.bytesIn.Load()
	until := time.Now().Add(maxSilence)
	if c.farewell.until.Before(until) {
		until = c.farewell.until
	}
	_ = c.conn.SetReadDeadline(until)
}

// extendFarewell tells whether a read that failed is to be tried again: the peer is still about to read what was sent
// to it.
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
