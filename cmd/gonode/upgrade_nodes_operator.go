package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// operator is the process of this command that holds the locks and monitors the nodes. When it ends, with the command
// or with the connection, the nodes release their locks.
type operator struct {
	pid    etf.Pid
	failed chan string // what ended first
}

// operatorState maps monitors to what they monitor.
type operatorState map[etf.Ref]watched

// watched is a process that is monitored.
type watched struct {
	peer etf.Term
	pid  etf.Term // nil for the node itself
}

// lockResource is the resource that is locked on an OTP node: global:set_lock({gonode_upgrade, Pid}).
const lockResource etf.Atom = "gonode_upgrade"

func (*operator) Init(*genserv.Process, etf.Term) genserv.InitResult[operatorState] {
	return genserv.Ok(operatorState{})
}

// HandleCall handles {watch, Node, [Pid]}, {forget, Node} and {ask, Server, Request}, which makes a call as the
// operator.
func (o *operator) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	s operatorState) genserv.Result[operatorState] {
	t := request.(etf.Tuple)
	switch t[0].(etf.Atom) {
	case "ask":
		ctx, cancel := context.WithTimeout(context.Background(), usualTimeout)
		defer cancel()
		answer, err := p.Call(ctx, t[1], t[2])
		if err != nil {
			return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())}, s)
		}
		return genserv.Reply(etf.Tuple{etf.Atom("ok"), answer}, s)
	case "watch":
		monitor := func(what etf.Term, w watched) {
			if ref, err := p.Monitor(what); err == nil {
				s[ref] = w
			}
		}
		monitor(etf.Tuple{etf.Atom("rex"), t[1]}, watched{peer: t[1]})
		for _, pid := range t[2].(etf.List) {
			monitor(pid, watched{t[1], pid})
		}
	case "forget":
		for ref, w := range s {
			if etf.Equal(w.peer, t[1]) {
				p.Demonitor(ref)
				delete(s, ref)
			}
		}
	}
	return genserv.Reply(etf.Atom("ok"), s)
}

// HandleInfo handles {'DOWN', Ref, process, Object, Reason}.
func (o *operator) HandleInfo(_ *genserv.Process, msg etf.Term, s operatorState) genserv.Result[operatorState] {
	t, _ := msg.(etf.Tuple)
	if len(t) != 5 {
		return genserv.NoReply(s)
	}
	ref, _ := t[1].(etf.Ref)
	w, known := s[ref]
	delete(s, ref)
	if !known || w.pid != nil && peaceful(t[4]) {
		return genserv.NoReply(s)
	}
	what := fmt.Sprintf("the connection to %v was lost", w.peer)
	if w.pid != nil && !etf.IsAtom(t[4], "noconnection") {
		what = fmt.Sprintf("%s of %v, which ran the new code, has ended: %s",
			etf.Format(w.pid), w.peer, etf.FormatMax(t[4], 200))
	}
	select {
	case o.failed <- what:
	default:
	}
	return genserv.NoReply(s)
}

// peaceful reports whether a reason is not an error. After such a reason a supervisor does not restart a transient
// child.
func peaceful(reason etf.Term) bool {
	if t, ok := reason.(etf.Tuple); ok && len(t) == 2 {
		reason = t[0]
	}
	return etf.IsAtom(reason, "normal") || etf.IsAtom(reason, "shutdown")
}

// whoami returns how an operator is shown to another one.
func whoami(self etf.Atom) string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return fmt.Sprintf("%s on %s (%s)", name, host, self)
}

// errNoLock is the error for a Go node that is older than the lock.
var errNoLock = errors.New("the node knows no lock: it is of an older gonode")

