package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// The requests of a process, by which world implements driver.Client, end early when the process is killed meanwhile,
// for its goroutine would wait for nobody.

func (w world) caller() caller { return caller{pid: w.p.pid, process: w.p, gone: w.p.done()} }

func (w world) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return w.p.n.call(ctx, w.caller(), to, request)
}

func (w world) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom,
	request etf.Term) ([]genserv.NodeReply, []etf.Atom) {
	return w.p.n.multiCall(ctx, w.caller(), nodes, name, request)
}

func (w world) Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) []etf.Atom {
	return w.p.n.abcast(ctx, w.caller(), nodes, name, request)
}

func (w world) StopServer(ctx context.Context, to, reason etf.Term) error {
	return w.p.n.stopServer(ctx, w.caller(), to, reason)
}

func (w world) Locate(ctx context.Context, to etf.Term) (etf.Term, error) {
	w.p.letGo()
	d, err := w.p.n.locate(ctx, to)
	switch {
	case err != nil:
		return nil, err
	case d.pid != (etf.Pid{}):
		return d.pid, nil
	}
	return to, nil
}
