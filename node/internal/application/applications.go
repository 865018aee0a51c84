package application

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
)

// Applications are the applications of a node, as its program starts and configures them: OTP's module application.
// The methods may be called from any goroutine.
type Applications struct{ s *System }

// Applications returns the applications for the program.
func (s *System) Applications() *Applications { return &Applications{s} }

// Load makes an application known to the controller, for Start and for application:start/1 from another node. The
// error is an *Error if there is one of that name, or a *releasehandler.Error if the running release has a file that
// cannot be read. application:load/1.
func (as *Applications) Load(app App) error {
	app, err := as.s.mergeSpec(app)
	if err != nil {
		return err
	}
	if !as.s.table.load(app) {
		return &Error{Reason: etf.Tuple{etf.Atom("already_loaded"), app.Name}}
	}
	return nil
}

// Provide tells which application the program has code of, without loading it. application:load/1,
// application:start/1 and the instruction add_application find it then, as OTP finds an .app file in the code path.
// Load and Start do that as well, and it outlives Unload. The error is that of Load for files that cannot be read.
func (as *Applications) Provide(app App) error {
	app, err := as.s.mergeSpec(app)
	if err == nil {
		as.s.table.provide(app)
	}
	return err
}

// Unload forgets an application that does not run, and the parameters that were set. The error is an *Error if it
// runs or is not loaded. application:unload/1.
func (as *Applications) Unload(ctx context.Context, name etf.Atom) error {
	return as.s.request(ctx, etf.Tuple{etf.Atom("unload_application"), name})
}

// Start loads an application, unless one of that name is loaded already, and starts the loaded one. It returns when
// its supervisor has started, or when ctx ends. Applications start one after the other, and the end of the node stops
// them in the reverse order, before everything else. The error is an *Error, or that of Load for files that cannot be
// read. application:start/2.
func (as *Applications) Start(ctx context.Context, app App) error {
	app, err := as.s.mergeSpec(app)
	if err != nil {
		return err
	}
	as.s.table.load(app)
	restart := app.Type
	if restart == "" {
		restart = Temporary
	}
	return as.s.request(ctx, etf.Tuple{etf.Atom("start_application"), app.Name, etf.Atom(restart)})
}

// Stop ends the processes of an application, its supervisor first, which ends the others in order. The error is an
// *Error if it does not run. application:stop/1.
func (as *Applications) Stop(ctx context.Context, name etf.Atom) error {
	return as.s.request(ctx, etf.Tuple{etf.Atom("stop_application"), name})
}

// Change gives a loaded application another description, as a new release does. Its processes stay as they are, and
// parameters that were set at run time keep their values. The error is an *Error if it is not loaded.
// application_controller:change_application_data/2.
func (as *Applications) Change(app App) error {
	if !as.s.table.change(app) {
		return &Error{Reason: etf.Tuple{etf.Atom("not_loaded"), app.Name}}
	}
	return nil
}

// List returns the applications that run, the one that was started last first. The error is that of a call of
// application_controller. application:which_applications/0.
func (as *Applications) List(ctx context.Context) ([]Info, error) {
	answer, err := as.s.host.Call(ctx, ControllerName, etf.Atom("which_applications"))
	if err != nil {
		return nil, err
	}
	list, _ := answer.(etf.List)
	infos := make([]Info, 0, len(list))
	for _, t := range list {
		name, _ := t.(etf.Tuple)[0].(etf.Atom)
		if app := as.s.table.get(name); app != nil {
			infos = append(infos, app.info())
		}
	}
	return infos, nil
}

// Env returns a configuration parameter of an application; ok is false if it has none of that name.
// application:get_env/2.
func (as *Applications) Env(name, key etf.Atom) (value etf.Term, ok bool) {
	return as.s.table.env(name, key)
}

// SetEnv sets a configuration parameter; the application need not be loaded. application:set_env/3.
func (as *Applications) SetEnv(name, key etf.Atom, value etf.Term) {
	as.s.table.setEnv(name, key, value)
}

// UnsetEnv removes a configuration parameter. application:unset_env/2.
func (as *Applications) UnsetEnv(name, key etf.Atom) { as.s.table.setEnv(name, key, nil) }

// request makes a request of application_controller and translates {error, Reason}.
func (s *System) request(ctx context.Context, request etf.Term) error {
	answer, err := s.host.Call(ctx, ControllerName, request)
	if err != nil {
		return err
	}
	if t, ok := etf.AsTuple(answer, "error", 2); ok {
		return &Error{Reason: t[1]}
	}
	return nil
}