// locked calls do while it holds the lock of a node. A rehearsal needs no lock, and a node without locks is used
// without one.
func (u *upgrading) locked(ctx context.Context, do func() error) error {
	if u.flags.dryRun {
		return do()
	}
	o := &operator{failed: make(chan string, 1)}
	var err error
	if o.pid, err = u.n.Spawn(ctx, genserv.Child{Module: genserv.Of(o)}); err != nil {
		return err
	}
	m := &member{upgrading: u}
	err = m.lock(ctx, o)
	if errors.Is(err, errNoLock) {
		if _, fails := u.rpc(ctx, "release_handler", "which_releases"); fails == nil {
			m.otp = true
			err = m.lock(ctx, o)
		} else {
			err = nil // a node without a release handler reports that later
		}
	}
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), usualTimeout)
		defer cancel()
		m.unlock(ctx)
	}()
	return do()
}

// lock takes the lock of a node. The error names the present holder.
func (m *member) lock(ctx context.Context, o *operator) error {
	if m.otp {
		return m.lockGlobal(ctx, o)
	}
	answer, err := m.rpc(ctx, "gonode", "lock_upgrades", o.pid, etf.Binary(whoami(m.n.Name())))
	if undef(err) {
		return fmt.Errorf("%s: %w", m.peer, errNoLock)
	}
	if err != nil {
		return err
	}
	if !etf.IsAtom(answer, "ok") {
		who := answer
		if t, ok := answer.(etf.Tuple); ok && len(t) == 2 {
			if held, ok := t[1].(etf.Tuple); ok && len(held) == 3 {
				who = held[2]
			}
		}
		return &lockedError{m.peer, textOf(who)}
	}
	m.holder = o
	return nil
}

// textOf returns the text of a binary.
func textOf(t etf.Term) string {
	if text, ok := t.(etf.Binary); ok {
		return printable(string(text))
	}
	return inWords(t)
}

// lockGlobal does what global:set_lock({gonode_upgrade, Pid}, [Node], 0) does. The server monitors the caller.
func (m *member) lockGlobal(ctx context.Context, o *operator) error {
	answer, err := m.askGlobal(ctx, o, "set_lock")
	switch {
	case err != nil:
		return err
	case !etf.IsAtom(answer, "true"):
		return &lockedError{m.peer, m.globalHolder(ctx)}
	}
	m.holder = o
	return nil
}

func (m *member) askGlobal(ctx context.Context, o *operator, what etf.Atom) (etf.Term, error) {
	answer, err := m.n.Call(ctx, o.pid, etf.Tuple{etf.Atom("ask"), etf.Tuple{etf.Atom("global_name_server"), m.peer},
		etf.Tuple{what, etf.Tuple{lockResource, o.pid}}})
	if err != nil {
		return nil, err
	}
	t := answer.(etf.Tuple)
	if !etf.IsAtom(t[0], "ok") {
		return nil, fmt.Errorf("the lock of %s: %s", m.peer, textOf(t[1]))
	}
	return t[1], nil
}

// globalHolder returns the holder of the lock of an OTP node. It reads {Resource, Requester, [{Pid, Ref}]} from the
// table of global.
func (m *member) globalHolder(ctx context.Context) string {
	answer, err := m.rpc(ctx, "ets", "lookup", etf.Atom("global_locks"), lockResource)
	list, _ := answer.(etf.List)
	if err == nil && len(list) == 1 {
		if t, ok := list[0].(etf.Tuple); ok && len(t) == 3 {
			if pid, ok := t[1].(etf.Pid); ok {
				return string(pid.Node)
			}
		}
	}
	return "another operator"
}

// unlock releases the lock. The node releases it by itself when the connection ends.
func (m *member) unlock(ctx context.Context) {
	if m.holder == nil {
		return
	}
	if m.otp {
		_, _ = m.askGlobal(ctx, m.holder, "del_lock")
	} else {
		_, _ = m.rpc(ctx, "gonode", "unlock_upgrades", m.holder.pid)
	}
	m.holder = nil
}

// lockedError means that another operator has locked the node.
type lockedError struct {
	peer etf.Atom
	who  string
}

func (e *lockedError) Error() string { return fmt.Sprintf("%s is being upgraded by %s", e.peer, e.who) }
