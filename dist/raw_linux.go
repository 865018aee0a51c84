package dist

import (
	"net"
	"syscall"
	"unsafe"
)

// writeSome writes several buffers in one system call. It returns how many bytes it has tried to write, too.
func writeSome(fd int, bufs net.Buffers) (n, tried int, err error) {
	if len(bufs) == 1 {
		n, err = syscall.Write(fd, bufs[0])
		return n, len(bufs[0]), err
	}
	var vec [32]syscall.Iovec
	k := 0
	for _, b := range bufs[:min(len(bufs), len(vec))] {
		vec[k].Base = unsafe.SliceData(b)
		vec[k].SetLen(len(b))
		tried += len(b)
		k++
	}
	r, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vec)), uintptr(k))
	if errno != 0 {
		return 0, tried, errno
	}
	return int(r), tried, nil
}
