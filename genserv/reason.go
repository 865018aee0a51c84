package genserv

import "github.com/gonode-otp/gonode/etf"

// The exit reasons that OTP itself knows.
const (
	// Normal is the reason of a server that has done its work: Stop(genserv.Normal, state).
	Normal = etf.Atom("normal")
	// Shutdown is the reason with which a supervisor ends its children.
	Shutdown = etf.Atom("shutdown")
	// Killed is the reason that others see of a process that was ended by exit(Pid, kill).
	Killed = etf.Atom("killed")
)

// ShutdownBecause returns {shutdown, Why}: an orderly end that tells why.
func ShutdownBecause(why etf.Term) etf.Term { return etf.Tuple{Shutdown, orUndefined(why)} }

// IsOrderly tells whether reason is normal, shutdown or {shutdown, _}, with which a server may end without a report.
func IsOrderly(reason etf.Term) bool {
	switch r := reason.(type) {
	case etf.Atom:
		return r == Normal || r == Shutdown
	case etf.Tuple:
		return len(r) == 2 && etf.IsAtom(r[0], Shutdown)
	}
	return false
}

// Exit is the exit reason of a process, as an error: of the one that was called, or of the one that panics with it.
//
// Functions of this module return it as *Exit, possibly wrapped; errors.As gets it back:
//
//	var exit *genserv.Exit
//	if errors.As(err, &exit) { log.Print(exit.Reason) }
//
// errors.Is(err, &genserv.Exit{Reason: r}) asks for a certain reason. In a callback panic(&genserv.Exit{Reason: r}), or
// the same without the &, is erlang:exit(R).
type Exit struct{ Reason etf.Term }

// Error returns the reason in Erlang syntax.
func (e *Exit) Error() string { return "exit: " + etf.FormatMax(orUndefined(e.Reason), maxReasonText) }

// Is tells whether target is an *Exit with the same reason (=:=).
func (e *Exit) Is(target error) bool {
	t, ok := target.(*Exit)
	return ok && etf.Equal(orUndefined(e.Reason), orUndefined(t.Reason))
}

// maxReasonText bounds the text of an error: a reason may hold a whole state.
const maxReasonText = 1000

// orUndefined gives a Go nil, which is no term, the meaning that it has for etf.Marshal: the atom undefined.
func orUndefined(t etf.Term) etf.Term {
	if t == nil {
		return atomUndefined
	}
	return t
}

// The atoms of the contract that are sent again and again; as etf.Term they cost no allocation.
var (
	atomOk        etf.Term = etf.Atom("ok")
	atomError     etf.Term = etf.Atom("error")
	atomExit      etf.Term = etf.Atom("exit")
	atomTimeout   etf.Term = etf.Atom("timeout")
	atomUndefined etf.Term = etf.Atom("undefined")
	atomGenServer etf.Term = etf.Atom("gen_server")
)
