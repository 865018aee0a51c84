package node

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// processInfo is a process as erlang:process_info/2 sees it: it implements kernel.Process.
type processInfo struct{ p *process }

// IsAlive implements kernel.Process.
func (i processInfo) IsAlive() bool { return !i.p.dead.Load() }

// Get implements kernel.Process.
func (i processInfo) Get(key etf.Term) (etf.Term, bool) { return i.p.loop.Process().Get(key) }

// Info implements kernel.Process.
func (i processInfo) Info(item etf.Atom) etf.Term {
	p := i.p
	switch item {
	case "registered_name":
		if name, ok := p.n.registry.nameOf(p); ok {
			return name
		}
		return etf.List{}
	case "status":
		return p.status()
	case "message_queue_len":
		return etf.Int(p.queued())
	case "links":
		return p.linked()
	case "dictionary":
		return p.loop.Process().Dictionary()
	case "trap_exit":
		return p.trapsExit()
	case "group_leader":
		return p.groupLeader()
	case "messages":
		return p.waiting()
	case "monitored_by":
		return p.watchers()
	case "monitors":
		return p.monitored()
	case "reductions":
		return p.reductions()
	case "initial_call", "current_function":
		if f, ok := p.functionOf(); ok {
			return f.call()
		}
		return nil
	case "parent":
		return p.parentOf()
	case "sequential_trace_token":
		return p.seqToken()
	}
	return nil
}

func (p *process) status() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy && p.arrival == nil { // else it waits in receive
		return etf.Atom("running")
	}
	return etf.Atom("waiting")
}

// queued returns the number of messages that have arrived and have not been handled.
func (p *process) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.box.len() + int(p.unhandled.Load()) + p.loop.Kept()
}

// reductions returns how many messages the process has handled or is handling: a BEAM counts calls of functions.
func (p *process) reductions() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	return etf.Int(p.box.taken - uint64(max(0, p.unhandled.Load())))
}

// waiting returns the messages in the mailbox. Differs from OTP: messages that the process has taken out as a batch,
// or has put aside while it is suspended, are counted by message_queue_len and not returned here.
func (p *process) waiting() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := etf.List{}
	for _, msg := range p.box.items {
		if !isSystemFunc(msg) {
			all = append(all, withoutToken(msg))
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
