package kernel

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// SupervisorName is the supervisor of the processes that every node of a cluster is expected to have.
const SupervisorName = etf.Atom("kernel_sup")

const (
	// MaxRestarts is how many restarts of its processes within restartPeriod kernel_sup outlives.
	MaxRestarts   = 10
	restartPeriod = 10 * time.Second
	// serviceShutdown is that of rex in kernel.erl.
	serviceShutdown = 2 * time.Second
)

// Service is a process under kernel_sup.
type Service struct {
	Name   etf.Atom // under which it is registered
	Module genserv.Module
}

// Supervisor returns the callback module of kernel_sup, with net_kernel and rex as children, and more.
//
// Differs from OTP: its children know no state that would go with them, so that each is started anew by itself, where
// kernel_sup of OTP allows no restart and takes the BEAM with it.
func Supervisor(functions *Functions, runner Runner, more ...Service) genserv.Module {
	return supervisor.Of(&kernelSup{append([]Service{
		{"net_kernel", genserv.Of(netKernel{})},
		{"rex", genserv.Of(rex{functions, runner})},
	}, more...)})
}

// IsService reports whether a callback module is that of net_kernel or rex.
func IsService(module genserv.Module) bool {
	switch module.Server().(type) {
	case netKernel, rex:
		return true
	}
	return false
}

type kernelSup struct{ services []Service }

// ModuleName implements genserv.Namer.
func (*kernelSup) ModuleName() etf.Atom { return "kernel" }

// Init implements supervisor.Supervisor.
func (s *kernelSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	flags := supervisor.Flags{Strategy: supervisor.OneForOne, Intensity: MaxRestarts, Period: restartPeriod}
	var children []supervisor.ChildSpec
	for _, c := range s.services {
		children = append(children, supervisor.ChildSpec{ID: c.Name,
			Start: supervisor.StartLink(c.Module).As(c.Name), Shutdown: serviceShutdown})
	}
	return flags, children, nil
}
