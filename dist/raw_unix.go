//go:build unix

package dist

import (
	"net"
	"syscall"
)

// rawWriter writes to a socket without waiting. Its zero value cannot.
type rawWriter struct {
	conn syscall.RawConn
	once func(fd uintptr) (done bool) // made once, because it would cost an allocation each time
	bufs net.Buffers
	n    int
	all  bool
	err  error
}

func (w *rawWriter) init(c net.Conn) {
	// Only these: a connection that wraps one of them may have it write something else.
	var err error
	switch c := c.(type) {
	case *net.TCPConn:
		w.conn, err = c.SyscallConn()
	case *net.UnixConn:
		w.conn, err = c.SyscallConn()
	}
	if err != nil {
		w.conn = nil
	}
	w.once = w.try
}

func (w *rawWriter) possible() bool { return w.conn != nil }

// write writes as much of bufs as the socket takes at once. all says that it was all it tried to write.
func (w *rawWriter) write(bufs net.Buffers) (n int, all bool, err error) {
	w.bufs, w.n, w.all, w.err = bufs, 0, false, nil
	err = w.conn.Write(w.once)
	if err == nil {
		err = w.err
	}
	w.bufs = nil
	return w.n, w.all, err
}

func (w *rawWriter) try(fd uintptr) (done bool) {
	for {
		n, tried, err := writeSome(int(fd), w.bufs)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			w.err = err
		default:
			w.n, w.all = n, n == tried
		}
		return true
	}
}
