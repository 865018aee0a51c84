package pubsub

import (
	"context"
	"strconv"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/pg"
	"github.com/gonode-otp/gonode/supervisor"
)

// Scope is the scope of pg in which the adapters of all PubSubs of a cluster find each other.
const Scope etf.Atom = "Elixir.Phoenix.PubSub"

// Dispatchers, the modules that hand a message to the subscribers of a node.
const (
	DefaultDispatcher etf.Atom = "Elixir.Phoenix.PubSub"         // of Phoenix.PubSub.broadcast/3
	ChannelDispatcher etf.Atom = "Elixir.Phoenix.Channel.Server" // of the broadcasts of an endpoint
)

// Options are those of the child spec of Phoenix.PubSub.
type Options struct {
	// PoolSize is the number of groups and of processes that receive; 1 if it is 0. It has to be that of all nodes.
	PoolSize int
	// BroadcastPoolSize is the number of groups that are sent to, if that is not PoolSize: while a cluster is changed
	// from one PoolSize to a larger one, it is the smaller of the two. broadcast_pool_size of phoenix_pubsub 2.2.
	BroadcastPoolSize int
	// Scope is the scope of pg named Scope, which somebody else starts; a node has one. nil makes it a part of this
	// PubSub; a second one of the node takes PubSub.Scope then.
	Scope *pg.Scope
}

// PubSub is one Phoenix.PubSub on this node: what {Phoenix.PubSub, name: Name} starts on a BEAM. Its methods may be
// used by all goroutines.
type PubSub struct {
	name     etf.Atom
	node     *node.Node
	scope    *pg.Scope
	groups   []etf.Atom // the names of the groups and of the processes that are in them
	sending  uint32     // how many of them are sent to
	registry registry
	ownScope bool
}

// Start starts a PubSub with the name that the other nodes give theirs: MyApp.PubSub of Elixir is
// 'Elixir.MyApp.PubSub'. ctx bounds the start. The error is an *OptionError, or that of node.Spawn.
func Start(ctx context.Context, n *node.Node, name etf.Atom, opts Options) (*PubSub, error) {
	ps, err := New(n, name, opts)
	if err != nil {
		return nil, err
	}
	if _, err := n.Spawn(ctx, ps.Child()); err != nil {
		return nil, err
	}
	return ps, nil
}

// New returns a PubSub that does not run: start Child, below a supervisor. The error is an *OptionError.
func New(n *node.Node, name etf.Atom, opts Options) (*PubSub, error) {
	size, sending := max(opts.PoolSize, 1), opts.BroadcastPoolSize
	if sending == 0 {
		sending = size
	}
	switch {
	case opts.PoolSize < 0:
		return nil, &OptionError{"PoolSize", "is negative"}
	case sending < 1 || sending > size:
		return nil, &OptionError{"BroadcastPoolSize", "is not between 1 and PoolSize"}
	case opts.Scope != nil && opts.Scope.Name() != Scope:
		return nil, &OptionError{"Scope", "is not named " + string(Scope)}
	}
	ps := &PubSub{name: name, node: n, scope: opts.Scope, sending: uint32(sending)}
	if ps.scope == nil {
		ps.scope, ps.ownScope = pg.New(n, Scope), true
	}
	for i := range size {
		group := name + ".Adapter"
		if i > 0 {
			group += etf.Atom("_" + strconv.Itoa(i+1))
		}
		ps.groups = append(ps.groups, group)
	}
	return ps, nil
}

// OptionError says which of the Options is wrong.
type OptionError struct{ Option, Why string }

func (e *OptionError) Error() string { return "pubsub: option " + e.Option + " " + e.Why }

// Child is the supervisor of the processes of the PubSub, registered as Name.Supervisor.
func (ps *PubSub) Child() genserv.Child {
	return genserv.Child{Name: ps.name + ".Supervisor", Module: supervisor.Of(tree{ps})}
}

// Name returns the name of the PubSub.
func (ps *PubSub) Name() etf.Atom { return ps.name }

// Scope returns the scope of pg, for the Options of another PubSub of this node.
func (ps *PubSub) Scope() *pg.Scope { return ps.scope }

// tree is the supervision tree of a PubSub: its scope, if nobody else has it, and one process a group.
type tree struct{ ps *PubSub }

// Init implements supervisor.Supervisor.
func (t tree) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	if t.ps.ownScope {
		c := t.ps.scope.Child()
		specs = append(specs, supervisor.ChildSpec{ID: c.Name, Start: supervisor.StartLink(c.Module).As(c.Name)})
	}
	for i, group := range t.ps.groups {
		specs = append(specs, supervisor.ChildSpec{ID: group,
			Start: supervisor.StartLink(genserv.Of(worker{t.ps, group, i == 0})).As(group)})
	}
	return supervisor.Flags{Strategy: supervisor.RestForOne, Intensity: 10}, specs, nil
}
