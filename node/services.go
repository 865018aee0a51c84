package node

import (
	"context"
	"log/slog"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/supervisor"
)

// kernelSupName is the supervisor of the processes that every node of a cluster is expected to have.
const kernelSupName = etf.Atom("kernel_sup")

// startServices starts these processes, and makes the functions known that every node has. Whoever may call the node
// can end them, by an exit signal or a system message, so net_kernel, rex and release_handler are started anew, and
// without application_controller or their supervisor the node ends.
func (n *Node) startServices(ctx context.Context) error {
	n.exportBIFs()
	n.exportNodes()
	n.exportApplication()
	n.exportSys()
	n.exportSupervisor()
	if err := n.startNeeded(ctx, spawnOptions{name: application.ControllerName, module: n.apps.Controller()}); err != nil {
		return err
	}
	return n.startNeeded(ctx, spawnOptions{name: kernelSupName, module: supervisor.Of(kernelSup{n}), quiet: true})
}

// startNeeded starts a process whose end is that of the node: init of a BEAM calls it a kernel pid.
func (n *Node) startNeeded(ctx context.Context, o spawnOptions) error {
	pid, err := n.spawn(ctx, o)
	if err != nil {
		return err
	}
	p := n.registry.byPid(pid)
	if p == nil {
		return ErrStopped
	}
	n.goWork(func() {
		<-p.done()
		n.fail(etf.Tuple{etf.Atom("kernel_pid_terminated"), o.name, p.reason})
	})
	return nil
}

// kernelSup is the supervisor kernel_sup. Differs from OTP: its children know no state that would go with them, so
// that each is started anew by itself, where kernel_sup of OTP allows no restart and takes the BEAM with it.
type kernelSup struct{ n *Node }

const (
	kernelRestarts = 10
	kernelPeriod   = 10 * time.Second
	// serviceShutdown is that of rex in kernel.erl.
	serviceShutdown = 2 * time.Second
)

// ModuleName implements genserv.Namer.
func (kernelSup) ModuleName() etf.Atom { return "kernel" }

// Init implements supervisor.Supervisor.
func (s kernelSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	flags := supervisor.Flags{Strategy: supervisor.OneForOne, Intensity: kernelRestarts, Period: kernelPeriod}
	children := []supervisor.ChildSpec{
		service("net_kernel", genserv.Of(netKernel{})),
		service("rex", genserv.Of(rex(s))),
	}
	if s.n.releases != nil {
		children = append(children, service("release_handler", genserv.Of(releaseHandler(s))))
	}
	return flags, children, nil
}

func service(name etf.Atom, module genserv.Module) supervisor.ChildSpec {
	return supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(module).As(name), Shutdown: serviceShutdown}
}

// warnings passes on what is worth a warning: that the node has started its own processes is not worth a line.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }

// netKernel answers what other nodes ask the process net_kernel. net_adm:ping/1 takes anything but yes for a refusal,
// and then disconnects.
type netKernel struct{}

func (netKernel) ModuleName() etf.Atom { return "net_kernel" }

// Init traps exits, as net_kernel:init/1 does: whoever links itself to net_kernel may end.
func (netKernel) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

// HandleCall serves {is_auth, Node}, and refuses {spawn, M, F, A, GroupLeader} and its kin, by which OTP 23 starts
// processes on nodes that refuse its spawn requests. Everything else is left without an answer, as
// net_kernel:handle_call/3 does, and so is a call without a From, by which that crashes.
func (netKernel) HandleCall(
	_ *genserv.Process, request etf.Term, from genserv.From, s struct{},
) genserv.Result[struct{}] {
	t, ok := request.(etf.Tuple)
	if !ok || len(t) == 0 || from.Destination() == nil {
		return genserv.NoReply(s)
	}
	name, _ := t[0].(etf.Atom)
	switch {
	case name == "is_auth" && len(t) == 2:
		return genserv.Reply(etf.Atom("yes"), s)
	case (name == "spawn" || name == "spawn_link") && len(t) == 5, name == "spawn_opt" && len(t) == 7:
		// The answer of do_spawn/3 if the process cannot be started.
		return genserv.Reply(etf.Tuple{etf.Atom("EXIT"), etf.Tuple{etf.Atom("notsup"), etf.List{}}}, s)
	}
	return genserv.NoReply(s)
}

func (netKernel) HandleCast(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}

func (netKernel) HandleInfo(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}
