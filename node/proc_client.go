package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// proc implements driver.Client with the methods below. A request of a process ends early when the process is killed,
// because no callback would use its answer.

func (pr proc) caller() caller { return caller{pid: pr.p.pid, process: pr.p, ended: pr.p.done()} }

func (pr proc) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	ctx, release := pr.p.n.withCallTimeout(ctx)
	defer release()
	return pr.p.n.call(ctx, pr.caller(), to, request)
}

func (pr proc) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom,
	request etf.Term) ([]genserv.NodeReply, []etf.Atom) {
	ctx, release := pr.p.n.withCallTimeout(ctx)
	defer release()
	return pr.p.n.multiCall(ctx, pr.caller(), nodes, name, request)
}

func (pr proc) Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) []etf.Atom {
	return pr.p.n.abcast(ctx, pr.caller(), nodes, name, request)
}

func (pr proc) Terminate(ctx context.Context, to, reason etf.Term) error {
	return pr.p.n.terminate(ctx, pr.caller(), to, reason)
}

func (pr proc) Locate(ctx context.Context, to etf.Term) (etf.Term, error) {
	pr.p.yieldReader()
	d, err := pr.p.n.locate(ctx, to)
	switch {
	case err != nil:
		return nil, err
	case d.pid != (etf.Pid{}):
		return d.pid, nil
	}
	return to, nil
}
