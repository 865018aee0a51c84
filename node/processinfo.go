package node

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// infoItems are the items of erlang:process_info/2, in the order of process_info/1, which shows those up to
// suspending. What a process in Go does not have (a heap of its own, reductions, a tracer) is nothing, zero or the
// default of the BEAM.
var infoItems = []struct {
	name etf.Atom
	of   func(p *process) etf.Term
}{
	{"registered_name", func(p *process) etf.Term {
		if name, ok := p.n.registry.nameOf(p); ok {
			return name
		}
		return etf.List{}
	}},
	{"current_function", always(etf.Tuple{etf.Atom("gen_server"), etf.Atom("loop"), etf.Int(7)})},
	{"initial_call", always(etf.Tuple{etf.Atom("proc_lib"), etf.Atom("init_p"), etf.Int(5)})},
	{"status", (*process).status},
	{"message_queue_len", func(p *process) etf.Term { return etf.Int(p.queued()) }},
	{"links", (*process).linked},
	{"dictionary", func(p *process) etf.Term { return p.loop.Process().Dictionary() }},
	{"trap_exit", (*process).trapsExit},
	{"error_handler", always(etf.Atom("error_handler"))},
	{"priority", always(normal)},
	{"group_leader", func(p *process) etf.Term { return p.groupLeader() }},
	{"total_heap_size", always(etf.Int(0))},
	{"heap_size", always(etf.Int(0))},
	{"stack_size", always(etf.Int(0))},
	{"reductions", always(etf.Int(0))},
	{"garbage_collection", always(etf.List{})},
	{"suspending", always(etf.List{})},

	{"async_dist", always(etf.Atom("false"))},
	{"backtrace", always(etf.Binary(""))},
	{"binary", always(etf.List{})},
	{"catchlevel", always(etf.Int(0))},
	{"fullsweep_after", always(etf.Int(65535))},
	{"current_location", always(etf.Tuple{etf.Atom("gen_server"), etf.Atom("loop"), etf.Int(7), etf.List{}})},
	{"current_stacktrace", always(etf.List{})},
	{"garbage_collection_info", always(etf.List{})},
	{"label", always(etf.Atom("undefined"))},
	{"last_calls", always(etf.Atom("false"))},
	{"memory", always(etf.Int(0))},
	{"message_queue_data", always(etf.Atom("on_heap"))},
	{"messages", (*process).waiting},
	{"min_bin_vheap_size", always(etf.Int(0))},
	{"min_heap_size", always(etf.Int(0))},
	{"monitored_by", (*process).watchers},
	{"monitors", (*process).monitored},
	{"parent", (*process).parentOf},
	{"sequential_trace_token", (*process).seqToken},
	{"trace", always(etf.Int(0))},
}

// shownItems is how many of them process_info/1 shows.
const shownItems = 17

func always(t etf.Term) func(*process) etf.Term { return func(*process) etf.Term { return t } }

// infoItem returns what tells an item: one of infoItems, or {dictionary, Key} (OTP 26.2); nil if there is no such item.
func infoItem(item etf.Term) func(*process) etf.Term {
	if t, ok := etf.AsTuple(item, "dictionary", 2); ok {
		return func(p *process) etf.Term {
			if value, ok := p.loop.Process().Get(t[1]); ok {
				return value
			}
			return etf.Atom("undefined")
		}
	}
	name, _ := item.(etf.Atom)
	for _, i := range infoItems {
		if name == i.name {
			return i.of
		}
	}
	return nil
}

// processInfo is erlang:process_info/1 and /2, by which observer and its like look at a process. It asks nothing of
// the process itself, so it is answered at once whatever that does.
func (n *Node) processInfo(_ context.Context, args etf.List) (etf.Term, error) {
	pid, ok := args[0].(etf.Pid)
	if !ok || pid.Node != n.name {
		return nil, ErrBadArgument
	}
	wanted := make(etf.List, 0, shownItems)
	single := false
	switch {
	case len(args) == 1:
		for _, i := range infoItems[:shownItems] {
			wanted = append(wanted, i.name)
		}
	default:
		var list bool
		if wanted, list = args[1].(etf.List); !list {
			wanted, single = etf.List{args[1]}, true
		}
	}
	if slices.ContainsFunc(wanted, func(item etf.Term) bool { return infoItem(item) == nil }) {
		return nil, ErrBadArgument
	}
	p := n.local(destination{pid: pid})
	if p == nil {
		return etf.Atom("undefined"), nil
	}
	info := p.info(wanted)
	switch {
	case single && etf.Equal(info[0], noName):
		return etf.List{}, nil // as OTP has it
	case single:
		return info[0], nil
	case len(args) == 1:
		info = slices.DeleteFunc(info, func(t etf.Term) bool { return etf.Equal(t, noName) })
	}
	return info, nil
}

var noName = etf.Tuple{etf.Atom("registered_name"), etf.List{}}

// info looks at each item once, however often it is asked for: a list of links may be long.
func (p *process) info(wanted etf.List) etf.List {
	info := make(etf.List, len(wanted))
	known := map[etf.Atom]etf.Term{}
	for i, item := range wanted {
		name, ok := item.(etf.Atom)
		if !ok {
			info[i] = etf.Tuple{item, infoItem(item)(p)}
			continue
		}
		if known[name] == nil {
			known[name] = etf.Tuple{item, infoItem(item)(p)}
		}
		info[i] = known[name]
	}
	return info
}

func (p *process) status() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		return etf.Atom("running")
	}
	return etf.Atom("waiting")
}

// queued is how many messages have come and have not been looked at.
func (p *process) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.box.len() + int(p.left.Load()) + p.loop.Kept()
}

// waiting shows the mailbox. Differs from OTP: messages that the process has taken out of it in one go, or has put
// aside while it is suspended, are counted by message_queue_len and not shown.
func (p *process) waiting() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := etf.List{}
	for _, msg := range p.box.items {
		if !isAsked(msg) {
			all = append(all, untoken(msg))
		}
	}
	return all
}

func (p *process) groupLeader() etf.Pid {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leader
}

func (p *process) seqToken() etf.Term {
	if t := p.seq.token.Load(); t != nil {
		return *t
	}
	return etf.List{}
}

func (p *process) linked() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := etf.List{}
	for pid, l := range p.links {
		if l.active {
			list = append(list, pid)
		}
	}
	slices.SortFunc(list, etf.Compare)
	return list
}

func (p *process) trapsExit() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	return etf.Bool(p.trap)
}

func (p *process) watchers() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := etf.List{}
	for w := p.inbound.first; w != nil; w = w.next {
		list = append(list, w.watcher)
	}
	return list
}

func (p *process) monitored() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := etf.List{}
	for _, m := range p.monitors {
		list = append(list, etf.Tuple{etf.Atom("process"), m.object})
	}
	return list
}

func (p *process) parentOf() etf.Term {
	if p.spawner == (etf.Pid{}) {
		return etf.Atom("undefined")
	}
	return p.spawner
}
