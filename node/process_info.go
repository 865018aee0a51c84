package node

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
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
		return etf.Int(p.handledMessages())
	case "initial_call":
		if f, ok := p.functionOf(); ok {
			return f.call()
		}
		return nil
	case "current_function":
		return p.currentFunction()
	case "application": // which only this node asks for
		return p.app
	case "memory":
		return etf.Int(p.memory())
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

// restLocked returns the part of the batch that has not been handled. nil stands for a message that receive has taken.
func (p *process) restLocked() []etf.Term {
	if len(p.batch) <= 1 {
		return nil // the process handles the one message, or is about to
	}
	return p.batch[min(int(p.position.Load()), len(p.batch)):]
}

// eachWaitingLocked calls f with every message that waits in the batch and in the mailbox, in order.
func (p *process) eachWaitingLocked(f func(msg etf.Term)) {
	urgent := p.urgent.Load()
	for _, part := range [][]etf.Term{p.box.items[:urgent], p.restLocked(), p.box.items[urgent:]} {
		for _, msg := range part {
			if msg != nil && !isSystemFunc(msg) {
				f(withoutToken(msg))
			}
		}
	}
}

// queued returns the number of messages that have arrived and have not been handled.
func (p *process) queued() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.loop.Kept()
	p.eachWaitingLocked(func(etf.Term) { n++ })
	return n
}

// waiting returns the messages that have arrived and have not been handled. Differs from OTP: messages that the
// process has put aside while it is suspended are counted by message_queue_len and not returned here.
func (p *process) waiting() etf.Term {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := etf.List{}
	p.eachWaitingLocked(func(msg etf.Term) { all = append(all, msg) })
	return all
}

// handledMessages returns how many messages the process has handled or is handling.
func (p *process) handledMessages() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.box.taken - uint64(len(p.restLocked()))
}

// currentFunction returns the function that the process is in: the callback that runs, the function that was spawned,
// or nil if the process waits for messages.
func (p *process) currentFunction() etf.Term {
	if f, ok := p.functionOf(); ok {
		return f.call()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	module := p.loop.Code().Name()
	switch {
	case !p.busy:
		return nil
	case p.starting != nil:
		return etf.Tuple{module, etf.Atom("init"), etf.Int(1)}
	case len(p.batch) == 0:
		return nil
	}
	at := len(p.batch) - len(p.restLocked()) - 1
	if at < 0 || p.batch[at] == nil {
		return nil
	}
	return callbackOf(module, withoutToken(p.batch[at]))
}

// callbackOf returns the callback that gen_server calls for a message.
func callbackOf(module etf.Atom, msg etf.Term) etf.Term {
	verb, args := etf.Verb(msg)
	switch {
	case verb == "$gen_call" && len(args) == 2:
		return etf.Tuple{module, etf.Atom("handle_call"), etf.Int(3)}
	case verb == "$gen_cast" && len(args) == 1:
		return etf.Tuple{module, etf.Atom("handle_cast"), etf.Int(2)}
	case verb == "system" && len(args) == 2:
		return etf.Tuple{etf.Atom("sys"), etf.Atom("handle_system_msg"), etf.Int(6)}
	}
	return etf.Tuple{module, etf.Atom("handle_info"), etf.Int(2)}
}

// processBytes is about what the node and the runtime keep for a server that waits (docs/performance/memory.md), and
// stackBytes what a goroutine begins with.
const processBytes, stackBytes = 900, 8192

// memory estimates the memory of the process in bytes: what every process takes, the goroutine if there is one, the
// messages that wait and the dictionary. The state of the server is not part of it, because nobody but the server may
// look at it while it runs. From the 101st message on, messages count as much as those before them.
func (p *process) memory() int {
	const looked = 100
	bytes := processBytes + kernel.SizeOf(p.loop.Process().Dictionary())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		bytes += stackBytes
	}
	n, sum := 0, 0
	p.eachWaitingLocked(func(msg etf.Term) {
		if n++; n <= looked {
			sum += kernel.SizeOf(msg)
		}
	})
	if n > 0 {
		bytes += sum / min(n, looked) * n
	}
	return bytes
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
