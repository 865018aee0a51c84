package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// serviceNames are the processes that every node of a cluster is expected to have.
var serviceNames = []etf.Atom{"net_kernel", "rex", controllerName, "release_handler"}

// startServices starts them, and makes the functions known that every node has.
func (n *Node) startServices(ctx context.Context) error {
	n.exportBIFs()
	n.exportNodes()
	n.exportApplication()
	n.exportSys()
	n.exportSupervisor()
	for name, module := range map[etf.Atom]genserv.Module{
		"net_kernel":   genserv.Of(netKernel{}),
		"rex":          genserv.Of(rex{n}),
		controllerName: genserv.Of(controller{n}),
	} {
		if _, err := n.Spawn(ctx, name, module, nil); err != nil {
			return err
		}
	}
	if n.releases == nil {
		return nil
	}
	_, err := n.Spawn(ctx, "release_handler", genserv.Of(releaseHandler{n}), nil)
	return err
}

// netKernel answers what other nodes ask the process net_kernel. net_adm:ping/1 takes anything but yes for a refusal, and
// then disconnects.
type netKernel struct{}

func (netKernel) ModuleName() etf.Atom { return "net_kernel" }

func (netKernel) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

// HandleCall serves {is_auth, Node}. Everything else is left without an answer, as net_kernel:handle_call/3 does.
func (netKernel) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	if t, ok := request.(etf.Tuple); ok && len(t) == 2 && t[0] == etf.Term(etf.Atom("is_auth")) {
		return genserv.Reply(etf.Atom("yes"), s)
	}
	return genserv.NoReply(s)
}

func (netKernel) HandleCast(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}

func (netKernel) HandleInfo(_ *genserv.Process, _ etf.Term, s struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(s)
}
