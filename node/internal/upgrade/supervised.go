package upgrade

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// SupervisedProcess is a process in its place in the tree of its application. It is what a program looks at;
// codechange.Child has the process itself, and a callback module where the child spec names none.
type SupervisedProcess struct {
	Application etf.Atom
	Supervisor  etf.Pid  // zero for the one at the top
	ID          etf.Term // of its child spec; the atom undefined for the one at the top and for dynamic children
	Pid         etf.Pid
	// Modules are those of its child spec, nil for dynamic; for the supervisor at the top its callback module.
	Modules []etf.Atom

	restart supervisor.Restart // of its child spec, if the supervisor was looked into
}

// SuspendedSupervisorError is a supervisor that cannot be asked for its children, because it is suspended.
type SuspendedSupervisorError struct {
	Pid etf.Pid
	ID  etf.Term
}

func (e *SuspendedSupervisorError) Error() string {
	return fmt.Sprintf("node: the supervisor %s (%s) is suspended", etf.Format(e.Pid), etf.Format(e.ID))
}

// Trees is what a walk of supervision trees needs of the node.
type Trees interface {
	Processes
	Servers
}

// SupervisedProcesses walks the supervision trees of the applications that run. See node.Node.SupervisedProcesses.
func SupervisedProcesses(ctx context.Context, node Trees) ([]SupervisedProcess, error) {
	return supervisedProcesses(ctx, node, false)
}

func supervisedProcesses(ctx context.Context, node Trees, peek bool) ([]SupervisedProcess, error) {
	apps, err := node.Applications(ctx)
	if err != nil {
		return nil, err
	}
	var all []SupervisedProcess
	for _, app := range apps {
		tree, err := supervised(ctx, node, app, peek)
		if err != nil {
			return nil, err
		}
		all = append(tree, all...)
	}
	return all, nil
}

// supervised is get_master_procs/3.
func supervised(ctx context.Context, node Trees, app Application, peek bool) ([]SupervisedProcess, error) {
	if app.Top == (etf.Pid{}) {
		return nil, nil
	}
	undefined := etf.Atom("undefined")
	w := walk{node: node, app: app.Name, peek: peek}
	tree, err := w.below(ctx, app.Top, undefined)
	if err != nil {
		return nil, err
	}
	top := SupervisedProcess{Application: app.Name, ID: undefined, Pid: app.Top}
	if p := node.Process(app.Top); p != nil {
		top.Modules = []etf.Atom{p.Code().Name()}
	}
	return append(tree, top), nil
}

type walk struct {
	node Trees
	app  etf.Atom
	peek bool // look into supervisors instead of asking them, which also works while they are suspended
}

// below is get_procs/2 for the children of a supervisor.
func (w walk) below(ctx context.Context, sup etf.Pid, id etf.Term) (tree []SupervisedProcess, err error) {
	children, err := w.children(ctx, sup, id)
	if err != nil {
		return nil, err
	}
	var deeper []SupervisedProcess
	for i := len(children) - 1; i >= 0; i-- {
		c := children[i]
		if c.Pid == (etf.Pid{}) {
			continue
		}
		if c.Type == supervisor.TypeSupervisor {
			below, err := w.below(ctx, c.Pid, c.ID)
			if err != nil {
				return nil, err
			}
			deeper = append(deeper, below...)
		}
	}
	for _, c := range children {
		if c.Pid != (etf.Pid{}) {
			tree = append(tree, SupervisedProcess{w.app, sup, c.ID, c.Pid, c.Modules, c.Restart})
		}
	}
	return append(tree, deeper...), nil
}

// children is maybe_supervisor_which_children/3: a supervisor that has ended meanwhile has none.
func (w walk) children(ctx context.Context, sup etf.Pid, id etf.Term) ([]supervisor.Child, error) {
	if w.peek {
		children, _ := visit(ctx, w.node, sup, func(l *genserv.Loop) []supervisor.Child {
			list, _ := supervisor.Children(l)
			return list
		})
		return children, context.Cause(ctx)
	}
	if suspended, ok := visit(ctx, w.node, sup, (*genserv.Loop).Suspended); ok && suspended {
		return nil, &SuspendedSupervisorError{Pid: sup, ID: id}
	}
	children, err := supervisor.WhichChildren(ctx, w.node, sup)
	var answer *supervisor.AnswerError
	switch {
	case err == nil:
	case errors.Is(err, genserv.ErrTimeout), errors.Is(err, genserv.ErrNoConnection), errors.As(err, &answer):
		return nil, err
	}
	return children, nil
}

// visit looks at the loop of a process of this node, when its turn has come. ok is false if the process or ctx ended
// before.
func visit[T any](ctx context.Context, node Processes, pid etf.Pid, look func(*genserv.Loop) T) (seen T, ok bool) {
	p := node.Process(pid)
	if p == nil {
		return seen, false
	}
	result := make(chan T, 1)
	p.Do(func(l *genserv.Loop) { result <- look(l) })
	node.YieldReaders()
	select {
	case seen = <-result:
		return seen, true
	case <-p.Done():
	case <-ctx.Done():
	}
	return seen, false
}
