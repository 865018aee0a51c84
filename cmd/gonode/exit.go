package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/tlsdist"
)

// The exit codes of the command. They are part of its interface: scripts may rely on them.
const (
	exitOK        = 0
	exitFailure   = 1 // anything not listed below
	exitUsage     = 2 // the command line or an environment variable is wrong
	exitConnect   = 3 // the node, or a port mapper, cannot be reached, or the connection was lost
	exitHandshake = 4 // the node was reached and refused us, or we refused it
	exitTimeout   = 5 // no connection or no answer in time
	exitRemote    = 6 // the remote process does not exist or ended without an answer
)

// usageError is a command line that cannot be run.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode maps the error of a verb to the exit code of the command. A time-out takes precedence over the error that it
// caused.
func exitCode(err error) int {
	var (
		handshake *dist.HandshakeError
		insecure  *tlsdist.HandshakeError
		connect   *node.ConnectError
		protocol  *epmd.ProtocolError
		exit      *genserv.Exit
		walk      *examineError
		ended     *node.EndError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &ended): // whatever other errors it contains
		return exitFailure
	case isUsage(err):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitFailure
	case isTimeout(err):
		return exitTimeout
	case errors.As(err, &handshake), errors.As(err, &insecure):
		return exitHandshake
	case errors.As(err, &connect), errors.As(err, &walk), errors.Is(err, genserv.ErrNoConnection),
		errors.Is(err, epmd.ErrUnavailable), errors.As(err, &protocol):
		return exitConnect
	case errors.Is(err, genserv.ErrNoProc), errors.As(err, &exit):
		return exitRemote
	}
	return exitFailure
}

func isUsage(err error) bool {
	var (
		usage  usageError
		config *node.ConfigError
		env    *epmd.EnvError
		option *tlsdist.OptionError
		file   *tlsdist.FileError
	)
	return errors.As(err, &option) || errors.As(err, &file) || errors.As(err, &usage) || errors.As(err, &config) ||
		errors.As(err, &env)
}

func isTimeout(err error) bool {
	var (
		handshake *dist.HandshakeError
		insecure  *tlsdist.HandshakeError
	)
	return errors.As(err, &insecure) && insecure.Timeout() || errors.Is(err, genserv.ErrTimeout) ||
		errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &handshake) && handshake.Timeout()
}
