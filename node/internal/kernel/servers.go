package kernel

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// SysTimeout is that of the functions of sys and of supervisor:which_children/1.
const SysTimeout = 5 * time.Second

// exportSys exports the functions of sys by which operators suspend, change and look into a server; over rpc they are
// about the servers of this node.
func exportSys(functions *Functions, servers Servers) {
	for name, args := range map[etf.Atom]int{"suspend": 0, "resume": 0, "get_state": 0, "get_status": 0,
		"change_code": 3, "statistics": 1, "log": 1, "trace": 1, "log_to_file": 1, "no_debug": 0} {
		functions.Set("sys", name, 1+args, func(ctx context.Context, list etf.List) (etf.Term, error) {
			return sys(ctx, servers, name, list, SysTimeout)
		})
		functions.Set("sys", name, 2+args, func(ctx context.Context, list etf.List) (etf.Term, error) {
			limit := genserv.Infinity
			if ms, ok := list[1+args].(etf.Int); ok && ms >= 0 && ms <= 1<<32 {
				limit = time.Duration(ms) * time.Millisecond
			} else if !etf.IsAtom(list[1+args], "infinity") {
				return nil, ErrBadArgument
			}
			return sys(ctx, servers, name, list[:1+args], limit)
		})
	}
}

// sys is sys:Name(Server, Args...).
func sys(ctx context.Context, servers Servers, name etf.Atom, list etf.List, limit time.Duration) (etf.Term, error) {
	var request etf.Term = name
	if len(list) > 1 {
		request = append(etf.Tuple{name}, list[1:]...)
	}
	switch name {
	case "statistics", "log", "trace", "log_to_file", "no_debug":
		request = etf.Tuple{etf.Atom("debug"), request}
	}
	if limit != genserv.Infinity {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	answer, err := servers.CallSystem(ctx, list[0], request)
	if err != nil {
		return nil, ExitOf(err, "sys", name, list)
	}
	if t, ok := answer.(etf.Tuple); ok && name == "get_state" && len(t) == 2 && etf.IsAtom(t[0], "ok") {
		return t[1], nil
	}
	return answer, nil
}

// exportSupervisor exports the functions of supervisor that change or show a tree.
func exportSupervisor(functions *Functions, servers Servers) {
	for name, args := range map[etf.Atom]int{"which_children": 0, "count_children": 0,
		"start_child": 1, "terminate_child": 1, "restart_child": 1, "delete_child": 1, "get_childspec": 1} {
		functions.Set("supervisor", name, 1+args, func(ctx context.Context, list etf.List) (etf.Term, error) {
			var request etf.Term = name
			if args > 0 {
				request = etf.Tuple{name, list[1]}
			}
			answer, err := servers.CallServer(ctx, list[0], request)
			if err != nil {
				return nil, ExitOf(err, "gen_server", "call", etf.List{list[0], request, etf.Atom("infinity")})
			}
			return answer, nil
		})
	}
}

// ExitOf is exit({Reason, {M, F, A}}), as gen and sys raise it for a call that has failed.
func ExitOf(err error, module, function etf.Atom, args etf.List) error {
	return &genserv.Exit{Reason: etf.Tuple{genserv.ExitReason(err), etf.Tuple{module, function, args}}}
}
