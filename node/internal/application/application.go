package application

import (
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// App is an application of OTP: what its resource file NAME.app says, and the supervisor at its top. On a node with
// Config.Upgrade that file and sys.config of the running release override these fields.
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
	// Type says what the end of the application means for the node; "" means Temporary.
	Type Type
}

// Type is the restart type of an application, the second argument of application:start/2.
type Type string

const (
	Temporary Type = "temporary" // the end of the application is logged
	Transient Type = "transient" // another end than normal stops the node
	Permanent Type = "permanent" // every end stops the node
)

// Error says why a request about an application was refused, with the reason that OTP gives: {already_started, Name},
// {not_started, Name}, {already_loaded, Name}, {running, Name}, or why the start failed.
type Error struct{ Reason etf.Term }

func (e *Error) Error() string {
	return "node: application: " + etf.FormatMax(e.Reason, 1000)
}

// Info is an application as application:which_applications/0 lists it.
type Info struct {
	Name             etf.Atom
	Description, Vsn string
}

func (a *App) info() Info {
	return Info{Name: a.Name, Description: a.Description, Vsn: a.Vsn}
}

// term returns {Name, Description, Vsn}.
func (i Info) term() etf.Term {
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
		etf.Tuple{etf.Atom("modules"), etf.Atoms(a.Modules...)},
		etf.Tuple{etf.Atom("maxP"), infinity},
		etf.Tuple{etf.Atom("maxT"), infinity},
		etf.Tuple{etf.Atom("registered"), etf.Atoms(a.Registered...)},
		etf.Tuple{etf.Atom("included_applications"), etf.List{}},
		etf.Tuple{etf.Atom("optional_applications"), etf.List{}},
		etf.Tuple{etf.Atom("applications"), etf.Atoms(a.Applications...)},
		etf.Tuple{etf.Atom("env"), etf.List{}},
		etf.Tuple{etf.Atom("mod"), a.mod()},
		etf.Tuple{etf.Atom("start_phases"), etf.Atom("undefined")},
	}
}

const (
	kernel = etf.Atom("kernel")
	normal = etf.Atom("normal")
)

// emulated are the applications that every release of OTP runs: kernel and stdlib, and sasl, whose reports and
// release handler are part of this module. Others ask for their versions to know what a node can do, and applications
// name them as those that have to run before, so they are listed with the versions of the OTP release whose behaviour
// this module follows (OTP 25.2).
var emulated = []App{
	{Name: kernel, Description: "ERTS  CXC 138 10", Vsn: "8.5.3"},
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
