//go:build unix && !linux

package dist

import (
	"net"
	"syscall"
)

// writeSome writes the first of several buffers. It returns how many bytes it has tried to write, too.
func writeSome(fd int, bufs net.Buffers) (n, tried int, err error) {
	n, err = syscall.Write(fd, bufs[0])
	return n, len(bufs[0]), err
}
