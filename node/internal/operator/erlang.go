package operator

import (
	"context"
	"fmt"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// erlang returns the functions of the module erlang that kernel does not have.
func (o operator) erlang() []function {
	return slices.Concat(o.erlangFigures(), o.erlangTime(), []function{
		{"apply", 2, shows, o.applyFun},
		{"apply", 3, shows, o.apply},
		{"function_exported", 3, shows, o.functionExported},
		{"is_alive", 0, shows, value(etf.Bool(true))},
		{"system_info", 1, shows, o.systemInfo},
		{"system_flag", 2, changes, systemFlag},
		{"get_cookie", 0, changes, o.getCookie},
		{"get_cookie", 1, changes, o.getCookie},
		{"set_cookie", 1, changes, o.setCookie},
		{"set_cookie", 2, changes, o.setCookie},
		{"nodes", 2, shows, o.nodes},
		{"ports", 0, shows, value(etf.List{})},
		{"port_info", 1, shows, value(etf.Atom("undefined"))},
		{"port_info", 2, shows, value(etf.Atom("undefined"))},
		{"send", 2, shows, o.send},
		{"send", 3, shows, o.send},
		{"exit", 2, changes, o.exit},
		{"halt", 0, changes, o.halt},
		{"halt", 1, changes, o.halt},
		{"halt", 2, changes, o.halt},
		{"pid_to_list", 1, shows, o.pidToList},
		{"list_to_pid", 1, shows, o.listToPid},
		{"loaded", 0, shows, get(func() etf.Term { return etf.Atoms(o.host.Modules()...) })},
		{"module_loaded", 1, shows, o.moduleLoaded},
		{"group_leader", 0, shows, get(func() etf.Term { return o.host.Self() })},
	})
}

// apply is erlang:apply/3 of a function that is exported.
func (o operator) apply(ctx context.Context, args etf.List) (etf.Term, error) {
	module, ok1 := args[0].(etf.Atom)
	function, ok2 := args[1].(etf.Atom)
	list, ok3 := args[2].(etf.List)
	if !ok1 || !ok2 || !ok3 {
		return nil, kernel.ErrBadArgument
	}
	result, failure := o.host.Apply(ctx, module, function, list)
	if failure != nil {
		return nil, failure
	}
	return result, nil
}

// applyFun is erlang:apply/2. A fun of a module is undef, because its code is on another node; an external fun is run.
func (o operator) applyFun(ctx context.Context, args etf.List) (etf.Term, error) {
	list, ok := args[1].(etf.List)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	at := etf.Tuple{etf.Atom("erlang"), etf.Atom("apply"), etf.Int(2), etf.List{}}
	badFun := func(reason, what etf.Term) error {
		return &genserv.Failure{Class: "error", Reason: etf.Tuple{reason, what}, Stack: etf.List{at}}
	}
	switch f := args[0].(type) {
	case etf.Export:
		if int(f.Arity) != len(list) {
			return nil, badFun(etf.Atom("badarity"), etf.Tuple{f, list})
		}
		return o.apply(ctx, etf.List{f.Module, f.Function, list})
	case *etf.Fun:
		if f.Module == "dbg" && f.Arity == 0 && len(f.Free) == 2 && len(list) == 0 {
			return o.relayOfFun(ctx, f)
		}
		if int(f.Arity) != len(list) {
			return nil, badFun(etf.Atom("badarity"), etf.Tuple{f, list})
		}
		return nil, &genserv.Failure{Class: "error", Reason: etf.Atom("undef"),
			Stack: etf.List{etf.Tuple{f, list, etf.List{}}, at}}
	}
	return nil, badFun(etf.Atom("badfun"), args[0])
}

// functionExported is erlang:function_exported/3.
func (o operator) functionExported(_ context.Context, args etf.List) (etf.Term, error) {
	module, ok1 := args[0].(etf.Atom)
	function, ok2 := args[1].(etf.Atom)
	arity, ok3 := args[2].(etf.Int)
	if !ok1 || !ok2 || !ok3 || arity < 0 {
		return nil, kernel.ErrBadArgument
	}
	return etf.Bool(o.host.Exported(module, function, int(min(arity, maxArity+1)))), nil
}

// maxArity is the largest number of arguments of a function.
const maxArity = 255

// moduleLoaded is erlang:module_loaded/1.
func (o operator) moduleLoaded(_ context.Context, args etf.List) (etf.Term, error) {
	module, ok := args[0].(etf.Atom)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	return etf.Bool(o.isModule(module)), nil
}

// systemFlag is erlang:system_flag/2 of a flag that tools set before they look: it takes scheduler_wall_time, which is
// always on here. Every other flag is of the emulator.
func systemFlag(_ context.Context, args etf.List) (etf.Term, error) {
	if !etf.IsAtom(args[0], "scheduler_wall_time") {
		return nil, kernel.ErrBadArgument
	}
	return etf.Bool(true), nil
}

// getCookie is erlang:get_cookie/0,1. It needs the permission that changes need, because whoever asks may have a cookie
// of his own. Differs from OTP: the cookies of other nodes are not told.
func (o operator) getCookie(_ context.Context, args etf.List) (etf.Term, error) {
	if len(args) == 1 && !etf.IsAtom(args[0], o.host.Name()) {
		return nil, kernel.ErrBadArgument
	}
	return o.host.Cookie(), nil
}

// setCookie is erlang:set_cookie/1,2.
func (o operator) setCookie(_ context.Context, args etf.List) (etf.Term, error) {
	node := o.host.Name()
	cookie, ok := args[len(args)-1].(etf.Atom)
	if len(args) == 2 && ok {
		node, ok = args[0].(etf.Atom)
	}
	if !ok || o.host.SetCookie(node, cookie) != nil {
		return nil, kernel.ErrBadArgument
	}
	return etf.Bool(true), nil
}

// nodes is erlang:nodes/2 (OTP 25.1).
func (o operator) nodes(_ context.Context, args etf.List) (etf.Term, error) {
	wanted, ok := args[1].(etf.Map)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	for _, pair := range wanted {
		known := etf.IsAtom(pair.Key, "node_type") || etf.IsAtom(pair.Key, "connection_id")
		if !known || !etf.IsAtom(pair.Value, "true") && !etf.IsAtom(pair.Value, "false") {
			return nil, kernel.ErrBadArgument
		}
	}
	names, err := kernel.NodesOf(o.host, args[0])
	if err != nil {
		return nil, err
	}
	peers := map[etf.Atom]kernel.Peer{o.host.Name(): {Name: o.host.Name()}}
	for _, p := range o.host.Peers() {
		peers[p.Name] = p
	}
	list := etf.List{}
	for _, name := range names {
		list = append(list, etf.Tuple{name, o.nodeInfo(peers[name.(etf.Atom)], wanted)})
	}
	return list, nil
}

// nodeInfo returns what wanted asks about a node.
func (o operator) nodeInfo(p kernel.Peer, wanted etf.Map) etf.Map {
	info := etf.Map{}
	for _, pair := range wanted {
		if !etf.IsAtom(pair.Value, "true") {
			continue
		}
		var what etf.Term = etf.Int(p.ConnectionID)
		if p.Name == o.host.Name() {
			what = etf.Atom("undefined")
		}
		if etf.IsAtom(pair.Key, "node_type") {
			what = kindOf(p.Hidden)
			if p.Name == o.host.Name() {
				what = etf.Atom("this")
			}
		}
		info = append(info, etf.MapPair{Key: pair.Key, Value: what})
	}
	return info
}

func kindOf(hidden bool) etf.Atom {
	if hidden {
		return "hidden"
	}
	return "visible"
}

// send is erlang:send/2,3. The options of send/3 say that a sender does not wait, which none does here.
func (o operator) send(ctx context.Context, args etf.List) (etf.Term, error) {
	if name, ok := args[0].(etf.Atom); ok {
		if _, registered := o.host.Whereis(name); !registered {
			return nil, kernel.ErrBadArgument
		}
	}
	if err := o.host.Send(ctx, args[0], args[1]); err != nil {
		return nil, kernel.ErrBadArgument
	}
	if len(args) == 3 {
		return etf.Atom("ok"), nil
	}
	return args[1], nil
}

// exit is erlang:exit/2 of a process of this node.
func (o operator) exit(_ context.Context, args etf.List) (etf.Term, error) {
	pid, ok := args[0].(etf.Pid)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	o.host.Exit(pid, args[1])
	return etf.Bool(true), nil
}

// halt is erlang:halt/0,1,2: the node ends at once, its processes are killed. What the program does then is its own
// decision; node.Node.Done tells it.
func (o operator) halt(ctx context.Context, args etf.List) (etf.Term, error) {
	var reason etf.Term
	if len(args) > 0 && !etf.Equal(args[0], etf.Int(0)) {
		reason = etf.Tuple{etf.Atom("halt"), args[0]}
	}
	o.host.End(ctx, reason, true)
	return etf.Bool(true), nil
}

// pidToList is erlang:pid_to_list/1 as a shell on this node would print the pid: <0.Id.Serial> for its own processes.
func (o operator) pidToList(_ context.Context, args etf.List) (etf.Term, error) {
	pid, ok := args[0].(etf.Pid)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	if pid.Node != o.host.Name() {
		return etf.Charlist(etf.Format(pid)), nil
	}
	return etf.Charlist(o.pidText(pid)), nil
}

// pidText returns a pid of this node as text.
func (o operator) pidText(pid etf.Pid) string { return fmt.Sprintf("<0.%d.%d>", pid.ID, pid.Serial) }

// listToPid is erlang:list_to_pid/1 of a pid of this node.
func (o operator) listToPid(_ context.Context, args etf.List) (etf.Term, error) {
	text, ok := etf.AsCharlist(args[0])
	var id, serial uint32
	if _, err := fmt.Sscanf(text, "<0.%d.%d>", &id, &serial); !ok || err != nil ||
		text != fmt.Sprintf("<0.%d.%d>", id, serial) {
		return nil, kernel.ErrBadArgument
	}
	self := o.host.Self()
	return etf.Pid{Node: self.Node, ID: id, Serial: serial, Creation: self.Creation}, nil
}
