package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// DefaultScope is the scope of pg:get_members/1 and the other functions of OTP that are given none.
const DefaultScope etf.Atom = "pg"

// ErrNotJoined says that none of the processes was in the group. not_joined of pg:leave/3.
var ErrNotJoined = errors.New("pg: not joined")

// NotLocalError says that a process is to join or leave a group on a node that is not its own. {nolocal, Pid} of pg.
type NotLocalError struct{ Pid etf.Pid }

func (e *NotLocalError) Error() string {
	return fmt.Sprintf("pg: %s is a process of %s: it joins and leaves groups there", etf.Format(e.Pid), e.Pid.Node)
}

// Scope is one overlay network of process groups on this node. Its methods may be used by all goroutines.
type Scope struct {
	name  etf.Atom
	node  *node.Node
	table table
}

// New returns a scope of the node. Nothing runs yet: the server of the scope is Child, which a supervisor starts, or
// Start. A node has one server a name, so one Scope.
func New(n *node.Node, name etf.Atom) *Scope { return &Scope{name: name, node: n} }

// Start starts the server of a scope outside of a supervision tree. ctx bounds the start. The error is that of
// node.Spawn. pg:start/1.
func Start(ctx context.Context, n *node.Node, name etf.Atom) (*Scope, error) {
	s := New(n, name)
	if _, err := n.Spawn(ctx, s.Child()); err != nil {
		return nil, err
	}
	return s, nil
}

// Child is the server of the scope, registered under the name of the scope, for a supervisor. pg:start_link/1.
func (s *Scope) Child() genserv.Child {
	return genserv.Child{Name: s.name, Module: genserv.Of(server{s})}
}

// Name returns the name of the scope.
func (s *Scope) Name() etf.Atom { return s.name }

// Join puts processes of this node into a group, each as often as it is named. A process that ends has left all its
// groups. The error is a *NotLocalError if a process is of another node, and nobody has joined then; else it is that of
// node.Call. pg:join/3.
func (s *Scope) Join(ctx context.Context, group etf.Term, who ...etf.Pid) error {
	if err := s.checkLocal(who); err != nil {
		return err
	}
	_, err := s.node.Call(ctx, s.name, etf.Tagged("join_local", group, pidList(who)))
	return err
}

// Leave takes processes of this node out of a group, each as often as it is named. The error is ErrNotJoined if none of
// them was in it, or that of Join. pg:leave/3.
func (s *Scope) Leave(ctx context.Context, group etf.Term, who ...etf.Pid) error {
	if err := s.checkLocal(who); err != nil {
		return err
	}
	reply, err := s.node.Call(ctx, s.name, etf.Tagged("leave_local", group, pidList(who)))
	if err == nil && etf.IsAtom(reply, "not_joined") {
		return ErrNotJoined
	}
	return err
}

func (s *Scope) checkLocal(who []etf.Pid) error {
	for _, pid := range who {
		if pid.Node != s.node.Name() {
			return &NotLocalError{pid}
		}
	}
	return nil
}

// Members returns the processes in a group, of all nodes, in no order; one that has joined twice is there twice.
// pg:get_members/2.
func (s *Scope) Members(group etf.Term) []etf.Pid { return s.table.members(group) }

// LocalMembers returns the processes of this node in a group. pg:get_local_members/2.
func (s *Scope) LocalMembers(group etf.Term) []etf.Pid { return s.table.localMembers(group) }

// WhichGroups returns the groups that have members, in no order. pg:which_groups/1.
func (s *Scope) WhichGroups() []etf.Term { return s.table.names(false) }

// WhichLocalGroups returns the groups that have members on this node. pg:which_local_groups/1.
func (s *Scope) WhichLocalGroups() []etf.Term { return s.table.names(true) }

// Monitor makes the process p learn who joins and leaves a group from now on, and returns who is in it now. It learns
// it by messages {Ref, join, Group, Pids} and {Ref, leave, Group, Pids}, which AsEvent takes apart, until Demonitor or
// until the server of the scope ends. It is called by callbacks of p. The error is that of Process.Call.
// pg:monitor/2.
func (s *Scope) Monitor(ctx context.Context, p *genserv.Process, group etf.Term) (etf.Ref, []etf.Pid, error) {
	reply, err := p.Call(ctx, s.name, etf.Tagged("monitor", group))
	if err != nil {
		return etf.Ref{}, nil, err
	}
	answer, _ := reply.(etf.Tuple)
	if len(answer) == 2 {
		ref, ok := answer[0].(etf.Ref)
		who, also := pids(answer[1])
		if ok && also {
			return ref, who, nil
		}
	}
	return etf.Ref{}, nil, &AnswerError{s.name, reply}
}

// MonitorScope is Monitor of all groups of the scope. pg:monitor_scope/1.
func (s *Scope) MonitorScope(ctx context.Context, p *genserv.Process) (etf.Ref, *etf.TermMap[[]etf.Pid], error) {
	reply, err := p.Call(ctx, s.name, etf.Atom("monitor"))
	if err != nil {
		return etf.Ref{}, nil, err
	}
	answer, _ := reply.(etf.Tuple)
	if len(answer) != 2 {
		return etf.Ref{}, nil, &AnswerError{s.name, reply}
	}
	ref, ok := answer[0].(etf.Ref)
	groups, also := mapped(answer[1])
	if !ok || !also {
		return etf.Ref{}, nil, &AnswerError{s.name, reply}
	}
	all := &etf.TermMap[[]etf.Pid]{}
	for _, g := range groups {
		all.Set(g.group, g.pids)
	}
	return ref, all, nil
}

// Demonitor ends a Monitor or MonitorScope of p. Messages of it that p has not handled yet are gone. ok is false if
// there was none with this reference. pg:demonitor/2.
func (s *Scope) Demonitor(ctx context.Context, p *genserv.Process, ref etf.Ref) (ok bool, err error) {
	reply, err := p.Call(ctx, s.name, etf.Tagged("demonitor", ref))
	if err != nil || !etf.IsAtom(reply, "ok") {
		return false, err
	}
	ours := func(msg etf.Term) bool { e, ok := AsEvent(msg); return ok && e.Ref == ref }
	for found := true; found; {
		_, found = p.Receive(0, ours)
	}
	return true, nil
}

// AnswerError says that the process with the name of the scope has answered what no scope answers.
type AnswerError struct {
	Scope  etf.Atom
	Answer etf.Term
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("pg: %s is no scope: it answered %s", e.Scope, etf.FormatMax(e.Answer, 200))
}
