package node

import (
	"context"
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Function is what runs when another node applies an exported function, see Node.Export. args are as many as the
// arity that it was exported with. ctx ends when the node stops, and when nobody waits for the result any more: the
// caller has given up, has ended or is away.
//
// A nil result is the atom undefined. An error that is a *genserv.Exit is erlang:exit(Reason), ErrBadArgument is
// error(badarg), a *genserv.Failure stands for itself, every other one is error(Text). A panic means what it means in a
// callback.
type Function func(ctx context.Context, args etf.List) (etf.Term, error)

// Export makes Module:Function/Arity known to rpc and erpc: functions that are not exported are undef. It replaces
// what was exported under that name before; nil takes it away.
func (n *Node) Export(module, function etf.Atom, arity int, f Function) {
	n.functions.set(functionKey{module, function, arity}, f)
}

type functionKey struct {
	module, function etf.Atom
	arity            int
}

// functions are what other nodes may apply on this one.
type functions struct {
	mu    sync.RWMutex
	table map[functionKey]Function
}

func (fs *functions) set(key functionKey, f Function) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f == nil {
		delete(fs.table, key)
		return
	}
	if fs.table == nil {
		fs.table = map[functionKey]Function{}
	}
	fs.table[key] = f
}

func (fs *functions) get(key functionKey) Function {
	fs.mu.RLock()
	defer fs.mu.RUnlock()
	return fs.table[key]
}

// detached makes a function of f that goes on when its caller is gone, as every function does on a BEAM.
func (n *Node) detached(f Function) Function {
	return func(_ context.Context, args etf.List) (etf.Term, error) { return f(n.ctx, args) }
}

// apply is apply(Module, Function, Args).
func (n *Node) apply(ctx context.Context, module, function etf.Atom, args etf.List) (result etf.Term,
	failure *genserv.Failure) {
	f := n.functions.get(functionKey{module, function, len(args)})
	if f == nil {
		return nil, failureAt(etf.Atom("undef"), module, function, args)
	}
	var err error
	if failure := genserv.Try(func() { result, err = f(ctx, args) }); failure != nil {
		return nil, failure
	}
	if err != nil {
		return nil, failureOf(err, module, function, args)
	}
	if result == nil {
		result = etf.Atom("undefined")
	}
	return result, nil
}

// failureAt is error(Reason) raised by the function itself.
func failureAt(reason etf.Term, module, function etf.Atom, args etf.List) *genserv.Failure {
	return &genserv.Failure{Class: "error", Reason: reason, Stack: etf.List{etf.Tuple{module, function, args, etf.List{}}}}
}

func failureOf(err error, module, function etf.Atom, args etf.List) *genserv.Failure {
	var failure *genserv.Failure
	var exit *genserv.Exit
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &exit):
		return &genserv.Failure{Class: "exit", Reason: exit.Reason}
	case errors.Is(err, ErrBadArgument):
		return failureAt(etf.Atom("badarg"), module, function, args)
	}
	return failureAt(etf.Binary(err.Error()), module, function, args)
}
