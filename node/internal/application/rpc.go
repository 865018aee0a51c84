package application

import (
	"context"
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Function is a function of the module application.
type Function = func(ctx context.Context, args etf.List) (etf.Term, error)

// Functions returns the functions of the module application by name and arity, which operators call by rpc. Those that
// are about the application of the caller, such as get_env/1, are left out: a caller by rpc belongs to none.
func (s *System) Functions() map[etf.Atom]map[int]Function {
	return map[etf.Atom]map[int]Function{
		"which_applications":  {0: s.pass("which_applications"), 1: s.whichApplications},
		"loaded_applications": {0: func(context.Context, etf.List) (etf.Term, error) { return s.loadedApplications(), nil }},
		"info":                {0: s.pass("info")},
		"start":               {1: s.start, 2: s.start},
		"ensure_started":      {1: s.ensureStarted, 2: s.ensureStarted},
		"ensure_all_started":  {1: s.ensureAllStarted, 2: s.ensureAllStarted},
		"stop":                {1: s.pass("stop_application")},
		"load":                {1: s.pass("load_application")},
		"unload":              {1: s.pass("unload_application")},
		"get_env":             {2: s.getEnv, 3: s.getEnv},
		"get_all_env":         {1: s.getAllEnv},
		"set_env":             {1: s.setConfig, 2: s.setConfig, 3: s.setEnv, 4: s.setEnv},
		"unset_env":           {2: s.unsetEnv, 3: s.unsetEnv},
		"get_key":             {2: s.getKey},
		"get_all_key":         {1: s.getAllKey},
		"get_application":     {1: s.getApplication},
	}
}

// pass passes a call on to application_controller.
func (s *System) pass(name etf.Atom) Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		var request etf.Term = name
		if len(args) > 0 {
			request = append(etf.Tuple{name}, args...)
		}
		return s.call(ctx, request)
	}
}

// call exits as gen_server:call/3 does if application_controller does not answer.
func (s *System) call(ctx context.Context, request etf.Term) (etf.Term, error) {
	answer, err := s.host.Call(ctx, ControllerName, request)
	if err == nil {
		return answer, nil
	}
	var reason etf.Term = etf.Atom("noproc")
	var exit *genserv.Exit
	switch {
	case errors.Is(err, genserv.ErrTimeout):
		reason = etf.Atom("timeout")
	case errors.As(err, &exit):
		reason = exit.Reason
	}
	call := etf.Tuple{etf.Atom("gen_server"), etf.Atom("call"), etf.List{ControllerName, request}}
	return nil, &genserv.Exit{Reason: etf.Tuple{reason, call}}
}

// whichApplications is application:which_applications/1.
func (s *System) whichApplications(ctx context.Context, args etf.List) (etf.Term, error) {
	if ms, ok := args[0].(etf.Int); ok && ms >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(min(ms, 1<<32))*time.Millisecond)
		defer cancel()
	} else if !etf.IsAtom(args[0], "infinity") {
		return nil, failure("function_clause", "which_applications", args)
	}
	return s.call(ctx, etf.Atom("which_applications"))
}

// failure is error(Reason) raised by a function of the module.
func failure(reason, function etf.Atom, args etf.List) error {
	return &genserv.Failure{Class: "error", Reason: reason,
		Stack: etf.List{etf.Tuple{etf.Atom("application"), function, args, etf.List{}}}}
}

// loadedApplications is application:loaded_applications/0.
func (s *System) loadedApplications() etf.Term {
	var list etf.List
	for _, app := range s.table.all() {
		list = append(list, app.info().term())
	}
	return list
}

// start is application:start/1,2.
func (s *System) start(ctx context.Context, args etf.List) (etf.Term, error) {
	var kind etf.Term = etf.Atom(Temporary)
	if len(args) == 2 {
		kind = args[1]
	}
	loaded, err := s.call(ctx, etf.Tuple{etf.Atom("load_application"), args[0]})
	if err != nil {
		return nil, err
	}
	if name, ok := args[0].(etf.Atom); !ok || s.table.get(name) == nil {
		return loaded, nil
	}
	return s.call(ctx, etf.Tuple{etf.Atom("start_application"), args[0], kind})
}

// ensureStarted is application:ensure_started/1,2.
func (s *System) ensureStarted(ctx context.Context, args etf.List) (etf.Term, error) {
	answer, err := s.start(ctx, args)
	if err == nil && isAlreadyStarted(answer, args[0]) {
		return etf.Atom("ok"), nil
	}
	return answer, err
}

func isAlreadyStarted(answer, name etf.Term) bool {
	return etf.Equal(answer, appError(etf.Tuple{etf.Atom("already_started"), name}))
}

// ensureAllStarted is application:ensure_all_started/1,2 for an application, or a list of them (OTP 26): those that
// have to run before it come first.
func (s *System) ensureAllStarted(ctx context.Context, args etf.List) (etf.Term, error) {
	wanted, ok := args[0].(etf.List)
	if !ok {
		wanted = args[:1]
	}
	var started etf.List
	var failed etf.Term
	var err error
	for i := 0; i < len(wanted) && failed == nil && err == nil; i++ {
		started, failed, err = s.startWithNeeded(ctx, append(etf.List{wanted[i]}, args[1:]...), started, nil)
	}
	switch {
	case err != nil:
		return nil, err
	case failed != nil:
		for i := len(started) - 1; i >= 0; i-- {
			if _, err := s.call(ctx, etf.Tuple{etf.Atom("stop_application"), started[i]}); err != nil {
				return nil, err
			}
		}
		return appError(failed), nil
	}
	return etf.Tuple{etf.Atom("ok"), append(etf.List{}, started...)}, nil
}

// startWithNeeded starts args[0] after the applications that it names. path has those that need it, so that
// applications that need each other are found.
func (s *System) startWithNeeded(ctx context.Context, args, started etf.List,
	path []etf.Term) (etf.List, etf.Term, error) {
	for _, above := range path {
		if etf.Equal(above, args[0]) {
			return started, etf.Tuple{args[0], etf.Atom("circular_dependency")}, nil
		}
	}
	if name, ok := args[0].(etf.Atom); ok {
		if app := s.table.get(name); app != nil {
			for _, before := range app.Applications {
				var failed etf.Term
				var err error
				deeper := append(etf.List{before}, args[1:]...)
				started, failed, err = s.startWithNeeded(ctx, deeper, started, append(path, args[0]))
				if failed != nil || err != nil {
					return started, failed, err
				}
			}
		}
	}
	answer, err := s.start(ctx, args)
	switch {
	case err != nil || isAlreadyStarted(answer, args[0]):
		return started, nil, err
	case etf.IsAtom(answer, "ok"):
		return append(started, args[0]), nil, nil
	}
	return started, etf.Tuple{args[0], answer.(etf.Tuple)[1]}, nil
}

// getEnv is application:get_env/2,3.
func (s *System) getEnv(_ context.Context, args etf.List) (etf.Term, error) {
	app, _ := args[0].(etf.Atom)
	key, _ := args[1].(etf.Atom)
	value, ok := s.table.env(app, key)
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

// getAllEnv is application:get_all_env/1.
func (s *System) getAllEnv(_ context.Context, args etf.List) (etf.Term, error) {
	app, _ := args[0].(etf.Atom)
	return sortedEnv(s.table.allEnv(app)), nil
}

// setConfig is application:set_env/1,2.
func (s *System) setConfig(ctx context.Context, args etf.List) (etf.Term, error) {
	answer, err := s.call(ctx, etf.Tuple{etf.Atom("set_env"), args[0], etf.List{}})
	if err == nil && !etf.IsAtom(answer, "ok") {
		return nil, failure("badarg", "set_env", args)
	}
	return answer, err
}

// setEnv is application:set_env/3,4.
func (s *System) setEnv(ctx context.Context, args etf.List) (etf.Term, error) {
	return s.call(ctx, etf.Tuple{etf.Atom("set_env"), args[0], args[1], args[2], etf.List{}})
}

// unsetEnv is application:unset_env/2,3.
func (s *System) unsetEnv(ctx context.Context, args etf.List) (etf.Term, error) {
	return s.call(ctx, etf.Tuple{etf.Atom("unset_env"), args[0], args[1], etf.List{}})
}

// getKey is application:get_key/2.
func (s *System) getKey(_ context.Context, args etf.List) (etf.Term, error) {
	for _, pair := range s.appKeys(args[0]) {
		if kv := pair.(etf.Tuple); etf.Equal(kv[0], args[1]) {
			return etf.Tuple{etf.Atom("ok"), kv[1]}, nil
		}
	}
	return etf.Atom("undefined"), nil
}

// getAllKey is application:get_all_key/1.
func (s *System) getAllKey(_ context.Context, args etf.List) (etf.Term, error) {
	if keys := s.appKeys(args[0]); keys != nil {
		return etf.Tuple{etf.Atom("ok"), keys}, nil
	}
	return etf.Atom("undefined"), nil
}

// appKeys returns the keys of a loaded application, nil if there is none.
func (s *System) appKeys(t etf.Term) etf.List {
	name, _ := t.(etf.Atom)
	app := s.table.get(name)
	if app == nil {
		return nil
	}
	keys := app.keys()
	for i, pair := range keys {
		if etf.Equal(pair.(etf.Tuple)[0], etf.Atom("env")) {
			keys[i] = etf.Tuple{etf.Atom("env"), sortedEnv(s.table.allEnv(name))}
		}
	}
	return keys
}

// getApplication is application:get_application/1, of a process or a module.
func (s *System) getApplication(_ context.Context, args etf.List) (etf.Term, error) {
	var name etf.Atom
	switch t := args[0].(type) {
	case etf.Pid:
		name = s.host.ApplicationOf(t)
	case etf.Atom:
		if app := s.table.ofModule(t); app != nil {
			name = app.Name
		}
	default:
		return nil, failure("function_clause", "get_application", args)
	}
	if name == "" {
		return etf.Atom("undefined"), nil
	}
	return etf.Tuple{etf.Atom("ok"), name}, nil
}
