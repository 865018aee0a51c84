package genserv

import (
	"context"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Proc is what a server needs of the world it runs in. Its methods may be called from any goroutine, and all but Call
// return soon.
type Proc interface {
	// Self returns the pid of the process.
	Self() etf.Pid
	// Send sends msg to a pid, to a registered name of this node (an etf.Atom), to {Name, Node} or to an alias (an etf.Ref).
	// That nobody is there is no error for a pid, {Name, Node} and an alias. An error that wraps an *etf.EncodeError means
	// that msg is no term; every other error is taken for a message that got lost.
	Send(to, msg etf.Term) error
	// Signal does one of the other things that a process may ask its node for. See Op for what it takes and answers.
	Signal(s Signal) (etf.Term, error)
	// After sends msg to a process after d, as erlang:send_after/3. stop cancels that; it reports whether it was in time.
	// A timer towards a process that has ended does nothing.
	After(d time.Duration, to, msg etf.Term) (stop func() bool)
	// Call makes a gen_server:call and waits for the answer, or until ctx ends. Errors are those of CallError and
	// TimeoutError.
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
	// Log returns where the process reports; nil means nowhere.
	Log() *slog.Logger
}

// Signal is a request of a process to its node. Which fields count depends on Op.
type Signal struct {
	Op     Op
	To     etf.Term // a pid, a registered name (an etf.Atom), or {Name, Node}
	Ref    etf.Ref
	Reason etf.Term
	On     bool
	Child  *Child
}

// Op says what a Signal asks for, in the words of the functions of the module erlang.
type Op uint8

const (
	// OpLink is link(To). A process that does not exist, or cannot be reached, answers with an exit signal, not an error.
	OpLink Op = iota + 1
	// OpUnlink is unlink(To). When it has returned, no exit signal from To follows.
	OpUnlink
	// OpMonitor is monitor(process, To) and answers the reference. A DOWN for what does not exist follows at once.
	OpMonitor
	// OpDemonitor is demonitor(Ref, [flush]): when it has returned, no DOWN with Ref follows, and one that waits in the
	// mailbox is removed.
	OpDemonitor
	// OpTrapExit is process_flag(trap_exit, On) and answers the old value, true or false.
	OpTrapExit
	// OpExit is exit(To, Reason); To is a pid.
	OpExit
	// OpRegister is register(To, self()); To is an etf.Atom. It fails if the name is taken or the process has one.
	OpRegister
	// OpUnregister is unregister(To). It fails if no process has that name.
	OpUnregister
	// OpMakeRef is make_ref() and answers the reference.
	OpMakeRef
	// OpAlias is alias() and answers the reference.
	OpAlias
	// OpUnalias is unalias(Ref) and answers true if there was one.
	OpUnalias
	// OpSpawn starts Child as a gen_server, links it to this process if On is set, waits for its init and answers its pid.
	// Errors are those of StartError.
	OpSpawn
)

// Child is a server to be started.
type Child struct {
	Name   etf.Atom // registered name, or "" for none
	Module Module
	Args   etf.Term
}

// Timer is a message that waits to be sent.
type Timer struct{ stop func() bool }

// Cancel stops the timer. It reports whether it was in time; if not, the message is on its way or in the mailbox.
// erlang:cancel_timer/1.
func (t *Timer) Cancel() bool { return t.stop() }
