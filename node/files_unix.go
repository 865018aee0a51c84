//go:build unix

package node

import (
	"errors"
	"math"
	"syscall"
)

// maxFiles returns how many files the process may open. The Go runtime has raised the soft limit to the hard one.
func maxFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxInt32
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}

// outOfFiles reports whether err means that too many files are open, so that closing one helps.
func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}
