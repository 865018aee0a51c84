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
	buf  []byte
	n    int
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

// write writes as much of b as the socket takes at once.
func (w *rawWriter) write(b []byte) (n int, err error) {
	w.buf, w.n, w.err = b, 0, nil
	err = w.conn.Write(w.once)
	if err == nil {
		err = w.err
	}
	w.buf = nil
	return w.n, err
}

func (w *rawWriter) try(fd uintptr) (done bool) {
	for {
		n, err := syscall.Write(int(fd), w.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			w.err = err
		default:
			w.n = n
		}
		return true
	}
}
