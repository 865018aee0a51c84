package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// ErrStopped is the error of every use of a node that has been stopped or is stopping.
var ErrStopped = errors.New("node: the node is stopped")

// ErrTooManyProcesses is the error of a spawn while as many processes are alive as pids can tell apart, 2^28
// (system_limit).
var ErrTooManyProcesses = errors.New("node: too many processes")

// ConnectError says that there is no connection with a node and at which step the attempt ended. The cause is in Err:
// epmd.ErrNotFound, epmd.ErrUnavailable, a *tlsdist.HandshakeError, a *dist.HandshakeError, a *net.OpError and so on.
type ConnectError struct {
	Node  etf.Atom
	Stage string // "name", "epmd", "dial", "tls", "handshake" or "wait"
	Err   error
}

func (e *ConnectError) Error() string {
	return fmt.Sprintf("node: no connection with %s (%s): %s", string(e.Node), e.Stage, inTime(e.Err))
}

func (e *ConnectError) Unwrap() error { return e.Err }

// inTime is the text of an error, in words if it is nothing but the end of a context.
func inTime(err error) string {
	switch err {
	case context.DeadlineExceeded:
		return "not within the time given"
	case context.Canceled:
		return "the wait for it was called off"
	}
	return err.Error()
}

// waitError is something that did not come about before a context ended. It matches the cause of that.
type waitError struct {
	what  string // that was waited for
	cause error
}

func (e *waitError) Error() string { return "node: " + e.what + ": " + inTime(e.cause) }

func (e *waitError) Unwrap() error { return e.cause }

// NameTakenError says that a name is registered already on this node: the error of genserv.Process.Register. It
// matches ErrBadArgument, for erlang:register/2 says badarg. A spawn under such a name fails with
// *genserv.AlreadyStarted instead.
type NameTakenError struct {
	Name etf.Atom
	Pid  etf.Pid // the holder
}

func (e *NameTakenError) Error() string {
	return fmt.Sprintf("node: the name %v is registered by %v", e.Name, e.Pid)
}

// Is matches ErrBadArgument.
func (e *NameTakenError) Is(target error) bool { return target == ErrBadArgument }

// NotRegisteredError says that no process of this node has a name: the error of genserv.Process.TrySend to such a name,
// and of Unregister. It matches ErrBadArgument, for Erlang says badarg (erlang:send/2, erlang:unregister/1).
type NotRegisteredError struct{ Name etf.Atom }

func (e *NotRegisteredError) Error() string {
	return fmt.Sprintf("node: no process of this node is registered as %v", e.Name)
}

// Is matches ErrBadArgument.
func (e *NotRegisteredError) Is(target error) bool { return target == ErrBadArgument }
