package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// dbg returns the function of dbg that other nodes spawn: with the parent and the receiver of traces, since OTP 27 with
// the name of a session before them.
func (o operator) dbg() []function {
	return []function{{"do_relay", 2, shows, o.doRelay}, {"do_relay", 3, shows, o.doRelay}}
}

// doRelay is dbg:do_relay/2 and /3, which a node spawns for dbg:n/1 and etop. It tells that it has started, for the
// parent waits for that without a limit, and says through the group leader that nothing can be traced. It ends with
// the parent, to which it is linked.
func (o operator) doRelay(ctx context.Context, args etf.List) (etf.Term, error) {
	p := kernel.ProcessOf(ctx)
	if p == nil {
		return nil, kernel.ErrBadArgument
	}
	p.TrapExit(true)
	started := etf.Tuple{etf.Atom("started"), p.Self()}
	if len(args) == 3 {
		started = append(started, etf.Atom("undefined")) // there is no session
	}
	p.Send(args[len(args)-2], started)
	o.print(p, "dbg: "+string(o.host.Name())+" is a Go node: its functions cannot be traced\n")
	p.Receive(genserv.Infinity, func(msg etf.Term) bool {
		_, ended := etf.AsTuple(msg, "EXIT", 3)
		return ended
	})
	return etf.Atom("ok"), nil
}

// relayOfFun is what dbg of OTP 23 spawns: a fun that calls dbg:do_relay/2 with its two variables, in an order of the
// compiler. The parent is the one that the process is linked to.
func (o operator) relayOfFun(ctx context.Context, f *etf.Fun) (etf.Term, error) {
	parent, receiver := f.Free[0], f.Free[1]
	if p := kernel.ProcessOf(ctx); p != nil {
		links, _ := o.host.Process(p.Self()).Info("links").(etf.List)
		if len(links) == 1 && etf.Equal(links[0], receiver) {
			parent, receiver = receiver, parent
		}
	}
	return o.doRelay(ctx, etf.List{parent, receiver})
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
