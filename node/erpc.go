package node

import (
	"slices"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// spawnRequested serves SPAWN_REQUEST for the functions of erpc, which apply what Export made known. A function that is not
// known ends its process with undef, as it does in OTP. Differs from OTP: functions of Export, and funs, are refused to
// whoever wants a process that runs them, for signals to that process would reach nobody.
func (p *peer) spawnRequested(m *dist.SpawnRequest, payload etf.Term) {
	args, _ := payload.(etf.List)
	if !spawnOptionsKnown(m.Opts) {
		p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "badopt"}, nil)
		return
	}
	if m.Module == "erpc" && len(args) == m.Arity {
		switch {
		case m.Function == "execute_call" && m.Arity == 4 && p.spawn(m, func() etf.Term {
			return p.n.executeCall(args[0], args[1:])
		}):
			return
		case m.Function == "execute_cast" && m.Arity == 3 && p.spawn(m, func() etf.Term {
			p.n.executeCast(args)
			return normal
		}):
			return
		}
	}
	function := functionKey{m.Module, m.Function, m.Arity}
	if function != (functionKey{"erlang", "apply", 2}) && p.n.functions.get(function) == nil && p.spawn(m, func() etf.Term {
		reason := failureAt(etf.Atom("undef"), function.module, function.function, args).ExitReason()
		p.n.log.Error("spawned process ended", "reason", genserv.LogTerm{Term: reason})
		return reason
	}) {
		return
	}
	p.send(&dist.SpawnReply{Ref: m.Ref, To: m.From, Error: "notsup"}, nil)
}

// spawn runs f as the process that was asked for: in a goroutine, under a pid of its own, with the result of f as its exit
// reason. Nobody but the asker knows the pid, so that the monitor of the request is all there is to it.
func (p *peer) spawn(m *dist.SpawnRequest, f func() etf.Term) bool {
	link, monitor, ref, from := hasOption(m.Opts, "link"), hasOption(m.Opts, "monitor"), m.Ref, m.From // m belongs to the reader
	return p.n.goWork(func() {
		number, ok := p.n.registry.reserve()
		if !ok {
			p.send(&dist.SpawnReply{Ref: ref, To: from, Error: "system_limit"}, nil)
			return
		}
		defer p.n.registry.release(number)
		pid := p.n.pid(number)
		p.send(&dist.SpawnReply{Ref: ref, To: from, Link: link, Monitor: monitor, Pid: pid}, nil)
		reason := f()
		if link {
			p.send(&dist.Exit{From: pid, To: from}, reason)
		}
		if monitor {
			p.sendMonitor(&dist.MonitorPExit{From: dist.ByPid(pid), To: from, Ref: ref, Sender: pid}, reason)
		}
	})
}

// spawnOptionsKnown reports whether opts is a list of options of erlang:spawn_opt/4. erts_parse_spawn_opts of the emulator,
// which looks at their values as well.
func spawnOptionsKnown(opts etf.Term) bool {
	list, ok := opts.(etf.List)
	return ok && !slices.ContainsFunc(list, func(o etf.Term) bool {
		if t, pair := o.(etf.Tuple); pair && len(t) == 2 {
			name, _ := t[0].(etf.Atom)
			return !slices.Contains(spawnPairs, name)
		}
		return o != etf.Term(etf.Atom("link")) && o != etf.Term(etf.Atom("monitor"))
	})
}

var spawnPairs = []etf.Atom{"monitor", "priority", "message_queue_data", "min_heap_size", "min_bin_vheap_size", "max_heap_size",
	"fullsweep_after", "scheduler", "async_dist"}

func hasOption(opts etf.Term, name etf.Atom) bool {
	list, _ := opts.(etf.List)
	for _, o := range list {
		if t, ok := o.(etf.Tuple); ok && len(t) == 2 {
			o = t[0] // {monitor, Options}
		}
		if etf.Equal(o, name) {
			return true
		}
	}
	return false
}

// executeCall is erpc:execute_call/4: the exit reason of its process tells the result of M:F(A...).
func (n *Node) executeCall(ref etf.Term, mfa etf.List) etf.Term {
	module, function, args, ok := mfaOf(mfa)
	if !ok {
		return etf.Tuple{ref, etf.Atom("error"), etf.Tuple{etf.Atom("erpc"), etf.Atom("badarg")}}
	}
	result, failure := n.apply(module, function, args)
	switch {
	case failure == nil:
		return etf.Tuple{ref, etf.Atom("return"), result}
	case failure.Class != "error":
		return etf.Tuple{ref, failure.Class, failure.Reason}
	}
	return etf.Tuple{ref, failure.Class, failure.Reason, failure.Stack}
}

// executeCast is erpc:execute_cast/3, which nobody hears of, unless it fails.
func (n *Node) executeCast(mfa etf.List) {
	module, function, args, ok := mfaOf(mfa)
	if !ok {
		return
	}
	if _, failure := n.apply(module, function, args); failure != nil {
		n.log.Error("function failed", "function", string(module)+":"+string(function), "error", failure)
	}
}

func mfaOf(list etf.List) (module, function etf.Atom, args etf.List, ok bool) {
	if len(list) != 3 {
		return "", "", nil, false
	}
	module, ok1 := list[0].(etf.Atom)
	function, ok2 := list[1].(etf.Atom)
	args, ok3 := list[2].(etf.List)
	return module, function, args, ok1 && ok2 && ok3
}
