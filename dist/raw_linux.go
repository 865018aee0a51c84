package dist

import (
	"net"

	"golang.org/x/sys/unix"
)

// writeSome writes several buffers in one system call. It returns how many bytes it has tried to write, too.
func writeSome(fd int, bufs net.Buffers) (n, tried int, err error) {
	if len(bufs) == 1 {
		n, err = unix.Write(fd, bufs[0])
		return n, len(bufs[0]), err
	}
	const most = 32 // what one call takes is limited, by the system to some 1000
	bufs = bufs[:min(len(bufs), most)]
	for _, b := range bufs {
		tried += len(b)
	}
	n, err = unix.Writev(fd, bufs)
	return max(n, 0), tried, err
}
