package main

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

// rpc does what rpc:call/4 does. It calls the server rex, which every node has.
func (u *upgrading) rpc(ctx context.Context, module, function etf.Atom, args ...etf.Term) (etf.Term, error) {
	request := etf.Tuple{etf.Atom("call"), module, function, etf.List(args), etf.Atom("user")}
	answer, err := u.n.Call(ctx, etf.Tuple{etf.Atom("rex"), u.peer}, request)
	if err != nil {
		return nil, err
	}
	if _, ok := etf.AsTuple(answer, "badrpc", 2); ok {
		return nil, &upgradeError{reason: answer}
	}
	return answer, nil
}

// undef reports whether an rpc failed because the function does not exist.
func undef(err error) bool {
	var failed *upgradeError
	if !errors.As(err, &failed) {
		return false
	}
	exit, _ := failed.reason.(etf.Tuple)[1].(etf.Tuple)
	if len(exit) != 2 {
		return false
	}
	reason, _ := exit[1].(etf.Tuple)
	return len(reason) == 2 && etf.IsAtom(reason[0], "undef")
}
