package node

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// sysTimeout is that of the functions of sys and of supervisor:which_children/1.
const sysTimeout = 5 * time.Second

// exportSys exports the functions of sys by which operators suspend, change and look into a server; over rpc they are
// about the servers of this node.
func (n *Node) exportSys() {
	for name, args := range map[etf.Atom]int{"suspend": 0, "resume": 0, "get_state": 0, "get_status": 0,
		"change_code": 3} {
		n.Export("sys", name, 1+args, func(ctx context.Context, list etf.List) (etf.Term,
			error) {
			return n.sys(ctx, name, list, sysTimeout)
		})
		n.Export("sys", name, 2+args, func(ctx context.Context, list etf.List) (etf.Term, error) {
			limit := genserv.Infinity
			if ms, ok := list[1+args].(etf.Int); ok && ms >= 0 && ms <= 1<<32 {
				limit = time.Duration(ms) * time.Millisecond
			} else if !etf.IsAtom(list[1+args], "infinity") {
				return nil, ErrBadArgument
			}
			return n.sys(ctx, name, list[:1+args], limit)
		})
	}
}

// sys is sys:Name(Server, Args...).
func (n *Node) sys(ctx context.Context, name etf.Atom, list etf.List, limit time.Duration) (etf.Term, error) {
	var request etf.Term = name
	if len(list) > 1 {
		request = append(etf.Tuple{name}, list[1:]...)
	}
	if limit != genserv.Infinity {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	answer, err := n.systemCall(ctx, list[0], request)
	if err != nil {
		return nil, &genserv.Exit{Reason: etf.Tuple{genserv.ExitReason(err), etf.Tuple{etf.Atom("sys"), name, list}}}
	}
	if t, ok := answer.(etf.Tuple); ok && name == "get_state" && len(t) == 2 && etf.IsAtom(t[0], "ok") {
		return t[1], nil
	}
	return answer, nil
}

// systemCall sends {system, From, Request} and waits for the answer: sys:send_system_msg/2.
func (n *Node) systemCall(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	d, err := n.locate(ctx, to)
	if err != nil {
		return nil, err
	}
	from := caller{pid: n.self}
	n.yieldReaderOf(from)
	return n.callTo(ctx, from, to, d, func(tag etf.Term) etf.Term { return driver.SystemMessage(n.self, tag, request) })
}

// exportSupervisor exports the functions of supervisor that change or show a tree.
func (n *Node) exportSupervisor() {
	for name, args := range map[etf.Atom]int{"which_children": 0, "count_children": 0,
		"start_child": 1, "terminate_child": 1, "restart_child": 1, "delete_child": 1, "get_childspec": 1} {
		n.Export("supervisor", name, 1+args, func(ctx context.Context, list etf.List) (etf.Term, error) {
			var request etf.Term = name
			if args > 0 {
				request = etf.Tuple{name, list[1]}
			}
			answer, err := n.call(ctx, caller{pid: n.self}, list[0], request)
			if err != nil {
				return nil, &genserv.Exit{Reason: etf.Tuple{genserv.ExitReason(err),
					etf.Tuple{etf.Atom("gen_server"), etf.Atom("call"), etf.List{list[0], request, etf.Atom("infinity")}}}}
			}
			return answer, nil
		})
	}
}
