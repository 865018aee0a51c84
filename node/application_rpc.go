package node

import (
	"context"
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// exportApplication exports the functions of the module application, which operators call by rpc. Those that are
// about the application of the caller, such as get_env/1, are undef: a caller by rpc belongs to none.
func (n *Node) exportApplication() {
	for name, f := range map[etf.Atom]map[int]Function{
		"which_applications":  {0: n.acRequest("which_applications"), 1: n.acWhichTimeout},
		"loaded_applications": {0: func(context.Context, etf.List) (etf.Term, error) { return n.loadedApplications(), nil }},
		"info":                {0: n.acRequest("info")},
		"start":               {1: n.acStart, 2: n.acStart},
		"ensure_started":      {1: n.acEnsureStarted, 2: n.acEnsureStarted},
		"ensure_all_started":  {1: n.acEnsureAllStarted, 2: n.acEnsureAllStarted},
		"stop":                {1: n.acRequest("stop_application")},
		"load":                {1: n.acRequest("load_application")},
		"unload":              {1: n.acRequest("unload_application")},
		"get_env":             {2: n.acGetEnv, 3: n.acGetEnv},
		"get_all_env":         {1: n.acGetAllEnv},
		"set_env":             {1: n.acSetConfig, 2: n.acSetConfig, 3: n.acSetEnv, 4: n.acSetEnv},
		"unset_env":           {2: n.acUnsetEnv, 3: n.acUnsetEnv},
		"get_key":             {2: n.acGetKey},
		"get_all_key":         {1: n.acGetAllKey},
		"get_application":     {1: n.acGetApplication},
	} {
		for arity, function := range f {
			n.Export("application", name, arity, n.detached(function))
		}
	}
}

// acRequest passes a call on to application_controller.
func (n *Node) acRequest(name etf.Atom) Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		var request etf.Term = name
		if len(args) > 0 {
			request = append(etf.Tuple{name}, args...)
		}
		return n.acCall(ctx, request)
	}
}

// acCall exits as gen_server:call/3 does if application_controller does not answer.
func (n *Node) acCall(ctx context.Context, request etf.Term) (etf.Term, error) {
	answer, err := n.Call(ctx, controllerName, request)
	if err == nil {
		return answer, nil
	}
	var reason etf.Term = noproc
	var exit *genserv.Exit
	switch {
	case errors.Is(err, genserv.ErrTimeout):
		reason = etf.Atom("timeout")
	case errors.As(err, &exit):
		reason = exit.Reason
	}
	call := etf.Tuple{etf.Atom("gen_server"), etf.Atom("call"), etf.List{controllerName, request}}
	return nil, &genserv.Exit{Reason: etf.Tuple{reason, call}}
}

// acWhichTimeout is application:which_applications/1.
func (n *Node) acWhichTimeout(ctx context.Context, args etf.List) (etf.Term, error) {
	if ms, ok := args[0].(etf.Int); ok && ms >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(min(ms, 1<<32))*time.Millisecond)
		defer cancel()
	} else if !etf.Equal(args[0], etf.Atom("infinity")) {
		return nil, failureAt(etf.Atom("function_clause"), "application", "which_applications", args)
	}
	return n.acCall(ctx, etf.Atom("which_applications"))
}

// loadedApplications is application:loaded_applications/0.
func (n *Node) loadedApplications() etf.Term {
	var list etf.List
	for _, app := range n.apps.all() {
		list = append(list, app.info().term())
	}
	return list
}

// acStart is application:start/1,2.
func (n *Node) acStart(ctx context.Context, args etf.List) (etf.Term, error) {
	var kind etf.Term = etf.Atom(AppTemporary)
	if len(args) == 2 {
		kind = args[1]
	}
	loaded, err := n.acCall(ctx, etf.Tuple{etf.Atom("load_application"), args[0]})
	if err != nil {
		return nil, err
	}
	if name, ok := args[0].(etf.Atom); !ok || n.apps.get(name) == nil {
		return loaded, nil
	}
	return n.acCall(ctx, etf.Tuple{etf.Atom("start_application"), args[0], kind})
}

// acEnsureStarted is application:ensure_started/1,2.
func (n *Node) acEnsureStarted(ctx context.Context, args etf.List) (etf.Term, error) {
	answer, err := n.acStart(ctx, args)
	if err == nil && isAlreadyStarted(answer, args[0]) {
		return etf.Atom("ok"), nil
	}
	return answer, err
}

func isAlreadyStarted(answer, name etf.Term) bool {
	return etf.Equal(answer, appError(etf.Tuple{etf.Atom("already_started"), name}))
}

// acEnsureAllStarted is application:ensure_all_started/1,2 for an application, or a list of them (OTP 26): those that
// have to run before it come first.
func (n *Node) acEnsureAllStarted(ctx context.Context, args etf.List) (etf.Term, error) {
	wanted, ok := args[0].(etf.List)
	if !ok {
		wanted = args[:1]
	}
	var started etf.List
	var failed etf.Term
	var err error
	for i := 0; i < len(wanted) && failed == nil && err == nil; i++ {
		started, failed, err = n.ensureAll(ctx, append(etf.List{wanted[i]}, args[1:]...), started, nil)
	}
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		for i := len(started) - 1; i >= 0; i-- {
			if _, err := n.acCall(ctx, etf.Tuple{etf.Atom("stop_application"), started[i]}); err != nil {
				return nil, err
			}
		}
		return appError(failed), nil
	}
	return etf.Tuple{etf.Atom("ok"), append(etf.List{}, started...)}, nil
}

