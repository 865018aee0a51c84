package codechange

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// eval terminates the children that use modules, in their supervisors: stop/2. It leaves alone a process at the top of
// a tree.
func (i stop) eval(r *run) error {
	r.resumePending()
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, module := range i.modules {
		for _, c := range children {
			if c.Supervisor == (etf.Pid{}) || !slices.Contains(c.Modules, module) ||
				r.callSupervisor(r.uncancelled(), "terminate_child", c) != nil {
				continue
			}
			r.stopped[module] = append(r.stopped[module], c)
			rep := &ProcessReport{Pid: c.Pid(), Name: c.Name(), Module: c.Code().Name(), Outcome: OutcomeStopped}
			rep.From = r.versions.Of(c.Code()).vsnText()
			r.report.Processes = append(r.report.Processes, rep)
			r.undoByCall("the stop of "+c.displayName(), func(ctx context.Context) error {
				err := r.callSupervisor(ctx, "restart_child", c)
				if err == nil {
					rep.Undone = UndoneForgot
				}
				return err
			})
		}
	}
	return nil
}

// eval starts again what stop has stopped: start/1. A child that cannot be started is no failure, as in OTP.
func (i start) eval(r *run) error {
	r.resumePending()
	for _, module := range i.modules {
		for _, c := range r.stopped[module] {
			if r.callSupervisor(r.uncancelled(), "restart_child", c) == nil {
				r.undoByCall("the start of "+c.displayName(), func(ctx context.Context) error {
					return r.callSupervisor(ctx, "terminate_child", c)
				})
			}
		}
		delete(r.stopped, module)
	}
	return nil
}

// callSupervisor asks the supervisor of a child for something.
func (r *run) callSupervisor(ctx context.Context, function etf.Atom, c Child) error {
	return resultError(r.host.Apply(ctx, "supervisor", function, etf.List{c.Supervisor, c.ID}))
}

// displayName names the child for people: its registered name or its identifier.
func (c Child) displayName() string {
	if name := c.Name(); name != "" {
		return string(name)
	}
	return etf.FormatMax(c.ID, maxText)
}

// suspendLateStarted suspends the processes of a module that were started after its suspend instruction and before it
// is loaded. OTP does not find them. If the code change of the module was executed already, as in a downgrade, they are
// changed now.
//
// It returns all processes of the module.
func (r *run) suspendLateStarted(module etf.Atom) ([]Process, error) {
	for {
		users := r.host.Users(module)
		if len(r.suspended[module]) == 0 || !slices.Contains(r.changing, module) {
			return users, nil
		}
		unlimited := r.canaryRoom(module)
		var late []*subject
		for _, p := range users {
			if r.subjects[keyOf(p.Pid())] == nil && p.Code() != r.objectCode[module].Code && unlimited < 0 {
				late = append(late, r.suspendProcess(p, &unlimited))
			}
		}
		if len(late) == 0 {
			return users, nil
		}
		if err := r.awaitSuspended(suspendEntry{module: module}, late); err != nil {
			return nil, err
		}
		if done, ok := r.openChanges[module]; ok {
			if err := r.changeAll(late, done.changeEntry, done.down); err != nil {
				return nil, err
			}
		}
	}
}
