package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/application"
)

// App is an application of OTP: what its resource file NAME.app says, and the supervisor at its top. On a node with
// Config.Upgrade that file and sys.config of the running release override these fields.
type App = application.App

// AppType is the restart type of an application, the second argument of application:start/2.
type AppType = application.Type

const (
	AppTemporary = application.Temporary // the end of the application is logged
	AppTransient = application.Transient // another end than normal stops the node
	AppPermanent = application.Permanent // every end stops the node
)

// AppInfo is an application as application:which_applications/0 lists it.
type AppInfo = application.Info

// ApplicationError says why a request about an application was refused, with the reason that OTP gives:
// {already_started, Name}, {not_started, Name}, {already_loaded, Name}, {running, Name}, or why the start failed.
type ApplicationError = application.Error

// Applications are the applications of a node, as its program starts and configures them: OTP's module application.
type Applications = application.Applications

// Applications returns the applications of the node.
func (n *Node) Applications() *Applications { return n.apps.Applications() }

// exportApplication makes the functions of the module application known.
func (n *Node) exportApplication() {
	for name, arities := range n.apps.Functions() {
		for arity, f := range arities {
			n.Export("application", name, arity, n.detached(f))
		}
	}
}

// appHost is the node as its applications see it: it implements application.Host.
type appHost struct{ n *Node }

// Call implements application.Host.
func (h appHost) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return h.n.call(ctx, caller{pid: h.n.self}, to, request) // with infinity, as application does
}

// SpawnMaster implements application.Host.
func (h appHost) SpawnMaster(controller etf.Pid, app etf.Atom, master genserv.Module,
	outcome func(etf.Pid, error) etf.Term) {
	parent := h.n.registry.byPid(controller)
	h.n.goChild(func() {
		pid, err := h.n.spawn(h.n.ctx, spawnOptions{module: master, parent: parent, app: app, inside: true})
		parent.deliver(driver.CastMessage(outcome(pid, err)))
	})
}

// ApplicationOf implements application.Host.
func (h appHost) ApplicationOf(pid etf.Pid) etf.Atom {
	if p := h.n.local(destination{pid: pid}); p != nil {
		return p.app
	}
	return ""
}

// KillProcesses implements application.Host.
func (h appHost) KillProcesses(app etf.Atom, except etf.Pid) {
	for _, p := range h.n.registry.all() {
		if p.app == app && p.pid != except {
			p.exit(killed)
		}
	}
}

// Fail implements application.Host.
func (h appHost) Fail(reason etf.Term) { h.n.fail(reason) }

// Attend implements application.Host.
func (h appHost) Attend(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	if !h.n.goWork(func() {
		var err error
		if failure := genserv.Try(func() { err = f() }); failure != nil {
			err = failure
		}
		done <- err
	}) {
		return ErrStopped
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
