package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// ErrStopped is the error of every use of a node that has been stopped or is stopping.
var ErrStopped = errors.New("node: the node is stopped")

// ErrTooManyProcesses is the error of a spawn when 2^28 processes are alive, the most that pids can tell apart
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

// inTime returns the text of err. The error of a context that has ended is put in words.
func inTime(err error) string {
	switch err {
	case context.DeadlineExceeded:
		return "not within the time given"
	case context.Canceled:
		return "the wait for it was called off"
	}
	return err.Error()
}

// waitError says that something did not happen before a context ended. It matches the cause of the context.
type waitError struct {
	what  string // what was waited for
	cause error
}

func (e *waitError) Error() string { return "node: " + e.what + ": " + inTime(e.cause) }

func (e *waitError) Unwrap() error { return e.cause }

// ErrBadArgument is Erlang's badarg: an argument that a function does not take. As the error of a Function, or of the
// start function of a supervisor, it becomes the reason badarg (genserv.ExitReason).
var ErrBadArgument = kernel.ErrBadArgument

// NameTakenError says that a name is registered already on this node. It is an error of genserv.Process.Register and
// matches ErrBadArgument, as erlang:register/2 fails with badarg. A spawn under such a name fails with
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

// ExitReason returns badarg, for genserv.ExitReason.
func (e *NameTakenError) ExitReason() etf.Term { return etf.Atom("badarg") }

// InvalidNameError is a name that no process can have: it is not valid UTF-8, has more than 255 characters, or is
// undefined. It is an error of genserv.Process.Register and of a spawn, and matches ErrBadArgument.
type InvalidNameError struct{ Name etf.Atom }

func (e *InvalidNameError) Error() string {
	return "node: no process can have the name " + etf.FormatMax(e.Name, maxNameText)
}

// Is matches ErrBadArgument.
func (e *InvalidNameError) Is(target error) bool { return target == ErrBadArgument }

// ExitReason returns badarg, for genserv.ExitReason.
func (e *InvalidNameError) ExitReason() etf.Term { return etf.Atom("badarg") }

// AlreadyRegisteredError says that a process has a name already and can have no second one. It is an error of
// genserv.Process.Register and matches ErrBadArgument, as erlang:register/2 fails with badarg.
type AlreadyRegisteredError struct {
	Pid  etf.Pid
	Name etf.Atom // the name that it has
}

func (e *AlreadyRegisteredError) Error() string {
	return fmt.Sprintf("node: the process %v is registered as %v already", e.Pid, e.Name)
}

// Is matches ErrBadArgument.
func (e *AlreadyRegisteredError) Is(target error) bool { return target == ErrBadArgument }

// ExitReason returns badarg, for genserv.ExitReason.
func (e *AlreadyRegisteredError) ExitReason() etf.Term { return etf.Atom("badarg") }

// NotRegisteredError says that no process of this node has a name. It is the error of genserv.Process.TrySend to such
// a name, and of Unregister. It matches ErrBadArgument, as erlang:send/2 and erlang:unregister/1 fail with badarg.
type NotRegisteredError struct{ Name etf.Atom }

func (e *NotRegisteredError) Error() string {
	return fmt.Sprintf("node: no process of this node is registered as %v", e.Name)
}

// Is matches ErrBadArgument.
func (e *NotRegisteredError) Is(target error) bool { return target == ErrBadArgument }

// ExitReason returns badarg, for genserv.ExitReason.
func (e *NotRegisteredError) ExitReason() etf.Term { return etf.Atom("badarg") }