// ensureAll starts args[0] after the applications that it names. path is the way to it, for applications that wait
// for each other.
func (n *Node) ensureAll(ctx context.Context, args, started etf.List, path []etf.Term) (etf.List, etf.Term, error) {
	for _, above := range path {
		if etf.Equal(above, args[0]) {
			return started, etf.Tuple{args[0], etf.Atom("circular_dependency")}, nil
		}
	}
	if name, ok := args[0].(etf.Atom); ok {
		if app := n.apps.get(name); app != nil {
			for _, before := range app.Applications {
				var failed etf.Term
				var err error
				deeper := append(etf.List{before}, args[1:]...)
				if started, failed, err = n.ensureAll(ctx, deeper, started, append(path, args[0])); failed != nil || err != nil {
					return started, failed, err
				}
			}
		}
	}
	answer, err := n.acStart(ctx, args)
	switch {
	case err != nil || isAlreadyStarted(answer, args[0]):
		return started, nil, err
	case etf.Equal(answer, etf.Atom("ok")):
		return append(started, args[0]), nil, nil
	}
	return started, etf.Tuple{args[0], answer.(etf.Tuple)[1]}, nil
}

// acGetEnv is application:get_env/2,3.
func (n *Node) acGetEnv(_ context.Context, args etf.List) (etf.Term, error) {
	app, _ := args[0].(etf.Atom)
	key, _ := args[1].(etf.Atom)
	value, ok := n.apps.env(app, key)
	switch {
	case ok && len(args) == 3:
		return value, nil
	case ok:
		return etf.Tuple{etf.Atom("ok"), value}, nil
	case len(args) == 3:
		return args[2], nil
	}
	return etf.Atom("undefined"), nil
}

// acGetAllEnv is application:get_all_env/1.
func (n *Node) acGetAllEnv(_ context.Context, args etf.List) (etf.Term, error) {
	app, _ := args[0].(etf.Atom)
	return sortedEnv(n.apps.allEnv(app)), nil
}

// acSetConfig is application:set_env/1,2.
func (n *Node) acSetConfig(ctx context.Context, args etf.List) (etf.Term, error) {
	answer, err := n.acCall(ctx, etf.Tuple{etf.Atom("set_env"), args[0], etf.List{}})
	if err == nil && !etf.Equal(answer, etf.Atom("ok")) {
		return nil, ErrBadArgument
	}
	return answer, err
}

// acSetEnv is application:set_env/3,4.
func (n *Node) acSetEnv(ctx context.Context, args etf.List) (etf.Term, error) {
	return n.acCall(ctx, etf.Tuple{etf.Atom("set_env"), args[0], args[1], args[2], etf.List{}})
}

// acUnsetEnv is application:unset_env/2,3.
func (n *Node) acUnsetEnv(ctx context.Context, args etf.List) (etf.Term, error) {
	return n.acCall(ctx, etf.Tuple{etf.Atom("unset_env"), args[0], args[1], etf.List{}})
}

// acGetKey is application:get_key/2.
func (n *Node) acGetKey(_ context.Context, args etf.List) (etf.Term, error) {
	for _, pair := range n.appKeys(args[0]) {
		if kv := pair.(etf.Tuple); etf.Equal(kv[0], args[1]) {
			return etf.Tuple{etf.Atom("ok"), kv[1]}, nil
		}
	}
	return etf.Atom("undefined"), nil
}

// acGetAllKey is application:get_all_key/1.
func (n *Node) acGetAllKey(_ context.Context, args etf.List) (etf.Term, error) {
	if keys := n.appKeys(args[0]); keys != nil {
		return etf.Tuple{etf.Atom("ok"), keys}, nil
	}
	return etf.Atom("undefined"), nil
}

// appKeys returns the keys of a loaded application, nil if there is none.
func (n *Node) appKeys(t etf.Term) etf.List {
	name, _ := t.(etf.Atom)
	app := n.apps.get(name)
	if app == nil {
		return nil
	}
	keys := app.keys()
	for i, pair := range keys {
		if etf.Equal(pair.(etf.Tuple)[0], etf.Atom("env")) {
			keys[i] = etf.Tuple{etf.Atom("env"), sortedEnv(n.apps.allEnv(name))}
		}
	}
	return keys
}

// acGetApplication is application:get_application/1, of a process or a module.
func (n *Node) acGetApplication(_ context.Context, args etf.List) (etf.Term, error) {
	var name etf.Atom
	switch t := args[0].(type) {
	case etf.Pid:
		if p := n.local(destination{pid: t}); p != nil {
			name = p.app
		}
	case etf.Atom:
		if app := n.apps.ofModule(t); app != nil {
			name = app.Name
		}
	default:
		return nil, failureAt(etf.Atom("function_clause"), "application", "get_application", args)
	}
	if name == "" {
		return etf.Atom("undefined"), nil
	}
	return etf.Tuple{etf.Atom("ok"), name}, nil
}
