package pg

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// table is who is in which group. The server of the scope changes it; everybody reads it, as the ETS table of pg.
type table struct {
	mu        sync.RWMutex
	groups    etf.TermMap[*group]
	observers map[*Events]struct{}
}

// group counts how often each member is in it: who joins twice is in it twice, and leaves twice.
type group struct {
	all   members
	local members
}

type members struct {
	count map[etf.Pid]int
	total int
}

func (m *members) add(pid etf.Pid) {
	if m.count == nil {
		m.count = map[etf.Pid]int{}
	}
	m.count[pid]++
	m.total++
}

func (m *members) remove(pid etf.Pid) bool {
	n := m.count[pid]
	switch {
	case n == 0:
		return false
	case n == 1:
		delete(m.count, pid)
	default:
		m.count[pid] = n - 1
	}
	m.total--
	return true
}

func (m *members) list() []etf.Pid {
	if m.total == 0 {
		return nil
	}
	who := make([]etf.Pid, 0, m.total)
	for pid, n := range m.count {
		for range n {
			who = append(who, pid)
		}
	}
	return who
}

// add puts pids into a group and tells the observers.
func (t *table) add(name etf.Term, who []etf.Pid, local bool) {
	if len(who) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.groups.Get(name)
	if !ok {
		g = &group{}
		t.groups.Set(name, g)
	}
	for _, pid := range who {
		g.all.add(pid)
		if local {
			g.local.add(pid)
		}
	}
	t.publish(Event{Group: name, Joined: true, Pids: who})
}

// remove takes pids out of a group, and returns those that were in it.
func (t *table) remove(name etf.Term, who []etf.Pid, local bool) (gone []etf.Pid) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.groups.Get(name)
	if !ok {
		return nil
	}
	for _, pid := range who {
		if !g.all.remove(pid) {
			continue
		}
		if local {
			g.local.remove(pid)
		}
		gone = append(gone, pid)
	}
	if g.all.total == 0 {
		t.groups.Delete(name)
	}
	if len(gone) > 0 {
		t.publish(Event{Group: name, Pids: gone})
	}
	return gone
}

// clear empties all groups when the server of the scope ends.
func (t *table) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, g := range t.groups.All() {
		t.publish(Event{Group: name, Pids: g.all.list()})
	}
	t.groups = etf.TermMap[*group]{}
}

func (t *table) publish(e Event) {
	for o := range t.observers {
		o.offer(e)
	}
}

func (t *table) members(name etf.Term) []etf.Pid {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if g, ok := t.groups.Get(name); ok {
		return g.all.list()
	}
	return nil
}

func (t *table) localMembers(name etf.Term) []etf.Pid {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if g, ok := t.groups.Get(name); ok {
		return g.local.list()
	}
	return nil
}

// names returns the groups, or those that have local members.
func (t *table) names(local bool) etf.List {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var names etf.List
	for name, g := range t.groups.All() {
		if !local || g.local.total > 0 {
			names = append(names, name)
		}
	}
	return names
}

// snapshot is all groups with their members, as pg:monitor_scope/1 returns it.
func (t *table) snapshot() etf.Map {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make(etf.Map, 0, t.groups.Len())
	for name, g := range t.groups.All() {
		all = append(all, etf.MapPair{Key: name, Value: pidList(g.all.list())})
	}
	return all
}
