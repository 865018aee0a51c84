package node

import (
	"context"
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// App is an application of OTP: what its resource file NAME.app says, and the supervisor at its top. On a node with
// Config.Upgrade that file and sys.config of the running release go before what is written here.
type App struct {
	Name         etf.Atom
	Description  string
	Vsn          string
	Modules      []etf.Atom // the modules that belong to it
	Registered   []etf.Atom // the names of its processes
	Applications []etf.Atom // those that have to run before it
	Env          map[etf.Atom]etf.Term
	// Start is the supervisor at the top; without a Module the application is a library, which runs without processes.
	Start genserv.Child
	// ConfigChange is told which parameters an upgrade has changed, added and removed; it may be nil. An error is
	// reported and does not undo the upgrade. Module:config_change/3.
	ConfigChange func(changed, added map[etf.Atom]etf.Term, removed []etf.Atom) error
	// Stop is called when all processes of the application have ended; it may be nil. Module:stop/1.
	Stop func()
	// Type says what the end of the application means for the node; "" means AppTemporary.
	Type AppType
}

// AppType is the restart type of an application, the second argument of application:start/2.
type AppType string

const (
	AppTemporary AppType = "temporary" // the end of the application is logged
	AppTransient AppType = "transient" // another end than normal stops the node
	AppPermanent AppType = "permanent" // every end stops the node
)

// ApplicationError is what an application cannot do, with the reason that OTP gives: {already_started, Name},
// {not_started, Name}, {already_loaded, Name}, {running, Name}, or why the start failed.
type ApplicationError struct{ Reason etf.Term }

func (e *ApplicationError) Error() string {
	return "node: application: " + etf.FormatMax(e.Reason, 1000)
}

// AppInfo is an application as application:which_applications/0 tells of it.
type AppInfo struct {
	Name             etf.Atom
	Description, Vsn string
}

// LoadApplication makes an application known, for StartApplication and for application:start/1 from another node. The
// error is an *ApplicationError if there is one of that name, or a *codechange.Error if the running release has a
// file that cannot be read. application:load/1.
func (n *Node) LoadApplication(app App) error {
	app, err := n.described(app)
	if err != nil {
		return err
	}
	if !n.apps.load(app) {
		return &ApplicationError{Reason: etf.Tuple{etf.Atom("already_loaded"), app.Name}}
	}
	return nil
}

// KnowApplication tells which application the program has code of, without loading it: application:load/1,
// application:start/1 and the instruction add_application find it then, as OTP finds an .app file in the code path.
// LoadApplication and StartApplication do that as well, and it outlives UnloadApplication. The error is that of
// LoadApplication for files that cannot be read.
func (n *Node) KnowApplication(app App) error {
	app, err := n.described(app)
	if err == nil {
		n.apps.know(app)
	}
	return err
}

// UnloadApplication forgets an application that does not run, and the parameters that were set. application:unload/1.
func (n *Node) UnloadApplication(ctx context.Context, name etf.Atom) error {
	return n.askController(ctx, etf.Tuple{etf.Atom("unload_application"), name})
}

// StartApplication loads an application, unless one of that name is loaded already, and starts the loaded one. It
// returns when its supervisor has started, or when ctx ends. Applications start one after the other, and Stop ends
// them in the reverse order, before everything else. The error is an *ApplicationError, or that of LoadApplication
// for files that cannot be read. application:start/2.
func (n *Node) StartApplication(ctx context.Context, app App) error {
	app, err := n.described(app)
	if err != nil {
		return err
	}
	n.apps.load(app)
	kind := app.Type
	if kind == "" {
		kind = AppTemporary
	}
	return n.askController(ctx, etf.Tuple{etf.Atom("start_application"), app.Name, etf.Atom(kind)})
}

// StopApplication ends the processes of an application, its supervisor first, which ends the others in order.
// application:stop/1.
func (n *Node) StopApplication(ctx context.Context, name etf.Atom) error {
	return n.askController(ctx, etf.Tuple{etf.Atom("stop_application"), name})
}

// ChangeApplication gives a loaded application another description, as a new release does: its processes stay as they
// are, and parameters that were set at run time keep their values. application_controller:change_application_data/2.
func (n *Node) ChangeApplication(app App) error {
	if !n.apps.change(app) {
		return &ApplicationError{Reason: etf.Tuple{etf.Atom("not_loaded"), app.Name}}
	}
	return nil
}

// Applications lists the applications that run, the one that was started last first. application:which_applications/0.
func (n *Node) Applications(ctx context.Context) ([]AppInfo, error) {
	answer, err := n.Call(ctx, controllerName, etf.Atom("which_applications"))
	if err != nil {
		return nil, err
	}
	list, _ := answer.(etf.List)
	infos := make([]AppInfo, 0, len(list))
	for _, t := range list {
		name, _ := t.(etf.Tuple)[0].(etf.Atom)
		if app := n.apps.get(name); app != nil {
			infos = append(infos, app.info())
		}
	}
	return infos, nil
}

// ApplicationEnv returns a configuration parameter of an application. application:get_env/2.
func (n *Node) ApplicationEnv(name, key etf.Atom) (value etf.Term, ok bool) {
	return n.apps.env(name, key)
}

// SetApplicationEnv sets a configuration parameter; the application need not be loaded. application:set_env/3.
func (n *Node) SetApplicationEnv(name, key etf.Atom, value etf.Term) {
	n.apps.setEnv(name, key, value)
}

// UnsetApplicationEnv removes a configuration parameter. application:unset_env/2.
func (n *Node) UnsetApplicationEnv(name, key etf.Atom) { n.apps.setEnv(name, key, nil) }

// askController makes a request of application_controller and translates {error, Reason}.
func (n *Node) askController(ctx context.Context, request etf.Term) error {
	answer, err := n.Call(ctx, controllerName, request)
	if err != nil {
		return err
	}
	if t, ok := answer.(etf.Tuple); ok && len(t) == 2 && etf.Equal(t[0], etf.Atom("error")) {
		return &ApplicationError{Reason: t[1]}
	}
	return nil
}

func (a *App) info() AppInfo {
	return AppInfo{Name: a.Name, Description: a.Description, Vsn: a.Vsn}
}

// term returns {Name, Description, Vsn}.
func (i AppInfo) term() etf.Term {
	return etf.Tuple{i.Name, etf.Charlist(i.Description), etf.Charlist(i.Vsn)}
}

// mod returns the key mod of a resource file: {Module, Arguments}, [] for a library.
func (a *App) mod() etf.Term {
	if a.Start.Module == nil {
		return etf.List{}
	}
	args := a.Start.Args
	if args == nil {
		args = etf.List{}
	}
	return etf.Tuple{a.Start.Module.Name(), args}
}

// keys returns the keys of application:get_all_key/1, but for env, in its order.
func (a *App) keys() etf.List {
	infinity := etf.Atom("infinity")
	return etf.List{
		etf.Tuple{etf.Atom("description"), etf.Charlist(a.Description)},
		etf.Tuple{etf.Atom("id"), etf.List{}},
		etf.Tuple{etf.Atom("vsn"), etf.Charlist(a.Vsn)},
		etf.Tuple{etf.Atom("modules"), atomList(a.Modules)},
		etf.Tuple{etf.Atom("maxP"), infinity},
		etf.Tuple{etf.Atom("maxT"), infinity},
		etf.Tuple{etf.Atom("registered"), atomList(a.Registered)},
		etf.Tuple{etf.Atom("included_applications"), etf.List{}},
		etf.Tuple{etf.Atom("optional_applications"), etf.List{}},
		etf.Tuple{etf.Atom("applications"), atomList(a.Applications)},
		etf.Tuple{etf.Atom("env"), etf.List{}},
		etf.Tuple{etf.Atom("mod"), a.mod()},
		etf.Tuple{etf.Atom("start_phases"), etf.Atom("undefined")},
	}
}

func atomList(atoms []etf.Atom) etf.List {
	list := make(etf.List, len(atoms))
	for i, a := range atoms {
		list[i] = a
	}
	return list
}

const kernelName = etf.Atom("kernel")

// emulated are the applications that every release of OTP runs: kernel and stdlib, and sasl, whose reports and
// release handler are part of this module. Others ask for their versions to know what a node can do, and applications
// name them as those that have to run before, so they are listed with the versions of the OTP release whose behaviour
// this module follows (OTP 25.2).
var emulated = []App{
	{Name: kernelName, Description: "ERTS  CXC 138 10", Vsn: "8.5.3"},
	{Name: "stdlib", Description: "ERTS  CXC 138 10", Vsn: "4.2", Applications: []etf.Atom{"kernel"}},
	{Name: "sasl", Description: "SASL  CXC 138 11", Vsn: "4.2", Applications: []etf.Atom{"kernel", "stdlib"}},
}

// sortedEnv returns [{Key, Value}] in the order of the keys.
func sortedEnv(env map[etf.Atom]etf.Term) etf.List {
	list := make(etf.List, 0, len(env))
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, etf.Tuple{key, env[key]})
	}
	return list
}
