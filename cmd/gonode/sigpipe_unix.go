//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreBrokenPipes keeps the program going when whoever read its standard error is gone: os.File tells an error then
// instead of ending the program by SIGPIPE.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }
