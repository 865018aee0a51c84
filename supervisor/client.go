package supervisor

import (
	"context"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Caller makes a gen_server:call. *node.Node and *genserv.Process are Callers.
type Caller interface {
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
}

// Child is what WhichChildren tells of a child.
type Child struct {
	ID         etf.Term // the atom undefined for those of a SimpleOneForOne
	Pid        etf.Pid  // zero if it does not run
	Restarting bool     // it does not run because its restart has failed and is tried again
	Type       Type
	Modules    []etf.Atom // nil if they are not known: dynamic
	Restart    Restart    // of its child spec; "" from WhichChildren, which does not tell
}

// Counts is what CountChildren tells.
type Counts struct {
	Specs, Active, Supervisors, Workers int
}

// RequestError is a request that the supervisor refused: {error, Reason}, with the reasons of supervisor.erl such as
// not_found, running, restarting, already_present and {already_started, Pid}.
type RequestError struct {
	Request etf.Atom // start_child, terminate_child, restart_child or delete_child
	Reason  etf.Term
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("supervisor: %s: %s", string(e.Request), etf.FormatMax(e.Reason, 1000))
}

// StartChild starts another child. Its Start must be one that the supervisor knows: of a child spec of its Init, or
// given to Of. The zero pid means that the child said ignore. It waits until the child has started or ctx ends, in
// which case the child may start all the same.
//
// A refusal is a *RequestError; that there is no such supervisor is an error of genserv. supervisor:start_child/2.
func StartChild(ctx context.Context, c Caller, sup etf.Term, spec ChildSpec) (etf.Pid, error) {
	return start(ctx, c, sup, "start_child", spec.term())
}

// StartDynamic starts a child of a SimpleOneForOne with args behind those of its child spec. supervisor:start_child/2.
func StartDynamic(ctx context.Context, c Caller, sup etf.Term, args ...etf.Term) (etf.Pid, error) {
	return start(ctx, c, sup, "start_child", orNil(args))
}

// RestartChild starts a child again that does not run. supervisor:restart_child/2.
func RestartChild(ctx context.Context, c Caller, sup, id etf.Term) (etf.Pid, error) {
	return start(ctx, c, sup, "restart_child", id)
}

// TerminateChild ends a child and waits for its end. id is the pid for a SimpleOneForOne. supervisor:terminate_child/2.
func TerminateChild(ctx context.Context, c Caller, sup, id etf.Term) error {
	_, err := ask(ctx, c, sup, "terminate_child", id)
	return err
}

// DeleteChild forgets the child spec of a child that does not run. supervisor:delete_child/2.
func DeleteChild(ctx context.Context, c Caller, sup, id etf.Term) error {
	_, err := ask(ctx, c, sup, "delete_child", id)
	return err
}

func start(ctx context.Context, c Caller, sup etf.Term, request etf.Atom, arg etf.Term) (etf.Pid, error) {
	answer, err := ask(ctx, c, sup, request, arg)
	if err != nil {
		return etf.Pid{}, err
	}
	if t, ok := answer.(etf.Tuple); ok && len(t) >= 2 && etf.IsAtom(t[0], "ok") {
		pid, started := t[1].(etf.Pid)
		if started || etf.IsAtom(t[1], "undefined") {
			return pid, nil
		}
	}
	return etf.Pid{}, &AnswerError{Sup: sup, Answer: answer}
}

// ask returns the answer to a request, unless it is {error, Reason}.
func ask(ctx context.Context, c Caller, sup etf.Term, request etf.Atom, arg etf.Term) (etf.Term, error) {
	answer, err := c.Call(genserv.WithInfinity(ctx), sup, pair(request, arg))
	if err != nil {
		return nil, err
	}
	if t, ok := etf.AsTuple(answer, "error", 2); ok {
		return nil, &RequestError{Request: request, Reason: t[1]}
	}
	return answer, nil
}

// AnswerError is an answer that no supervisor gives.
type AnswerError struct{ Sup, Answer etf.Term }

func (e *AnswerError) Error() string {
	return fmt.Sprintf("supervisor: %s is no supervisor: it answered %s", etf.Format(e.Sup), etf.FormatMax(e.Answer, 1000))
}

// WhichChildren lists the children of a supervisor, the one that was started last first. supervisor:which_children/1.
func WhichChildren(ctx context.Context, c Caller, sup etf.Term) ([]Child, error) {
	answer, err := c.Call(genserv.WithInfinity(ctx), sup, etf.Atom("which_children"))
	if err != nil {
		return nil, err
	}
	list, ok := answer.(etf.List)
	children := make([]Child, len(list))
	for i, t := range list {
		good := false
		if children[i], good = readChild(t); !good {
			ok = false
		}
	}
	if !ok {
		return nil, &AnswerError{Sup: sup, Answer: answer}
	}
	return children, nil
}

// readChild reads {Id, Child, Type, Modules}.
func readChild(t etf.Term) (c Child, ok bool) {
	tuple, ok := t.(etf.Tuple)
	if !ok || len(tuple) != 4 {
		return c, false
	}
	c.ID = tuple[0]
	c.Pid, _ = tuple[1].(etf.Pid)
	c.Restarting = etf.IsAtom(tuple[1], "restarting")
	kind, _ := tuple[2].(etf.Atom)
	c.Type = Type(kind)
	if modules, known := tuple[3].(etf.List); known {
		c.Modules = make([]etf.Atom, 0, len(modules))
		for _, m := range modules {
			if name, ok := m.(etf.Atom); ok {
				c.Modules = append(c.Modules, name)
			}
		}
	}
	return c, true
}

// CountChildren counts the children of a supervisor. supervisor:count_children/1.
func CountChildren(ctx context.Context, c Caller, sup etf.Term) (counts Counts, err error) {
	answer, err := c.Call(genserv.WithInfinity(ctx), sup, etf.Atom("count_children"))
	if err != nil {
		return counts, err
	}
	list, ok := answer.(etf.List)
	for _, t := range list {
		name, value, good := readCount(t)
		switch {
		case !good:
			ok = false
		case name == "specs":
			counts.Specs = value
		case name == "active":
			counts.Active = value
		case name == "supervisors":
			counts.Supervisors = value
		case name == "workers":
			counts.Workers = value
		}
	}
	if !ok {
		return counts, &AnswerError{Sup: sup, Answer: answer}
	}
	return counts, nil
}

func readCount(t etf.Term) (name etf.Atom, value int, ok bool) {
	tuple, ok := t.(etf.Tuple)
	if !ok || len(tuple) != 2 {
		return "", 0, false
	}
	name, ok1 := tuple[0].(etf.Atom)
	n, ok2 := tuple[1].(etf.Int)
	return name, int(n), ok1 && ok2
}

var _ Caller = (*genserv.Process)(nil)
