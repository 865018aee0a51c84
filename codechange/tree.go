package codechange

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// eval terminates the children that use modules, in their supervisors: stop/2. A process at the top of a tree is left alone.
func (i stop) eval(r *run) error {
	r.flush()
	children, err := r.host.Supervised(r.ctx)
	if err != nil {
		return err
	}
	for _, module := range i.modules {
		for _, c := range children {
			if c.Supervisor == (etf.Pid{}) || !slices.Contains(c.Modules, module) || !r.supervise("terminate_child", c) {
				continue
			}
			r.stopped[module] = append(r.stopped[module], c)
			rep := &ProcessReport{Pid: c.Pid(), Name: c.Name(), Module: c.Code().Name(), Outcome: Stopped}
			rep.From = r.versions.Of(c.Code()).vsnText()
			r.report.Processes = append(r.report.Processes, rep)
			r.undoOutside(func() {
				if r.supervise("restart_child", c) {
					rep.Undone = Forgot
				}
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
			if r.supervise("restart_child", c) {
				r.undoOutside(func() { r.supervise("terminate_child", c) })
			}
		}
		delete(r.stopped, module)
	}
	return nil
}

// supervise asks the supervisor of a child for something.
func (r *run) supervise(function etf.Atom, c Child) bool {
	result, err := r.host.Apply(r.anyway(), "supervisor", function, etf.List{c.Supervisor, c.ID})
	if t, ok := result.(etf.Tuple); ok && len(t) > 0 {
		result = t[0]
	}
	return err == nil && result == etf.Term(etf.Atom("ok"))
}

// catchUp suspends the processes of a module that were started after its suspend instruction and before it is loaded, which
// OTP leaves to themselves. If the code change of the module is over already, as for a downgrade, theirs comes now.
func (r *run) catchUp(module etf.Atom) error {
	if len(r.suspended[module]) == 0 || !slices.Contains(r.changing, module) {
		return nil
	}
	for {
		unlimited := r.room(module)
		var late []*subject
		for _, p := range r.host.Users(module) {
			if r.subjects[p.Pid()] == nil && p.Code() != r.object[module].Code && unlimited < 0 {
				late = append(late, r.enrol(p, &unlimited))
			}
		}
		if len(late) == 0 {
			return nil
		}
		if err := r.awaitSuspended(suspendEntry{module: module}, late); err != nil {
			return err
		}
		if done, ok := r.changes[module]; ok {
			if err := r.changeAll(late, done.changeEntry, done.down); err != nil {
				return err
			}
		}
	}
}
