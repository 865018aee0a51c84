package genserv

import (
	"log/slog"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Process is the process in which callbacks run: every callback gets it. Self, Send, Reply, SendAfter, Call, Exit and
// Logger may be used from any goroutine, also while no callback runs; the rest belongs to the callbacks.
type Process struct {
	proc Proc
	name etf.Term // registered name, or nil
	kept *queue   // of the loop

	dictMu sync.Mutex // others look at it by process_info
	dict   dictionary
}

// Self returns the pid of the process. erlang:self/0.
func (p *Process) Self() etf.Pid { return p.proc.Self() }

// Send sends msg to a pid, to a registered name of this node (an etf.Atom), to {Name, Node} (an etf.Tuple) or to an
// alias (an etf.Ref). Messages to one process arrive in the order in which they were sent. A message to a pid or to
// another node that reaches nobody is lost without an error; an unknown name of this node and a message that is no
// term are errors. The operator ! of Erlang.
func (p *Process) Send(to, msg etf.Term) error { return p.proc.Send(to, orUndefined(msg)) }

// Reply answers a call, from anywhere and at any time; HandleCall returned NoReply for it. The caller may have gone, or
// have given up: then the reply is lost without an error. gen_server:reply/2.
func (p *Process) Reply(from From, reply etf.Term) error {
	to := from.Destination()
	if to == nil {
		return ErrBadFrom
	}
	if r, ok := p.proc.(Replier); ok {
		return r.Reply(to, orUndefined(from.Tag), orUndefined(reply))
	}
	return p.proc.Send(to, etf.Tuple{orUndefined(from.Tag), orUndefined(reply)})
}

// SendAfter sends msg to a process after d. erlang:send_after/3.
func (p *Process) SendAfter(d time.Duration, to, msg etf.Term) *Timer {
	return &Timer{stop: p.proc.After(d, to, orUndefined(msg))}
}

// Monitor watches a pid, a registered name of this node or {Name, Node}. When it is gone, HandleInfo gets
// {'DOWN', Ref, process, Object, Reason} once; at once with noproc if there was nobody. erlang:monitor/2.
func (p *Process) Monitor(to etf.Term) (etf.Ref, error) {
	return p.refSignal(Signal{Op: OpMonitor, To: to})
}

// Demonitor ends the watching. No DOWN with ref is seen afterwards, not even one that had arrived already.
// erlang:demonitor/2 with [flush].
func (p *Process) Demonitor(ref etf.Ref) {
	_, _ = p.proc.Signal(Signal{Op: OpDemonitor, Ref: ref})
	p.kept.remove(func(msg etf.Term) bool { return isDown(msg, ref) })
}

// isDown knows {'DOWN', Ref, process, Object, Reason}.
func isDown(msg etf.Term, ref etf.Ref) bool {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 5 || !isAtom(t[0], "DOWN") {
		return false
	}
	r, ok := t[1].(etf.Ref)
	return ok && r == ref
}

// Link ties the two processes together: if one ends for another reason than normal, so does the other, unless it traps
// exits. erlang:link/1.
func (p *Process) Link(pid etf.Pid) error { return p.signal(Signal{Op: OpLink, To: pid}) }

// Unlink undoes Link. erlang:unlink/1.
func (p *Process) Unlink(pid etf.Pid) error { return p.signal(Signal{Op: OpUnlink, To: pid}) }

// TrapExit with true makes exit signals arrive as messages {'EXIT', Pid, Reason} in HandleInfo; that of the parent
// ends the server by way of Terminate. With false, the initial state, they end the process at once.
// process_flag(trap_exit, On).
func (p *Process) TrapExit(on bool) {
	_, _ = p.proc.Signal(Signal{Op: OpTrapExit, On: on})
}

// Exit sends an exit signal to a process. The reason kill cannot be trapped. erlang:exit/2. A callback that wants to
// end its own process returns Stop, or panics with an Exit.
func (p *Process) Exit(pid etf.Pid, reason etf.Term) error {
	return p.signal(Signal{Op: OpExit, To: pid, Reason: orUndefined(reason)})
}

// Register gives the process a name on this node. It fails if the name is taken, on
// a node with a *node.NameTakenError, or if the process has one. erlang:register/2.
func (p *Process) Register(name etf.Atom) error { return p.signal(Signal{Op: OpRegister, To: name}) }

// Unregister takes the name away from whoever has it. erlang:unregister/1.
func (p *Process) Unregister(name etf.Atom) error {
	return p.signal(Signal{Op: OpUnregister, To: name})
}

// MakeRef returns a new reference. erlang:make_ref/0.
func (p *Process) MakeRef() (etf.Ref, error) { return p.refSignal(Signal{Op: OpMakeRef}) }

// Alias returns a reference that messages can be sent to as to the pid, until Unalias. erlang:alias/0.
func (p *Process) Alias() (etf.Ref, error) { return p.refSignal(Signal{Op: OpAlias}) }

// Unalias ends an alias; messages that are sent to it later are dropped. erlang:unalias/1.
func (p *Process) Unalias(ref etf.Ref) error { return p.signal(Signal{Op: OpUnalias, Ref: ref}) }

// Spawn starts another server and returns its pid after its Init. Its parent is itself: gen_server:start.
func (p *Process) Spawn(child Child) (etf.Pid, error) { return p.spawn(child, false) }

// SpawnLink starts another server that is linked to this one, its parent: gen_server:start_link.
func (p *Process) SpawnLink(child Child) (etf.Pid, error) { return p.spawn(child, true) }

func (p *Process) spawn(child Child, link bool) (etf.Pid, error) {
	t, err := p.proc.Signal(Signal{Op: OpSpawn, Child: &child, On: link})
	pid, _ := t.(etf.Pid)
	return pid, err
}

// Name returns the name that the process was started under: an etf.Atom for a registered one; nil for a process
// without.
func (p *Process) Name() etf.Term { return p.name }

// IsAlive tells whether a process of this node has not ended. erlang:is_process_alive/1.
func (p *Process) IsAlive(pid etf.Pid) bool {
	t, err := p.proc.Signal(Signal{Op: OpIsAlive, To: pid})
	return err == nil && isAtom(t, "true")
}

// Receive takes the first message that match takes out of the mailbox, and waits for it for at most d; 0 only looks,
// Infinity waits for ever. All other messages stay where they are, in order, for the callbacks. ok is false if none
// came in time, or if the process was ended meanwhile. Only a callback may call it. receive ... after d.
func (p *Process) Receive(d time.Duration, match func(msg etf.Term) bool) (msg etf.Term, ok bool) {
	if msg := p.kept.takeFirst(match); msg != nil {
		return msg, true
	}
	msg, err := p.proc.Signal(Signal{Op: OpReceive, Match: match, Wait: d})
	return msg, err == nil && msg != nil
}

// Logger returns the logger of the node with the process named in its records; it is never nil.
func (p *Process) Logger() *slog.Logger {
	if log := p.proc.Log(); log != nil {
		return log
	}
	return silent
}

var silent = slog.New(slog.DiscardHandler)

func (p *Process) signal(s Signal) error {
	_, err := p.proc.Signal(s)
	return err
}

func (p *Process) refSignal(s Signal) (etf.Ref, error) {
	t, err := p.proc.Signal(s)
	ref, _ := t.(etf.Ref)
	return ref, err
}
