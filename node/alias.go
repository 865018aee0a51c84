package node

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// aliasTable finds the process behind an alias (erlang:alias/0).
type aliasTable struct {
	mu    sync.RWMutex
	owner map[uint64]*process
}

func (t *aliasTable) add(ref etf.Ref, p *process) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owner == nil {
		t.owner = map[uint64]*process{}
	}
	t.owner[refNumber(ref)] = p
}

// remove ends an alias of p; false means that p has no such alias.
func (t *aliasTable) remove(ref etf.Ref, p *process) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.owner[refNumber(ref)] != p {
		return false
	}
	delete(t.owner, refNumber(ref))
	return true
}

func (t *aliasTable) find(ref etf.Ref) *process {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.owner[refNumber(ref)]
}
