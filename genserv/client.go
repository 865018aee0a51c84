package genserv

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// NodeReply is one answer to MultiCall: Node, and the Reply of its server.
type NodeReply = driver.NodeReply

// Cast sends a request without waiting for an answer, to what Send takes, or to {global, Name}, for which a connected
// node has to be asked first. Nobody learns whether it arrived; for mistakes of the caller see Send.
// gen_server:cast/2.
func (p *Process) Cast(to, request etf.Term) {
	whom, err := p.locate(context.Background(), to)
	if err == nil {
		err = p.proc.Send(whom, driver.CastMessage(request))
	}
	if err != nil && !errors.Is(err, ErrNoProc) && !errors.Is(err, ErrNoConnection) {
		p.logNotSent("cast not sent", to, err)
	}
}

// WithInfinity returns a context like ctx with which Call and MultiCall wait for as long as it takes, if ctx has no
// deadline: the time-out infinity of gen_server:call/3. Without it they wait for as long as the node says,
// node.Config.CallTimeout.
func WithInfinity(ctx context.Context) context.Context { return driver.WithInfinity(ctx) }

// Call calls a gen_server and waits for its answer until ctx ends. A ctx without a deadline ends after five seconds
// here, as gen_server:call/2 does, or after node.Config.CallTimeout; for ever is WithInfinity. to is what Send takes
// except for an alias, or {global, Name}. Nothing else happens in this process meanwhile. A late answer is dropped.
//
// The error matches ErrNoProc, ErrNoConnection, ErrTimeout or ErrCallingSelf, or is an *Exit with the reason of the
// process that ended before it answered.
func (p *Process) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	whom, err := p.locate(ctx, to)
	if err != nil {
		return nil, err
	}
	return p.proc.Call(ctx, whom, orUndefined(request))
}

// MultiCall calls the server registered as name on all the nodes at once and waits for all of them, or until ctx
// ends. A ctx without a deadline ends here when it does in Call; gen_server:multi_call/3 waits for ever. Nodes that
// did not answer are in bad, whatever the reason; both results keep the order of nodes. gen_server:multi_call/4.
func (p *Process) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom,
	request etf.Term) (replies []NodeReply, bad []etf.Atom) {
	return p.proc.MultiCall(ctx, nodes, name, orUndefined(request))
}

// Abcast casts to the server registered as name on all the nodes and returns those that could not be reached. It
// connects to them side by side, until ctx ends. gen_server:abcast/3.
func (p *Process) Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (bad []etf.Atom) {
	return p.proc.Abcast(ctx, nodes, name, orUndefined(request))
}

// Terminate orders another server to end with a reason, normal if it is nil, by way of its Terminate, and waits
// until it has. The errors are those of Call: ErrNoProc if there was none, an *Exit if it ended for another reason,
// ErrTimeout if ctx ended first, in which case it may still end. gen_server:stop/3.
func (p *Process) Terminate(ctx context.Context, to, reason etf.Term) error {
	whom, err := p.locate(ctx, to)
	if err != nil {
		return err
	}
	return p.proc.Terminate(ctx, whom, reason)
}

// locate makes a pid of a global name. {via, Module, Name} is refused by it too.
func (p *Process) locate(ctx context.Context, to etf.Term) (etf.Term, error) {
	if t, ok := to.(etf.Tuple); ok && len(t) > 0 && (etf.IsAtom(t[0], "global") || etf.IsAtom(t[0], "via")) {
		return p.proc.Locate(ctx, to)
	}
	return to, nil
}
