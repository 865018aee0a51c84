package operator

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// genServer returns the functions of gen_server by which others call servers of the node.
func (o operator) genServer() []function {
	return []function{
		{"call", 2, shows, o.genCall},
		{"call", 3, shows, o.genCall},
		{"cast", 2, shows, o.genCast},
		{"stop", 1, changes, o.genStop},
		{"stop", 3, changes, o.genStop},
	}
}

// timeout returns the limit that a term of Erlang means: milliseconds or infinity.
func timeout(t etf.Term) (time.Duration, bool) {
	if etf.IsAtom(t, "infinity") {
		return genserv.Infinity, true
	}
	ms, ok := t.(etf.Int)
	return time.Duration(ms) * time.Millisecond, ok && ms >= 0 && ms <= 1<<32
}

// limited returns a context that ends after d.
func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == genserv.Infinity {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// genCall is gen_server:call/2,3.
func (o operator) genCall(ctx context.Context, args etf.List) (etf.Term, error) {
	limit := 5 * time.Second // of gen_server:call/2
	if len(args) == 3 {
		var ok bool
		if limit, ok = timeout(args[2]); !ok {
			return nil, raise(etf.Atom("badarg"), "gen_server", "call", args)
		}
	}
	ctx, cancel := limited(ctx, limit)
	defer cancel()
	answer, err := o.host.CallServer(ctx, args[0], args[1])
	if err != nil {
		return nil, kernel.ExitOf(err, "gen_server", "call", args)
	}
	return answer, nil
}

// genCast is gen_server:cast/2, which never fails.
func (o operator) genCast(ctx context.Context, args etf.List) (etf.Term, error) {
	_ = o.host.Send(ctx, args[0], driver.CastMessage(args[1]))
	return etf.Atom("ok"), nil
}

// genStop is gen_server:stop/1,3.
func (o operator) genStop(ctx context.Context, args etf.List) (etf.Term, error) {
	limit, reason := genserv.Infinity, etf.Term(etf.Atom("normal"))
	if len(args) == 3 {
		var ok bool
		if limit, ok = timeout(args[2]); !ok {
			return nil, kernel.ErrBadArgument
		}
		reason = args[1]
	}
	ctx, cancel := limited(ctx, limit)
	defer cancel()
	if err := o.host.Terminate(ctx, args[0], reason); err != nil {
		return nil, &genserv.Exit{Reason: genserv.ExitReason(err)}
	}
	return etf.Atom("ok"), nil
}
