package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// client makes requests for a process: it implements genserv.Client. They end early when the process is killed
// meanwhile, for its goroutine would wait for nobody.
type client struct{ p *process }

func (w world) Client() genserv.Client { return client(w) }

func (c client) caller() caller { return caller{pid: c.p.pid, process: c.p, gone: c.p.done()} }

func (c client) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return c.p.n.call(ctx, c.caller(), to, request)
}

func (c client) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom,
	request etf.Term) ([]genserv.NodeReply, []etf.Atom) {
	return c.p.n.multiCall(ctx, c.caller(), nodes, name, request)
}

func (c client) Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) []etf.Atom {
	return c.p.n.abcast(ctx, c.caller(), nodes, name, request)
}

func (c client) StopServer(ctx context.Context, to, reason etf.Term) error {
	return c.p.n.stopServer(ctx, c.caller(), to, reason)
}

func (c client) Locate(ctx context.Context, to etf.Term) (etf.Term, error) {
	c.p.letGo()
	d, err := c.p.n.locate(ctx, to)
	switch {
	case err != nil:
		return nil, err
	case d.pid != (etf.Pid{}):
		return d.pid, nil
	}
	return to, nil
}
