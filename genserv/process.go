package genserv

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Process is the process in which callbacks run: every callback gets it. Self, Send, Reply, SendAfter, Call, Exit,
// Context and Logger may be used from any goroutine, also while no callback runs; the rest belongs to the callbacks.
type Process struct {
	proc driver.Proc
	name etf.Term // registered name, or nil
	kept *queue   // of the loop

	dictMu sync.Mutex // others look at it by process_info
	dict   dictionary
}

// Self returns the pid of the process. erlang:self/0.
func (p *Process) Self() etf.Pid { return p.proc.Self() }

// Send sends msg to a pid, to a registered name of this node (an etf.Atom), to {Name, Node} (an etf.Tuple), to an alias
// (an etf.Ref) or to {global, Name}, for which a connected node is asked first, as global:send/2 does. Messages to one
// process arrive in the order in which they were sent. A message that reaches nobody is lost, as in Erlang. The
// operator ! of Erlang.
//
// What was sent must not be changed afterwards. A list in the state that was sent may be appended to, though, for
// append never changes the elements that are there, as long as only one list grows out of it.
//
// Some mistakes of the caller are logged by the logger of the process, and TrySend returns them: an unknown name of
// this node and a bad destination, for which Erlang raises badarg, and a message that is no term, which Erlang does not
// have.
func (p *Process) Send(to, msg etf.Term) {
	if err := p.TrySend(to, msg); err != nil {
		p.logNotSent("message not sent", to, err)
	}
}

// TrySend is Send that returns why the message cannot be sent: an error that wraps an *etf.EncodeError if it is no
// term. It is no error that nobody gets the message. With Priority, an alias that was made with Priority gets a
// priority message. erlang:send/3.
func (p *Process) TrySend(to, msg etf.Term, options ...SignalOption) error {
	if hasPriority(options) {
		return p.proc.SendPriority(to, orUndefined(msg))
	}
	return p.proc.Send(to, orUndefined(msg))
}

// Reply answers a call, from anywhere and at any time; HandleCall returned NoReply for it. The caller may have gone, or
// have given up: then the reply is lost. gen_server:reply/2.
//
// A reply that is no term is a mistake: the caller gets {error, {bad_reply, Text}} and the logger of the process logs
// the error, which TryReply returns.
func (p *Process) Reply(from From, reply etf.Term) {
	err := p.TryReply(from, reply)
	if err == nil {
		return
	}
	p.logNotSent("reply not sent", from.Term(), err)
	p.replyNoTerm(from, err)
}

// TryReply is Reply that returns why the reply cannot be sent: ErrBadFrom, or an error that wraps an *etf.EncodeError
// if it is no term; the caller then goes on waiting. It is no error that nobody gets the reply.
func (p *Process) TryReply(from From, reply etf.Term) error {
	to := from.Destination()
	if to == nil {
		return ErrBadFrom
	}
	return p.proc.Reply(to, orUndefined(from.Tag), orUndefined(reply))
}

// logNotSent logs a message that could not be sent.
func (p *Process) logNotSent(what string, to etf.Term, err error) {
	p.Logger().LogAttrs(context.Background(), slog.LevelError, what, logTerm("to", to), slog.Any("error", err))
}

// SendAfter sends msg to a process after d. erlang:send_after/3.
func (p *Process) SendAfter(d time.Duration, to, msg etf.Term) *Timer {
	return &Timer{stop: p.proc.After(d, to, orUndefined(msg))}
}

// Monitor watches a pid, a registered name of this node, {Name, Node} or the process that {global, Name} is now. When
// it is gone, HandleInfo gets {'DOWN', Ref, process, Object, Reason} once; at once with noproc if there was nobody. If
// nobody has the global name, the error is ErrNoProc. erlang:monitor/2.
//
// With Priority, DOWN is a priority message. erlang:monitor/3.
func (p *Process) Monitor(to etf.Term, options ...SignalOption) (etf.Ref, error) {
	return p.proc.Monitor(to, driver.MonitorOptions{Priority: hasPriority(options)})
}

// Demonitor ends the watching. No DOWN with ref is seen afterwards, not even one that had arrived already.
// erlang:demonitor/2 with [flush].
func (p *Process) Demonitor(ref etf.Ref) {
	p.proc.Demonitor(ref)
	p.kept.remove(func(msg etf.Term) bool { return isDown(msg, ref) })
}

// isDown knows {'DOWN', Ref, process, Object, Reason}.
func isDown(msg etf.Term, ref etf.Ref) bool {
	down, ok := AsDown(msg)
	return ok && down.Ref == ref
}

