package node

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// aliasTable finds the process behind an alias (erlang:alias/0).
type aliasTable struct {
	mu    sync.RWMutex
	owner map[uint64]aliasOwner // by the number of the reference
}

type aliasOwner struct {
	ref      etf.Ref
	p        *process
	priority bool // it takes priority messages: alias([priority])
}

func (t *aliasTable) add(ref etf.Ref, p *process, priority bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owner == nil {
		t.owner = map[uint64]aliasOwner{}
	}
	t.owner[refNumber(ref)] = aliasOwner{ref, p, priority}
}

// remove ends an alias of p; false means that p has no such alias.
func (t *aliasTable) remove(ref etf.Ref, p *process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.owner[refNumber(ref)]; o.ref != ref || o.p != p {
		return false
	}
	delete(t.owner, refNumber(ref))
	return true
}

// deliver puts a message into the mailbox of the process behind an alias. No message arrives by an alias after remove
// has returned.
func (t *aliasTable) deliver(ref etf.Ref, msg etf.Term, reader *peer) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if o := t.owner[refNumber(ref)]; o.ref == ref && o.p != nil {
		o.p.deliverFrom(msg, reader)
	}
}

// find returns the owner of an alias; its p is nil if there is none.
func (t *aliasTable) find(ref etf.Ref) aliasOwner {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if o := t.owner[refNumber(ref)]; o.ref == ref {
		return o
	}
	return aliasOwner{}
}

// addAlias makes ref reach the process until dropAlias or the end of the process. The caller has called beginSend, so
// the process cannot end during the call.
func (p *process) addAlias(ref etf.Ref, priority bool) {
	p.n.aliases.add(ref, p, priority)
	p.mu.Lock()
	if p.aliases == nil {
		p.aliases = map[etf.Ref]struct{}{}
	}
	p.aliases[ref] = struct{}{}
	p.mu.Unlock()
}

// dropAlias reports whether there was such an alias.
func (p *process) dropAlias(ref etf.Ref) bool {
	p.mu.Lock()
	delete(p.aliases, ref)
	p.mu.Unlock()
	return p.n.aliases.remove(ref, p)
}
