//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreBrokenPipes keeps the program running when the reader of its standard error is gone. os.File then returns an
// error, and SIGPIPE does not end the program.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }
