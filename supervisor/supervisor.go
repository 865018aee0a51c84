package supervisor

import (
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Supervisor is the callback module of a supervisor.
type Supervisor interface {
	// Init returns the child specs, and how children are restarted. It runs when the supervisor starts and again, with
	// the same arguments, when its code is changed, so it should do nothing else. With genserv.ErrIgnore as the error
	// the supervisor does not start: ignore. Every other error is a bad return value, {bad_return, {Module, init,
	// Error}}. Module:init/1.
	Init(args etf.Term) (Flags, []ChildSpec, error)
}

// Of makes a module of a supervisor, to be started by Node.Spawn, by StartLink in the child spec of another
// supervisor, or as an application. Its name is that of s, see genserv.Namer.
//
// startable are start functions that start_child requests may name besides those in the child specs of Init.
func Of(s Supervisor, startable ...Start) genserv.Module {
	return genserv.Of[*state](&server{callback: s, name: callbackName(s), startable: startable, now: monotonic})
}

// server is the gen_server that every supervisor is.
type server struct {
	callback  Supervisor
	name      etf.Atom
	startable []Start
	now       func() int64
}

// state is the record #state of supervisor.erl. It belongs to one process.
type state struct {
	flags
	module   etf.Atom
	args     etf.Term
	name     etf.Term // {local, Name}, or {Pid, Module}
	starts   startFuncs
	restarts []int64          // when, newest first
	forgiven map[etf.Pid]bool // children whose end does not count, see Forgive
	children children
	dynamics *dynamics // of a SimpleOneForOne
}

var began = time.Now()

// monotonic is erlang:monotonic_time(second).
func monotonic() int64 { return int64(time.Since(began) / time.Second) }

// ModuleName implements genserv.Namer.
func (s *server) ModuleName() etf.Atom { return s.name }

// InitialCall implements genserv.InitialCaller: proc_lib says {supervisor, Module, 1} for supervisors.
func (s *server) InitialCall() (module, function etf.Atom, arity int) { return "supervisor", s.name, 1 }

// Init implements genserv.Server: init/1.
func (s *server) Init(p *genserv.Process, args etf.Term) genserv.InitResult[*state] {
	p.TrapExit(true)
	f, specs, err := s.callback.Init(args)
	switch {
	case errors.Is(err, genserv.ErrIgnore):
		return genserv.Ignore[*state]()
	case err != nil:
		return genserv.StopInit[*state](pair("bad_return", etf.Tuple{s.name, etf.Atom("init"),
			pair("error", genserv.ExitReason(err))}))
	}
	st := &state{module: s.name, args: args, starts: startFuncs{}}
	st.name = etf.Tuple{p.Self(), s.name}
	if name, ok := p.Name().(etf.Atom); ok {
		st.name = etf.Tuple{etf.Atom("local"), name}
	}
	var refused etf.Term
	if st.flags, refused = checkFlags(f.term()); refused != nil {
		return genserv.StopInit[*state](pair("supervisor_data", refused))
	}
	if st.strategy == SimpleOneForOne && len(specs) != 1 {
		return genserv.StopInit[*state](pair("bad_start_spec", specList(specs)))
	}
	if st.children, refused = checkStartSpec(specs, st.autoShutdown); refused != nil {
		return genserv.StopInit[*state](pair("start_spec", refused))
	}
	st.addStartFuncs(specs, s.startable)
	if st.strategy == SimpleOneForOne {
		st.dynamics = newDynamics(st.template())
		return genserv.Ok(st)
	}
	if failed, reason := st.startChildren(p, st.children.list); failed != nil {
		st.terminateChildren(p, st.children.list)
		return genserv.StopInit[*state](genserv.ShutdownBecause(failedToStart(failed, reason)))
	}
	return genserv.Ok(st)
}

func failedToStart(c *child, reason etf.Term) etf.Term {
	return etf.Tuple{etf.Atom("failed_to_start_child"), c.id, reason}
}

func specList(specs []ChildSpec) etf.Term {
	list := make(etf.List, len(specs))
	for i, spec := range specs {
		list[i] = spec.term()
	}
	return list
}

// addStartFuncs collects the start functions that start_child requests may name.
func (st *state) addStartFuncs(specs []ChildSpec, startable []Start) {
	for _, start := range startable {
		st.starts.add(start)
	}
	for _, spec := range specs {
		st.starts.add(spec.Start)
	}
}

// HandleCast implements genserv.Caster: handle_cast/2. The supervisor sends itself {try_again_restart, Id} when a
// restart has failed, so that it looks into its mailbox before it tries again.
func (s *server) HandleCast(p *genserv.Process, request etf.Term, st *state) genserv.Result[*state] {
	t, ok := etf.AsTuple(request, "try_again_restart", 2)
	if !ok {
		panic(functionClause)
	}
	if st.strategy == SimpleOneForOne {
		return s.retryDynamic(p, t[1], st)
	}
	if c := st.children.find(t[1]); c != nil && c.restarting {
		return st.continueOrStop(s.restart(p, c, st))
	}
	return genserv.NoReply(st)
}

// functionClause is the error with which a supervisor ends after an unknown request: the callbacks of supervisor.erl
// have no clause for it.
var functionClause = etf.Atom("function_clause")

// HandleInfo implements genserv.Informer: handle_info/2.
func (s *server) HandleInfo(p *genserv.Process, msg etf.Term, st *state) genserv.Result[*state] {
	t, ok := etf.AsTuple(msg, "EXIT", 3)
	if !ok {
		p.Logger().Error("Supervisor received unexpected message: " + etf.FormatMax(msg, 1000))
		return genserv.NoReply(st)
	}
	pid, ok := t[1].(etf.Pid)
	if !ok {
		return genserv.NoReply(st)
	}
	defer st.forgive(pid) // also if it is not started again
	if st.strategy == SimpleOneForOne {
		return st.continueOrStop(s.handleDynamicExit(p, pid, t[2], st))
	}
	if c := st.children.byPid(pid); c != nil {
		return st.continueOrStop(s.handleExit(p, c, t[2], st))
	}
	return genserv.NoReply(st)
}

// continueOrStop lets the supervisor go on, or ends it with the reason shutdown if a child could not be dealt with.
func (st *state) continueOrStop(ok bool) genserv.Result[*state] {
	if ok {
		return genserv.NoReply(st)
	}
	return genserv.Stop(genserv.Shutdown, st)
}

// Terminate implements genserv.Terminator: terminate/2.
func (s *server) Terminate(p *genserv.Process, _ etf.Term, st *state) {
	if st.strategy == SimpleOneForOne {
		st.terminateDynamics(p)
		return
	}
	st.terminateChildren(p, st.children.list)
}
