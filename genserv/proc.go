package genserv

import (
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Proc is what a server needs of the world it runs in. Its methods may be called from any goroutine. Client, OpSpawn
// and OpReceive wait; everything else returns soon.
type Proc interface {
	// Self returns the pid of the process.
	Self() etf.Pid
	// Send sends msg to a pid, to a registered name of this node (an etf.Atom), to {Name, Node} or to an alias (an
	// etf.Ref). That nobody is there is no error for a pid, {Name, Node} and an alias. An error that wraps an
	// *etf.EncodeError means that msg is no term; every other error is taken for a message that got lost.
	Send(to, msg etf.Term) error
	// Signal does one of the other things that a process may ask its node for. See Op for what it takes and answers.
	Signal(s Signal) (etf.Term, error)
	// After sends msg to a process after d, as erlang:send_after/3. stop cancels that; it reports whether it was in time.
	// Timers of a process go off
	// in the order of their times, also after its end; one towards a process that has ended does nothing.
	After(d time.Duration, to, msg etf.Term) (stop func() bool)
	// Client returns what makes requests for the process.
	Client() Client
	// Log returns where the process reports; nil means nowhere.
	Log() *slog.Logger
}

// Replier is a Proc that can spare the tuple of a reply.
type Replier interface {
	// Reply is Send of the tuple {tag, reply}.
	Reply(to, tag, reply etf.Term) error
}

// Signal is a request of a process to its node. Which fields count depends on Op.
type Signal struct {
	Op     Op
	To     etf.Term // a pid, a registered name (an etf.Atom), or {Name, Node}
	Ref    etf.Ref
	Reason etf.Term
	On     bool
	Child  *Child
	Match  func(msg etf.Term) bool
	Wait   time.Duration
}

// Op says what a Signal asks for, in the words of the functions of the module erlang.
type Op uint8

const (
	// OpLink is link(To). A process that does not exist, or cannot be reached, answers with an exit signal, not an error.
	OpLink Op = iota + 1
	// OpUnlink is unlink(To). When it has returned, no exit signal from To follows.
	OpUnlink
	// OpMonitor is monitor(process, To) and answers the reference. A DOWN for what does not exist follows at once. If On
	// is set, the reference is an alias too until it is demonitored or DOWN comes: monitor(process, To, [{alias,
	// demonitor}]).
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
	// OpReceive is receive ... after Wait: it takes the first message that Match takes out of the mailbox and answers
	// it; nil if none came in time. It fails if the process has ended.
	OpReceive
	// OpRegisteredName answers the name of the process To, a pid of this node, or [] if it has none; undefined if it has
	// ended. process_info(To, registered_name).
	OpRegisteredName
	// OpForget ends what the process has begun, as its own end would: its timers, monitors and aliases, and its links
	// but for that to its parent; whoever else is linked to it gets an exit signal with Reason.
	OpForget
	// OpIsAlive is is_process_alive(To), To being a pid of this node, and answers true or false.
	OpIsAlive
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
