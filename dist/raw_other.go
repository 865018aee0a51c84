//go:build !unix

package dist

import (
	"net"
	"sync/atomic"
)

// rawWriter writes to a socket without waiting, which is not possible here: a goroutine of the connection writes.
type rawWriter struct{ calls atomic.Uint64 }

func (*rawWriter) init(net.Conn) {}

func (*rawWriter) isPossible() bool { return false }

func (*rawWriter) write(net.Buffers) (n int, all bool, err error) { return 0, false, nil }

// rawReader reads from a connection.
type rawReader struct {
	netConn net.Conn
	calls   atomic.Uint64
}

func (r *rawReader) init(c net.Conn) { r.netConn = c }

func (r *rawReader) read(b, _ []byte) (int, error) {
	r.calls.Add(1)
	return r.netConn.Read(b)
}

func wakeMonitor() {}

func letOthersRun() {}
