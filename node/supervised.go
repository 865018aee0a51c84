package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/supervisor"
)

// SupervisedProcess is a process in its place in the tree of its application.
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

// SupervisedProcesses walks the supervision trees of the applications that run and returns their processes in the
// order of release_handler_1:get_supervised_procs/0: the application that was started first comes first; within it
// children come before the supervisor at the top, the one that was started last first, and before the children of one
// among them. Children that do not run and processes that end meanwhile are left out.
//
// The error is a *SuspendedSupervisorError, or that ctx has ended.
func (n *Node) SupervisedProcesses(ctx context.Context) ([]SupervisedProcess, error) {
	return n.supervisedProcesses(ctx, false)
}

func (n *Node) supervisedProcesses(ctx context.Context, peek bool) ([]SupervisedProcess, error) {
	apps, err := n.Applications().List(ctx)
	if err != nil {
		return nil, err
	}
	var all []SupervisedProcess
	for _, app := range apps {
		tree, err := n.supervised(ctx, app.Name, peek)
		if err != nil {
			return nil, err
		}
		all = append(tree, all...)
	}
	return all, nil
}

// supervised is get_master_procs/3.
func (n *Node) supervised(ctx context.Context, app etf.Atom, peek bool) ([]SupervisedProcess, error) {
	root := n.topSupervisor(ctx, app)
	if root == (etf.Pid{}) {
		return nil, nil
	}
	undefined := etf.Atom("undefined")
	w := walk{n: n, app: app, peek: peek}
	tree, err := w.below(ctx, root, undefined)
	if err != nil {
		return nil, err
	}
	top := SupervisedProcess{Application: app, ID: undefined, Pid: root}
	if p := n.local(destination{pid: root}); p != nil {
		top.Modules = []etf.Atom{p.loop.Code().Name()}
	}
	return append(tree, top), nil
}

// topSupervisor asks the master of an application, which is not known to anybody but the controller and its child.
func (n *Node) topSupervisor(ctx context.Context, app etf.Atom) etf.Pid {
	for _, p := range n.registry.all() {
		if p.app != app {
			continue
		}
		if application.IsMaster(p.loop.Code()) {
			answer, _ := n.call(ctx, caller{pid: n.self}, p.pid, etf.Atom("get_child"))
			root, _ := answer.(etf.Pid)
			return root
		}
	}
	return etf.Pid{}
}

type walk struct {
	n    *Node
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
		children, _ := visit(ctx, w.n, sup, func(l *genserv.Loop) []supervisor.Child {
			list, _ := supervisor.Children(l)
			return list
		})
		return children, context.Cause(ctx)
	}
	if suspended, ok := visit(ctx, w.n, sup, (*genserv.Loop).Suspended); ok && suspended {
		return nil, &SuspendedSupervisorError{Pid: sup, ID: id}
	}
	children, err := supervisor.WhichChildren(ctx, w.n, sup)
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
func visit[T any](ctx context.Context, n *Node, pid etf.Pid, look func(*genserv.Loop) T) (seen T, ok bool) {
	p := n.local(destination{pid: pid})
	if p == nil {
		return seen, false
	}
	result := make(chan T, 1)
	p.between(func(l *genserv.Loop) { result <- look(l) })
	n.yieldReaders()
	select {
	case seen = <-result:
		return seen, true
	case <-p.done():
	case <-ctx.Done():
	}
	return seen, false
}
