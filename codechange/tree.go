package codechange

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// eval terminates the children that use modules, in their supervisors: stop/2. A process at the top of a tree is left
// alone.
func (i stop) eval(r *run) error {
	r.flush()
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, module := range i.modules {
		for _, c := range children {
			if c.Supervisor == (etf.Pid{}) || !slices.Contains(c.Modules, module) ||
				r.supervise(r.anyway(), "terminate_child", c) != nil {
				continue
			}
			r.stopped[module] = append(r.stopped[module], c)
			rep := &ProcessReport{Pid: c.Pid(), Name: c.Name(), Module: c.Code().Name(), Outcome: OutcomeStopped}
			rep.From = r.versions.Of(c.Code()).vsnText()
			r.report.Processes = append(r.report.Processes, rep)
			r.undoOutside("the stop of "+c.text(), func(ctx context.Context) error {
				err := r.supervise(ctx, "restart_child", c)
				if err == nil {
					rep.Undone = UndoneForgot
				}
				return err
			})
		}
	}
	return nil
}

// eval starts again what stop has stopped: start/1. That it cannot be started is no failure, as in OTP.
func (i start) eval(r *run) error {
	r.flush()
	for _, module := range i.modules {
		for _, c := range r.stopped[module] {
			if r.supervise(r.anyway(), "restart_child", c) == nil {
				r.undoOutside("the start of "+c.text(), func(ctx context.Context) error {
					return r.supervise(ctx, "terminate_child", c)
				})
			}
		}
		delete(r.stopped, module)
	}
	return nil
}

// supervise asks the supervisor of a child for something.
func (r *run) supervise(ctx context.Context, function etf.Atom, c Child) error {
	return refused(r.host.Apply(ctx, "supervisor", function, etf.List{c.Supervisor, c.ID}))
}

// text names the child for people: its registered name or its identifier.
func (c Child) text() string {
	if name := c.Name(); name != "" {
		return string(name)
	}
	return etf.FormatMax(c.ID, maxText)
}

// catchUp suspends the processes of a module that were started after its suspend instruction and before it is loaded,
// which OTP leaves to themselves. If the code change of the module is over already, as for a downgrade, theirs comes
// now.
//
// It returns all processes of the module.
func (r *run) catchUp(module etf.Atom) ([]Process, error) {
	for {
		users := r.host.Users(module)
		if len(r.suspended[module]) == 0 || !slices.Contains(r.changing, module) {
			return users, nil
		}
		unlimited := r.room(module)
		var late []*subject
		for _, p := range users {
			if r.subjects[keyOf(p.Pid())] == nil && p.Code() != r.object[module].Code && unlimited < 0 {
				late = append(late, r.enrol(p, &unlimited))
			}
		}
		if len(late) == 0 {
			return users, nil
		}
		if err := r.awaitSuspended(suspendEntry{module: module}, late); err != nil {
			return nil, err
		}
		if done, ok := r.changes[module]; ok {
			if err := r.changeAll(late, done.changeEntry, done.down); err != nil {
				return nil, err
			}
		}
	}
}
