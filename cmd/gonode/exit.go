package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// The exit codes of the command. They are part of its interface: scripts may rely on them.
const (
	exitOK        = 0
	exitFailure   = 1 // anything not listed below
	exitUsage     = 2 // the command line is wrong
	exitConnect   = 3 // the node cannot be reached
	exitHandshake = 4 // the node was reached and refused us, or we refused it
	exitTimeout   = 5 // no answer in time
	exitRemote    = 6 // the remote process does not exist or ended without an answer
)

// usageError is a command line that cannot be run.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode maps the error of a verb to the exit code of the command.
func exitCode(err error) int {
	var (
		usage     usageError
		config    *node.ConfigError
		handshake *dist.HandshakeError
		connect   *node.ConnectError
		port      connectError
		exit      *genserv.Exit
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &config):
		return exitUsage
	case errors.As(err, &handshake):
		return exitHandshake
	case errors.Is(err, genserv.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case errors.As(err, &connect), errors.As(err, &port), errors.Is(err, genserv.ErrNoConnection):
		return exitConnect
	case errors.Is(err, genserv.ErrNoProc), errors.As(err, &exit):
		return exitRemote
	}
	return exitFailure
}

// connectError is an EPMD or node that cannot be reached.
type connectError struct{ err error }

func (e connectError) Error() string { return e.err.Error() }
func (e connectError) Unwrap() error { return e.err }
