package kernel

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

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
