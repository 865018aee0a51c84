//go:build unix

package node

import "syscall"

// granted reports whether the operating system gives n bytes more of address space. The runtime, which does not survive a
// refusal, asks for them in the same way.
func granted(n int) bool {
	if n <= 0 {
		return false
	}
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return false
	}
	return syscall.Munmap(b) == nil
}
