package dist

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls here are on sockets that never block, so the scheduler need not hear of them. An ordinary system
// call of a program that was idle wakes the monitor thread of the runtime, which costs two more and some 10 µs of
// another processor (docs/adr/0006). Larger transfers are ordinary ones, since they take time; reads are cut there,
// for the rest can be read afterwards.
const rawBytes = 256 << 10

// iovecs is room for the buffers of one writev.
type iovecs [32]unix.Iovec

// readSome reads what is there into b and, if that is not too large, what follows into behind.
func readSome(fd int, b, behind []byte, io *iovecs) (n int, err error) {
	if len(b) == 0 {
		return unix.Read(fd, b)
	}
	if len(behind) > 0 && len(b)+len(behind) <= rawBytes {
		io[0].Base, io[1].Base = &b[0], &behind[0]
		io[0].SetLen(len(b))
		io[1].SetLen(len(behind))
		r, _, errno := unix.RawSyscall(unix.SYS_READV, uintptr(fd), uintptr(unsafe.Pointer(io)), 2)
		clear(io[:2])
		return result(r, errno)
	}
	b = b[:min(len(b), rawBytes)]
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return result(r, errno)
}

// writeSome writes several buffers in one system call. None of them may be empty. tried is the number of bytes that it
// has passed to the system call.
func writeSome(fd int, bufs net.Buffers, io *iovecs) (n, tried int, err error) {
	bufs = bufs[:min(len(bufs), len(io))]
	for i := range bufs {
		io[i].Base = &bufs[i][0]
		io[i].SetLen(len(bufs[i]))
		tried += len(bufs[i])
	}
	call := unix.RawSyscall
	if tried > rawBytes {
		call = unix.Syscall
	}
	var r uintptr
	var errno syscall.Errno
	if len(bufs) == 1 {
		r, _, errno = call(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&bufs[0][0])), uintptr(tried))
	} else {
		r, _, errno = call(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(io)), uintptr(len(bufs)))
	}
	clear(io[:len(bufs)])
	n, err = result(r, errno)
	return n, tried, err
}

func result(r uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// wakeMonitor makes the monitor thread of the runtime check its timers, if it sleeps, by an ordinary system call whose
// result does not matter.
func wakeMonitor() { _, _, _ = unix.Syscall(unix.SYS_GETPID, 0, 0, 0) }

// letOthersRun yields the processor to other threads. sched_yield(2) always succeeds.
func letOthersRun() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
