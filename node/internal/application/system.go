package application

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Host is what the applications of a node ask of it.
type Host interface {
	// Call calls a gen_server of the node.
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
	// SpawnMaster starts the master of an application, linked to the controller, in a goroutine of the node. Everything
	// that the master starts belongs to the application. The node casts what outcome returns to the controller.
	SpawnMaster(controller etf.Pid, app etf.Atom, master genserv.Module, outcome func(etf.Pid, error) etf.Term)
	// ApplicationOf returns the application that a process belongs to, "" for none.
	ApplicationOf(pid etf.Pid) etf.Atom
	// KillProcesses kills the processes of an application, except for one.
	KillProcesses(app etf.Atom, except etf.Pid)
	// Fail ends the node by itself.
	Fail(reason etf.Term)
	// Attend calls a function of the user in a goroutine that the end of the node waits for. It returns what f returns or
	// panics with, or the cause of the end of ctx.
	Attend(ctx context.Context, f func() error) error
}

// Resource returns what the running release says of an application: its file NAME.app, {application, Name, Keys}, and
// its sys.config. spec is nil if the release does not have the application.
type Resource func(name etf.Atom) (spec, config etf.Term, err error)

// System are the applications of one node: their table, and the process application_controller. The node makes one
// before its first process starts.
type System struct {
	host     Host
	stopped  context.Context // ends when the node stops
	table    table
	resource Resource // nil without releases

	kernelEnv map[etf.Atom]etf.Term // parameters of kernel
}

// New returns the applications of a node. ctx ends when the node stops.
func New(ctx context.Context, host Host) *System { return &System{host: host, stopped: ctx} }

// UseReleases has the running release override what the program says of its applications.
func (s *System) UseReleases(r Resource) { s.resource = r }

// SetKernelEnv sets what the configuration of the node means for the parameters of kernel. It is called before the
// controller starts.
func (s *System) SetKernelEnv(env map[etf.Atom]etf.Term) { s.kernelEnv = env }

// Controller is the callback module of the process ControllerName.
func (s *System) Controller() genserv.Module { return genserv.Of(controller{s}) }

// IsController reports whether a callback module is that of application_controller.
func IsController(module genserv.Module) bool {
	_, ok := module.Server().(controller)
	return ok
}

// IsMaster reports whether a callback module is that of an application master.
func IsMaster(module genserv.Module) bool {
	_, ok := module.Server().(master)
	return ok
}

// mergeSpec returns app with what the running release says of it.
func (s *System) mergeSpec(app App) (App, error) {
	if _, err := etf.NewAtom(string(app.Name)); app.Name == "" || err != nil {
		return app, &Error{Reason: etf.Tuple{etf.Atom("bad_application"), etf.Binary(app.Name)}}
	}
	if s.resource == nil {
		return app, nil
	}
	spec, config, err := s.resource(app.Name)
	if spec == nil || err != nil {
		return app, err
	}
	_, keys, ok1 := parseAppSpec(spec)
	parameters, ok2 := parseConfig(config)
	if !ok1 || !ok2 {
		return app, &Error{Reason: etf.Tuple{etf.Atom("bad_application"), etf.Tuple{spec, config}}}
	}
	app.applySpec(keys, parameters)
	return app, nil
}
