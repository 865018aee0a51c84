package supervisor

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Start says how a child is started: by a Go function that a BEAM knows as {Module, Function, Args}. StartLink makes
// one for a gen_server or a supervisor.
type Start struct {
	Module, Function etf.Atom
	Args             etf.List
	Func             StartFunc

	supervisor bool
}

// StartFunc starts a child and links it to p, the supervisor, in whose process it runs. args are those of Start,
// followed by those of start_child for a child of a SimpleOneForOne.
//
// genserv.ErrIgnore as its error is ignore in Erlang: the supervisor goes on without the child. A *genserv.Failure is
// what it says: the function has raised that, as if it had panicked. Every other error is {error, Reason} with the
// reason that genserv.ExitReason makes of it.
type StartFunc func(p *genserv.Process, args etf.List) (Started, error)

// Started is what a StartFunc has started: {ok, Pid}, or {ok, Pid, Info} if there is an Info.
type Started struct {
	Pid  etf.Pid
	Info etf.Term
}

// StartLink starts a process of m, which Of or genserv.Of made, as Module:start_link(Args...) does in Erlang. Without
// arguments Init gets [], with one it gets that one, and with several the list of them. A first argument {local,
// Name}, which As puts there, registers the process and is not passed on.
func StartLink(m genserv.Module, args ...etf.Term) Start {
	_, super := m.Server().(*server)
	return Start{Module: m.Name(), Function: "start_link", Args: args, Func: linker(m), supervisor: super}
}

// As returns the start of the same child under a registered name.
func (s Start) As(name etf.Atom) Start {
	s.Args = append(etf.List{etf.Tuple{etf.Atom("local"), name}}, s.Args...)
	return s
}

func linker(m genserv.Module) StartFunc {
	return func(p *genserv.Process, args etf.List) (Started, error) {
		child := genserv.Child{Module: m}
		if len(args) > 0 {
			if t, ok := etf.AsTuple(args[0], "local", 2); ok {
				name, ok := t[1].(etf.Atom)
				if !ok {
					return Started{}, &genserv.Exit{Reason: etf.Tuple{etf.Atom("badarg"), t}}
				}
				child.Name, args = name, args[1:]
			}
		}
		switch len(args) {
		case 0:
			child.Args = etf.List{}
		case 1:
			child.Args = args[0]
		default:
			child.Args = args
		}
		pid, err := p.SpawnLink(child)
		return Started{Pid: pid}, err
	}
}

// mfa returns {Module, Function, Args}.
func (s Start) mfa() etf.Term {
	return etf.Tuple{s.Module, s.Function, orNil(s.Args)}
}

func orNil(l etf.List) etf.List {
	if l == nil {
		return etf.List{}
	}
	return l
}

// functionName is {M, F} of a start function.
type functionName struct{ module, function etf.Atom }

// startFuncs are the start functions that a supervisor knows: those in the child specs of its Init, and those given
// to Of. A BEAM can start children by these, and by no others.
type startFuncs map[functionName]StartFunc

func (fs startFuncs) add(s Start) {
	if s.Func != nil {
		fs[functionName{s.Module, s.Function}] = s.Func
	}
}

// outcome is what a start function returned, in the words of supervisor:do_start_child_i/3: {ok, Pid}, {ok, Pid, Info},
// {ok, undefined} with a zero pid, or {error, Reason} with a reason.
type outcome struct {
	pid    etf.Pid
	info   etf.Term
	reason etf.Term
}

func (o outcome) term() etf.Term {
	switch {
	case o.reason != nil:
		return etf.Tuple{etf.Atom("error"), o.reason}
	case o.info != nil:
		return etf.Tuple{etf.Atom("ok"), pidTerm(o.pid), o.info}
	}
	return etf.Tuple{etf.Atom("ok"), pidTerm(o.pid)}
}

// pidTerm shows the zero pid as undefined.
func pidTerm(pid etf.Pid) etf.Term {
	if pid == (etf.Pid{}) {
		return etf.Atom("undefined")
	}
	return pid
}

// apply is catch apply(M, F, A) of supervisor:do_start_child_i/3.
func (m mfa) apply(p *genserv.Process) outcome {
	if m.fn == nil {
		stack := etf.List{etf.Tuple{m.module, m.function, m.args, etf.List{}}}
		return outcome{reason: exitTuple(etf.Tuple{etf.Atom("undef"), stack})}
	}
	var started Started
	var err error
	failure := genserv.Try(func() { started, err = m.fn(p, m.args) })
	if failure != nil || errors.As(err, &failure) {
		return outcome{reason: exitTuple(failure.ExitReason())}
	}
	switch {
	case errors.Is(err, genserv.ErrIgnore):
		return outcome{}
	case err != nil:
		return outcome{reason: genserv.ExitReason(err)}
	case started.Pid == (etf.Pid{}):
		return outcome{reason: etf.Tuple{etf.Atom("ok"), etf.Atom("undefined")}} // no pid is no result
	}
	return outcome{pid: started.Pid, info: started.Info}
}

func exitTuple(reason etf.Term) etf.Term { return etf.Tuple{etf.Atom("EXIT"), reason} }
