package node

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Terminate orders a server to end with the given reason and waits until it has ended. The server runs its Terminate
// callback. A nil reason is normal. to is what Call takes. The errors are those of Call: genserv.ErrNoProc if there
// was no such process, a *genserv.Exit if it ended for another reason, genserv.ErrTimeout if ctx ended first. After a
// time-out the server may still end. gen_server:stop/3.
func (n *Node) Terminate(ctx context.Context, to, reason etf.Term) error {
	return n.terminate(ctx, caller{pid: n.self}, to, reason)
}

// terminate is proc_lib:stop/3: the answer confirms that the server has received the order, its DOWN that it has
// ended.
func (n *Node) terminate(ctx context.Context, from caller, to, reason etf.Term) error {
	if reason == nil {
		reason = normal
	}
	d, err := n.locate(ctx, to)
	if err != nil {
		return err
	}
	end := n.newCall(from)
	m := &outboundMonitor{ref: end.ref, from: from.pid, call: end}
	if err := n.setMonitor(ctx, m, d); err != nil {
		return callFailed(ctx, to, err)
	}
	defer n.removeMonitor(m)
	n.yieldReaderOf(from)
	_, err = n.callTo(ctx, from, to, d, func(tag etf.Term) etf.Term {
		return driver.SystemMessage(from.pid, tag, etf.Tuple{etf.Atom("terminate"), reason})
	})
	if err == nil {
		_, err = n.await(ctx, from, end, to)
	}
	var exit *genserv.Exit
	if errors.As(err, &exit) && etf.Equal(exit.Reason, reason) {
		return nil // also if it ended before it answered, as since OTP 28
	}
	return err
}
