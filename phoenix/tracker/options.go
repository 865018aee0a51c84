package tracker

import (
	"context"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Options are those of Phoenix.Tracker. A field that is 0 has the default of Phoenix. The periods and the size of the
// pool have to be those of all nodes.
type Options struct {
	// PoolSize is the number of shards; 1.
	PoolSize int
	// BroadcastPeriod is how often changes are told; 1.5 s. A node that has none is silent for MaxSilentPeriods, 10, and
	// then tells that it is alive.
	BroadcastPeriod  time.Duration
	MaxSilentPeriods int
	// DownPeriod is after how long a silence a node is down, and its presences are gone for those who look; twice the
	// time between two signs of life, 30 s, and at least twice BroadcastPeriod.
	DownPeriod time.Duration
	// PermdownPeriod is after how long it is forgotten; 20 min, longer than DownPeriod.
	PermdownPeriod time.Duration
	// ClockSamplePeriods is after how many BroadcastPeriods the nodes are asked for what is missing here; 2.
	ClockSamplePeriods int
	// MaxDeltaSizes is how many changes are kept to answer such a request, in steps; 100, 1000, 10000.
	MaxDeltaSizes []int
	// PermdownOnShutdown tells the other nodes when a shard is shut down, so that its presences are gone at once. A node
	// that comes back soon is better off without. permdown_on_shutdown of phoenix_pubsub 2.2.
	PermdownOnShutdown bool
	// HandleDiff is told what has changed, in the process of the shard, which waits for it and ends if it panics; nil
	// for none. Phoenix.Tracker.handle_diff/2.
	HandleDiff func(p *genserv.Process, diff Diff)
	// Code is for a program whose release has versions of the shards; nil for none.
	Code *Code
}

// Diff is what has changed, by topic. An update is a leave with the old meta and a join with the new one.
type Diff map[string]Changes

// Changes are what has changed in a topic.
type Changes struct{ Joins, Leaves []Presence }

// Presence is a process in a topic.
type Presence struct {
	Pid etf.Pid
	Key etf.Term
	// Meta is what was given, with phx_ref, which is new at each change, and after an update phx_ref_prev.
	Meta etf.Map
}

// OptionError says which of the Options is wrong.
type OptionError struct{ Option, Why string }

func (e *OptionError) Error() string { return "tracker: option " + e.Option + " " + e.Why }

// Transport carries the messages of the shards: a *pubsub.PubSub.
type Transport interface {
	// SubscribePid makes a process of this node get the messages of a topic, and UnsubscribePid ends it.
	SubscribePid(ctx context.Context, pid etf.Pid, topic string) error
	UnsubscribePid(pid etf.Pid, topic string)
	// BroadcastFrom sends to all who have subscribed on all nodes but from, and DirectBroadcast to those of one node.
	BroadcastFrom(ctx context.Context, from etf.Pid, topic string, msg etf.Term) error
	DirectBroadcast(ctx context.Context, node etf.Atom, topic string, msg etf.Term) error
}

// withDefaults fills in what is 0 and checks the rest, as Phoenix.Tracker.Shard.init/1 does.
func (o Options) withDefaults() (Options, error) {
	for _, d := range []struct {
		name  string
		value *int
		is    int
	}{
		{"PoolSize", &o.PoolSize, 1}, {"MaxSilentPeriods", &o.MaxSilentPeriods, 10},
		{"ClockSamplePeriods", &o.ClockSamplePeriods, 2},
	} {
		if *d.value < 0 {
			return o, &OptionError{d.name, "is negative"}
		}
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	if o.BroadcastPeriod == 0 {
		o.BroadcastPeriod = 1500 * time.Millisecond
	}
	if o.DownPeriod == 0 {
		o.DownPeriod = 2 * time.Duration(o.MaxSilentPeriods) * o.BroadcastPeriod
	}
	if o.PermdownPeriod == 0 {
		o.PermdownPeriod = 20 * time.Minute
	}
	if o.MaxDeltaSizes == nil {
		o.MaxDeltaSizes = []int{100, 1000, 10000}
	}
	switch {
	case o.BroadcastPeriod < time.Millisecond:
		return o, &OptionError{"BroadcastPeriod", "is shorter than a millisecond"}
	case o.DownPeriod < 2*o.BroadcastPeriod:
		return o, &OptionError{"DownPeriod", "is less than twice BroadcastPeriod"}
	case o.PermdownPeriod <= o.DownPeriod:
		return o, &OptionError{"PermdownPeriod", "is not longer than DownPeriod"}
	}
	for i, size := range o.MaxDeltaSizes {
		if size < 1 || i > 0 && size <= o.MaxDeltaSizes[i-1] {
			return o, &OptionError{"MaxDeltaSizes", fmt.Sprintf("%v does not ascend from 1 on", o.MaxDeltaSizes)}
		}
	}
	return o, nil
}