// Link ties the two processes together: if one ends for another reason than normal, so does the other, unless it traps
// exits. erlang:link/1. With Priority, a process that traps exits gets the exit signal as a priority message; for a
// link that exists already, the options of the last Link count. erlang:link/2.
func (p *Process) Link(pid etf.Pid, options ...SignalOption) { p.proc.Link(pid, hasPriority(options)) }

// Unlink undoes Link. erlang:unlink/1.
func (p *Process) Unlink(pid etf.Pid) { p.proc.Unlink(pid) }

// TrapExit with true makes exit signals arrive as messages {'EXIT', Pid, Reason} in HandleInfo; that of the parent
// ends the server by way of Terminate. With false, the initial state, they end the process at once.
// It returns the old value. process_flag(trap_exit, On).
func (p *Process) TrapExit(on bool) (old bool) { return p.proc.TrapExit(on) }

// Exit sends an exit signal to a process, by its pid or, since OTP 28, by an alias. The reason kill cannot be trapped.
// With Priority, one that traps exits gets it as a priority message, if to is an alias made with Priority. A signal to
// anything else is lost. erlang:exit/2,3. A callback that wants to end its own process returns Stop, or panics with an
// Exit.
func (p *Process) Exit(to, reason etf.Term, options ...SignalOption) {
	p.proc.Exit(to, orUndefined(reason), hasPriority(options))
}

// Register gives the process a name on this node. It fails if the name is taken, on a node with a *node.NameTakenError,
// or if the process has one. erlang:register/2.
func (p *Process) Register(name etf.Atom) error { return p.proc.Register(name) }

// Unregister takes the name away from whoever has it. erlang:unregister/1.
func (p *Process) Unregister(name etf.Atom) error { return p.proc.Unregister(name) }

// MakeRef returns a new reference. erlang:make_ref/0.
func (p *Process) MakeRef() (etf.Ref, error) { return p.proc.MakeRef() }

// Alias returns a reference that messages can be sent to as to the pid, until Unalias. erlang:alias/0. With Priority,
// it takes priority messages. erlang:alias/1.
func (p *Process) Alias(options ...SignalOption) (etf.Ref, error) {
	return p.proc.Alias(hasPriority(options))
}

// Unalias ends an alias; messages that are sent to it later are dropped. It reports whether ref was an alias of the
// process. erlang:unalias/1.
func (p *Process) Unalias(ref etf.Ref) bool { return p.proc.Unalias(ref) }

// Spawn starts another server and returns its pid after its Init. Its parent is itself: gen_server:start.
func (p *Process) Spawn(child Child) (etf.Pid, error) { return p.spawn(child, false) }

// SpawnLink starts another server that is linked to this one, its parent: gen_server:start_link.
func (p *Process) SpawnLink(child Child) (etf.Pid, error) { return p.spawn(child, true) }

func (p *Process) spawn(child Child, link bool) (etf.Pid, error) {
	return p.proc.Spawn(child.Name, child.Module, child.Args, link)
}

// Name returns the name that the process was started under: an etf.Atom for a registered one; nil for a process
// without.
func (p *Process) Name() etf.Term { return p.name }

// IsAlive tells whether a process of this node has not ended. erlang:is_process_alive/1.
func (p *Process) IsAlive(pid etf.Pid) bool {
	_, alive := p.proc.NameOf(pid)
	return alive
}

// Receive takes the first message that match takes out of the mailbox, and waits for it for at most d; 0 only looks,
// Infinity waits for ever. All other messages stay where they are, in order, for the callbacks. ok is false if none
// came in time, or if the process was ended meanwhile. Only a callback may call it. receive ... after d.
func (p *Process) Receive(d time.Duration, match func(msg etf.Term) bool) (msg etf.Term, ok bool) {
	if msg := p.kept.takeFirst(match); msg != nil {
		return msg, true
	}
	msg, err := p.proc.Receive(d, match)
	return msg, err == nil && msg != nil
}

// Context returns a context that ends when the process ends, or is killed while a callback runs. Take it as the parent
// of the contexts of calls and of other work that nobody needs after the process. It costs nothing until it is asked
// for. Nothing in OTP corresponds to it.
func (p *Process) Context() context.Context { return p.proc.Context() }

// Logger returns the logger of the node with the process named in its records; it is never nil.
func (p *Process) Logger() *slog.Logger {
	if log := p.proc.Log(); log != nil {
		return log
	}
	return silent
}

var silent = slog.New(slog.DiscardHandler)

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
