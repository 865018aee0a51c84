package kernel

import (
	"context"
	"slices"
	"strconv"

	"github.com/gonode-otp/gonode/etf"
)

// processes has the functions that are about processes of the node.
type processes struct{ host Host }

// exportProcesses exports the functions by which operators, observer and its like look at processes.
func exportProcesses(functions *Functions, host Host) {
	ps := processes{host}
	functions.Set("erlang", "processes", 0, ps.all)
	functions.Set("erlang", "is_process_alive", 1, ps.isAlive)
	functions.Set("erlang", "process_info", 1, ps.info)
	functions.Set("erlang", "process_info", 2, ps.info)
	functions.Set("proc_lib", "initial_call", 1, ps.initialCall)
	functions.Set("proc_lib", "get_label", 1, ps.label)
	functions.Set("proc_lib", "translate_initial_call", 1, ps.translateInitialCall)
}

// all is erlang:processes/0.
func (ps processes) all(context.Context, etf.List) (etf.Term, error) {
	pids := ps.host.Processes()
	slices.SortFunc(pids, etf.Compare)
	return pids, nil
}

// own returns the process under a pid of this node, nil if it has ended. ok is false for every other term, which the
// functions of erlang take for a bad argument.
func (ps processes) own(t etf.Term) (p Process, ok bool) {
	pid, ok := t.(etf.Pid)
	if !ok || pid.Node != ps.host.Name() {
		return nil, false
	}
	return ps.host.Process(pid), true
}

// isAlive is erlang:is_process_alive/1.
func (ps processes) isAlive(_ context.Context, args etf.List) (etf.Term, error) {
	p, ok := ps.own(args[0])
	if !ok {
		return nil, ErrBadArgument
	}
	return etf.Bool(p != nil && p.IsAlive()), nil
}

// label is proc_lib:get_label/1 (OTP 27).
func (ps processes) label(_ context.Context, args etf.List) (etf.Term, error) {
	p, ok := ps.own(args[0])
	switch {
	case !ok:
		return nil, ErrBadArgument
	case p == nil:
		return nil, nil
	}
	label, _ := p.Get(etf.Atom("$process_label"))
	return label, nil
}

// translateInitialCall is proc_lib:translate_initial_call/1 of a process of this node.
func (ps processes) translateInitialCall(_ context.Context, args etf.List) (etf.Term, error) {
	if call := ps.initialCallOf(args[0]); call != nil {
		return call, nil
	}
	return startedBy, nil
}

// initialCall is proc_lib:initial_call/1.
func (ps processes) initialCall(_ context.Context, args etf.List) (etf.Term, error) {
	call := ps.initialCallOf(args[0])
	if call == nil {
		return etf.Atom("false"), nil
	}
	var names etf.List
	for i := range int(call[2].(etf.Int)) {
		names = append(names, etf.Atom("Argument__"+strconv.Itoa(i+1)))
	}
	return etf.Tuple{call[0], call[1], names}, nil
}

// maxInitialArity bounds what a dictionary may have initial_call make names for: no function has more arguments.
const maxInitialArity = 255

// initialCallOf returns {M, F, Arity}, which is '$initial_call' of the dictionary, or nil.
func (ps processes) initialCallOf(t etf.Term) etf.Tuple {
	p, _ := ps.own(t)
	if p == nil {
		return nil
	}
	value, _ := p.Get(etf.Atom("$initial_call"))
	call, ok := value.(etf.Tuple)
	if !ok || len(call) != 3 {
		return nil
	}
	if arity, ok := call[2].(etf.Int); !ok || arity < 0 || arity > maxInitialArity {
		return nil
	}
	return call
}
