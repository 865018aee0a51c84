package tracker

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// ShardModule is the callback module of the shards, by which an upgrade finds them.
const ShardModule etf.Atom = "Elixir.Phoenix.Tracker.Shard"

// Code is the code of the shards of a node, for a program that is upgraded while it runs: its versions are there before
// the node is, and the trackers come later, with the Code in their Options. A tracker without has one of its own.
type Code struct {
	mu       sync.RWMutex
	trackers map[etf.Atom]*Tracker
}

// NewCode returns the code of trackers to come.
func NewCode() *Code { return &Code{trackers: map[etf.Atom]*Tracker{}} }

// Version returns a version of the code, for a codechange.Module: it tells handleDiff what has changed, or, if that is
// nil, the one of the Options. A code change to it keeps all that a shard knows, its links and its timer.
func (c *Code) Version(handleDiff func(p *genserv.Process, diff Diff)) genserv.Module {
	return genserv.Of(server{c, handleDiff})
}

func (c *Code) add(t *Tracker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trackers[t.name] = t
}

// find returns the tracker and the number of a shard whose arguments these are; the tracker is nil if there is none.
func (c *Code) find(args etf.Term) (t *Tracker, number int) {
	two, _ := args.(etf.List)
	if len(two) != 2 {
		return nil, 0
	}
	name, _ := two[0].(etf.Atom)
	number, ok := etf.AsInt(two[1])
	c.mu.RLock()
	defer c.mu.RUnlock()
	if t = c.trackers[name]; !ok || t == nil || number < 0 || number >= t.opts.PoolSize {
		return nil, 0
	}
	return t, number
}
