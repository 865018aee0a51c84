package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// dbg returns the function of dbg that other nodes spawn.
func (o operator) dbg() []function {
	return []function{{"do_relay", 2, shows, o.doRelay}}
}

// doRelay is dbg:do_relay/2, which a node spawns for dbg:n/1 and etop. It tells that it has started, for the parent
// waits for that without a limit, and says through the group leader that nothing can be traced. It ends with the
// parent, to which it is linked.
func (o operator) doRelay(ctx context.Context, args etf.List) (etf.Term, error) {
	p := kernel.ProcessOf(ctx)
	if p == nil {
		return nil, kernel.ErrBadArgument
	}
	p.TrapExit(true)
	p.Send(args[0], etf.Tuple{etf.Atom("started"), p.Self()})
	o.print(p, "dbg: "+string(o.host.Name())+" is a Go node: its functions cannot be traced\n")
	p.Receive(genserv.Infinity, func(msg etf.Term) bool {
		_, ended := etf.AsTuple(msg, "EXIT", 3)
		return ended
	})
	return etf.Atom("ok"), nil
}

// print writes a line through the group leader of the process, as io:put_chars/1 does. It does not wait for the answer.
func (o operator) print(p *genserv.Process, text string) {
	self := o.host.Process(p.Self())
	if self == nil {
		return
	}
	ref, err := p.MakeRef()
	if err != nil {
		return
	}
	request := etf.Tuple{etf.Atom("put_chars"), etf.Atom("unicode"), etf.Binary(text)}
	p.Send(self.Info("group_leader"), etf.Tuple{etf.Atom("io_request"), p.Self(), ref, request})
}
