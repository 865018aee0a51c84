//go:build unix

package dist

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
)

// rawWriter writes to a socket without waiting. Its zero value cannot.
type rawWriter struct {
	conn     syscall.RawConn
	once     func(fd uintptr) (done bool) // made once, because it would cost an allocation each time
	bufs     net.Buffers
	io       iovecs
	n        int
	wroteAll bool
	err      error

	calls atomic.Uint64
}

func (w *rawWriter) init(c net.Conn) {
	w.conn, w.once = rawConn(c), w.writeOnce
}

// rawConn returns c as a socket, or nil.
func rawConn(c net.Conn) (raw syscall.RawConn) {
	// Only these: a connection that wraps one of them may have it carry something else.
	var err error
	switch c := c.(type) {
	case *net.TCPConn:
		raw, err = c.SyscallConn()
	case *net.UnixConn:
		raw, err = c.SyscallConn()
	}
	if err != nil {
		return nil
	}
	return raw
}

func (w *rawWriter) isPossible() bool { return w.conn != nil }

// write writes as much of bufs as the socket takes at once. all says that it was all it tried to write.
func (w *rawWriter) write(bufs net.Buffers) (n int, all bool, err error) {
	w.bufs, w.n, w.wroteAll, w.err = bufs, 0, false, nil
	err = w.conn.Write(w.once)
	if err == nil {
		err = w.err
	}
	w.bufs = nil
	return w.n, w.wroteAll, err
}

func (w *rawWriter) writeOnce(fd uintptr) (done bool) {
	for {
		w.calls.Add(1)
		n, tried, err := writeSome(int(fd), w.bufs, &w.io)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			w.err = err
		default:
			w.n, w.wroteAll = n, n == tried
		}
		return true
	}
}

// rawReader reads from a connection. From a socket it does so without telling the scheduler.
type rawReader struct {
	netConn net.Conn
	conn    syscall.RawConn              // nil if the connection is no socket
	once    func(fd uintptr) (done bool) // made once, because it would cost an allocation each time
	b       []byte
	more    []byte
	io      iovecs
	n       int
	err     error

	calls atomic.Uint64
}

func (r *rawReader) init(c net.Conn) { r.netConn, r.conn, r.once = c, rawConn(c), r.readOnce }

// read is Read of a net.Conn. If it fills b it may go on in behind, which b does not overlap.
func (r *rawReader) read(b, behind []byte) (int, error) {
	if r.conn == nil {
		r.calls.Add(1)
		return r.netConn.Read(b)
	}
	r.b, r.more, r.n, r.err = b, behind, 0, nil
	err := r.conn.Read(r.once)
	if err == nil {
		err = r.err
	}
	r.b, r.more = nil, nil
	return r.n, err
}

func (r *rawReader) readOnce(fd uintptr) (done bool) {
	for {
		r.calls.Add(1)
		n, err := readSome(int(fd), r.b, r.more, &r.io)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			r.err = os.NewSyscallError("read", err)
		case n == 0:
			r.err = io.EOF
		default:
			r.n = n
		}
		return true
	}
}
