package epmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

var (
	// ErrNotFound says that the EPMD answered and does not know the name.
	ErrNotFound = errors.New("epmd: no such name")

	// ErrUnavailable says that no EPMD answers at an address. The error that matches it is an *UnavailableError.
	ErrUnavailable = errors.New("epmd: not reachable")

	// ErrInUse says that [Listen] found its port taken, most often because an EPMD runs already.
	ErrInUse = errors.New("epmd: the port is in use")
)

// UnavailableError says that no EPMD answers at Addr. errors.Is(err, ErrUnavailable) finds it, and what the network or
// the context said is found in it as well.
type UnavailableError struct {
	Addr string
	Err  error
}

// Error names the address, the cause and what to do about it.
func (e *UnavailableError) Error() string {
	why := e.Err.Error()
	if errors.Is(e.Err, context.DeadlineExceeded) {
		why = "not in time"
	}
	return fmt.Sprintf("epmd: no EPMD answers at %s: %s; %s", e.Addr, why, e.advice())
}

func (e *UnavailableError) advice() string {
	var dns *net.DNSError
	if errors.As(e.Err, &dns) {
		return "check the host part of the node name"
	}
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return "check that no firewall drops its port, and that what listens there is an EPMD"
	}
	return "start one there (epmd -daemon), use the embedded one, or check ERL_EPMD_PORT"
}

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Is matches ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ErrUnavailable }

// NameTakenError says that the EPMD at Addr refused to register Name. Port is where the holder of the name listens. It
// is 0 if the EPMD knows no holder; then the refusal had another reason, which the EPMD does not tell.
type NameTakenError struct {
	Name string
	Addr string
	Port uint16
}

// Error says who holds the name and what to do about it.
func (e *NameTakenError) Error() string {
	if e.Port == 0 {
		return fmt.Sprintf("epmd: the EPMD at %s refuses the name %q and names no holder; try again, or another name",
			e.Addr, e.Name)
	}
	return fmt.Sprintf("epmd: the name %q is taken at %s by a node that listens on port %d; stop that node or use "+
		"another name",
		e.Name, e.Addr, e.Port)
}

// NameError says that a name cannot be that of a node. Nothing was sent.
type NameError struct {
	Name   string
	Reason string
}

// Error says what is wrong with the name.
func (e *NameError) Error() string {
	return fmt.Sprintf("epmd: the name %q %s", shorten(e.Name), e.Reason)
}

func shorten(s string) string {
	if len(s) <= 80 {
		return s
	}
	return s[:80] + "..."
}

// ProtocolError says that the other end sent what no EPMD, or no client of one, sends.
type ProtocolError struct {
	Message string // such as PORT2_RESP
	Offset  int    // where in the message, in bytes
	Reason  string
}

// Error says what is wrong, and where.
func (e *ProtocolError) Error() string {
	return "epmd: " + e.Message + ", byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// EnvError says that an environment variable has a value that cannot be used.
type EnvError struct {
	Variable string
	Value    string
	Reason   string
}

// Error names the variable, its value and what is wrong with it.
func (e *EnvError) Error() string {
	return fmt.Sprintf("epmd: %s=%q: %s", e.Variable, shorten(e.Value), e.Reason)
}
