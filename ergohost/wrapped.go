package ergohost

import (
	"context"
	"errors"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// Exposed returns a factory of actors that are exposed under a name when they are initialized. Use it in the child
// specification of a supervisor or in the group of an application: a restarted actor takes over the name. If the name
// is taken, the start of the actor fails with the error of Expose. The stand-in ends when Terminate of the actor has
// returned.
func (h *Host) Exposed(name gen.Atom, factory gen.ProcessFactory) gen.ProcessFactory {
	return func() gen.ProcessBehavior { return &wrapped{ProcessBehavior: factory(), host: h, name: name} }
}

// wrapped is the behavior of an actor that exposes itself.
type wrapped struct {
	gen.ProcessBehavior
	host    *Host
	name    gen.Atom
	exposed *exposed
	start   context.Context // the call of a start function by a supervisor of a BEAM, else nil
	begun   bool            // Init of the actor was called
	started bool
}

// inner is a process with another behavior than the one that ergo knows.
type inner struct {
	gen.Process
	behavior gen.ProcessBehavior
}

// Behavior implements gen.Process. An actor reads its own type from it.
func (p inner) Behavior() gen.ProcessBehavior { return p.behavior }

// ProcessInit implements gen.ProcessBehavior. It registers the name before the actor's own Init, as gen_server does.
func (w *wrapped) ProcessInit(process gen.Process, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), w.host.opts.StopTime)
	defer cancel()
	e := newExposed(w.host, atom(w.name), process.PID(), process.Parent())
	e.starting, e.wrapped = true, true
	if w.start != nil {
		ctx, e.supervised = w.start, true
	}
	w.exposed = e
	if err := w.host.expose(ctx, e); err != nil {
		return err
	}
	if e.supervised && w.name != "" {
		if err := w.host.register(ctx, w.name, e, process); err != nil {
			return err
		}
	}
	w.begun = true
	return w.ProcessBehavior.ProcessInit(inner{process, w.ProcessBehavior}, args...)
}

// ProcessRun implements gen.ProcessBehavior. ergo also calls it at the end of the start.
func (w *wrapped) ProcessRun() error {
	if !w.started {
		w.started = true
		w.exposed.start()
	}
	return w.ProcessBehavior.ProcessRun()
}

// ProcessTerminate implements gen.ProcessBehavior. ergo tells other processes of the end before it calls this. A BEAM
// learns of the end afterwards, so a supervisor there restarts the actor when its Terminate has returned and its names
// are free.
func (w *wrapped) ProcessTerminate(reason error) {
	if w.exposed == nil {
		return
	}
	defer w.exposed.end(reason)
	if w.begun {
		w.ProcessBehavior.ProcessTerminate(reason)
	}
}

// ExportStartLink lets supervisors of a BEAM have actors as children. It exports the start functions
//
//	Module:start_link(Args)
//	Module:start_link({local, Name}, Args)
//
// which spawn an actor made by factory with options, expose it, and link it to the caller, its parent. The first
// function exposes the actor without a name. The second one exposes it under Name, which is also its name in ergo. Init
// of the actor gets the elements of the list Args as values. A supervisor calls the functions by erpc or rpc:
//
//	#{id => stock, start => {erpc, call, [Node, stock, start_link, [{local, stock}, []]]}}
//
// They return {ok, Pid}, {error, {already_started, Pid}}, or {error, Reason} if the actor could not be started. The
// actor ends with its Terminate when the supervisor shuts it down or ends, with the reason of that. It ends with
// gen.ErrNoConnection when the node of the supervisor goes away. See node.Node.SpawnLink.
func (h *Host) ExportStartLink(module gen.Atom, factory gen.ProcessFactory, options gen.ProcessOptions) {
	h.node.Export(atom(module), "start_link", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return h.startLink(ctx, "", factory, options, args[0])
	})
	h.node.Export(atom(module), "start_link", 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
		local, ok := etf.AsTuple(args[0], "local", 2)
		if !ok {
			return nil, node.ErrBadArgument
		}
		name, ok := local[1].(etf.Atom)
		if !ok || name == "" {
			return nil, node.ErrBadArgument
		}
		return h.startLink(ctx, gen.Atom(name), factory, options, args[1])
	})
}

// startLink starts an actor under the supervisor that called the function of ctx.
func (h *Host) startLink(
	ctx context.Context, name gen.Atom, factory gen.ProcessFactory, options gen.ProcessOptions, args etf.Term,
) (etf.Term, error) {
	list, ok := args.(etf.List)
	if !ok {
		return nil, node.ErrBadArgument
	}
	values := make([]any, len(list))
	for i, arg := range list {
		values[i] = h.values.value(arg)
	}
	w := &wrapped{host: h, name: name, start: ctx}
	_, err := h.ergo.Spawn(func() gen.ProcessBehavior {
		w.ProcessBehavior = factory()
		return w
	}, options, values...)
	var taken *genserv.AlreadyStarted
	switch {
	case err == nil:
		return etf.Tuple{etf.Atom("ok"), w.exposed.self}, nil
	case errors.As(err, &taken):
		return startError(etf.Tuple{etf.Atom("already_started"), taken.Pid}), nil
	}
	return startError(Reason(err)), nil
}

func startError(reason etf.Term) etf.Term { return etf.Tuple{etf.Atom("error"), reason} }

// register gives a supervised actor its name in ergo. If the stand-in of the previous actor was killed, that actor is
// being killed too and may still have the name. register waits for its end, until ctx ends or StopTime is over.
func (h *Host) register(ctx context.Context, name gen.Atom, e *exposed, process gen.Process) error {
	h.mu.Lock()
	former := h.supervised[name]
	h.supervised[name] = e
	h.mu.Unlock()
	err := process.RegisterName(name)
	if err != gen.ErrTaken || former == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, h.opts.StopTime)
	defer cancel()
	if err := wait(ctx, former.done); err != nil {
		return err
	}
	return process.RegisterName(name)
}
