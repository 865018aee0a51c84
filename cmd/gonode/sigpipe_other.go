//go:build !unix

package main

// ignoreBrokenPipes does nothing on systems without SIGPIPE.
func ignoreBrokenPipes() {}
