//go:build !unix

package dist

import "net"

// rawWriter writes to a socket without waiting, which is not possible here: a goroutine of the connection writes.
type rawWriter struct{}

func (*rawWriter) init(net.Conn) {}

func (*rawWriter) possible() bool { return false }

func (*rawWriter) write(net.Buffers) (n int, all bool, err error) { return 0, false, nil }
