package tracker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// Tracker is one Phoenix.Tracker on this node. Its methods may be used by all goroutines.
type Tracker struct {
	name      etf.Atom
	node      *node.Node
	transport Transport
	opts      Options
}

// New returns a tracker that does not run: start Child, below a supervisor. name is that of the module on the BEAM
// nodes: MyApp.Presence of Elixir is 'Elixir.MyApp.Presence'. The error is an *OptionError.
func New(n *node.Node, name etf.Atom, transport Transport, opts Options) (*Tracker, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if opts.Code == nil {
		opts.Code = NewCode()
	}
	t := &Tracker{name: name, node: n, transport: transport, opts: opts}
	opts.Code.add(t)
	return t, nil
}

// Start starts a tracker outside of a supervision tree. ctx bounds the start. The error is an *OptionError, or that of
// node.Spawn.
func Start(ctx context.Context, n *node.Node, name etf.Atom, transport Transport, opts Options) (*Tracker, error) {
	t, err := New(n, name, transport, opts)
	if err != nil {
		return nil, err
	}
	if _, err := n.Spawn(ctx, t.Child()); err != nil {
		return nil, err
	}
	return t, nil
}

// Name returns the name of the tracker.
func (t *Tracker) Name() etf.Atom { return t.name }

// Child is the supervisor of the shards, registered under the name of the tracker.
func (t *Tracker) Child() genserv.Child {
	return genserv.Child{Name: t.name, Module: supervisor.Of(tree{t})}
}

// tree is the supervision tree of a tracker.
type tree struct{ tracker *Tracker }

func (tree) ModuleName() etf.Atom { return "Elixir.Phoenix.Tracker" }

// Init implements supervisor.Supervisor.
func (tr tree) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	t := tr.tracker
	var specs []supervisor.ChildSpec
	for i := range t.opts.PoolSize {
		name := ShardName(t.name, i)
		specs = append(specs, supervisor.ChildSpec{
			ID: name, Restart: supervisor.Transient,
			Start: supervisor.StartLink(t.opts.Code.Version(nil), t.name, etf.Int(i)).As(name),
		})
	}
	return supervisor.Flags{Strategy: supervisor.OneForOne, Intensity: 2 * t.opts.PoolSize, Period: time.Second},
		specs, nil
}

// ErrNoPresence means that the process is not tracked there by this node. {error, nopresence} of Phoenix.Tracker.
var ErrNoPresence = errors.New("tracker: no such presence")

// AlreadyTrackedError means that the process is in the topic with this key. {error, {already_tracked, ...}}.
type AlreadyTrackedError struct {
	Pid   etf.Pid
	Topic string
	Key   etf.Term
}

func (e *AlreadyTrackedError) Error() string {
	return fmt.Sprintf("tracker: %s is in the topic %q as %s", etf.Format(e.Pid), e.Topic, etf.FormatMax(e.Key, 200))
}

// AnswerError says that a process with the name of a shard has answered what no shard answers, or that the shard has
// refused a term, such as a key that is none.
type AnswerError struct {
	Shard  etf.Atom
	Answer etf.Term
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("tracker: %s answered %s", e.Shard, etf.FormatMax(e.Answer, 200))
}

// Track adds a presence: a process, of any node, in a topic, with a key and a meta. It ends with the process, which is
// linked to the shard, or by Untrack. ref is the phx_ref of its meta. The error is an *AlreadyTrackedError, or that of
// node.Call. Phoenix.Tracker.track/5.
func (t *Tracker) Track(ctx context.Context, pid etf.Pid, topic string, key etf.Term,
	meta etf.Map) (ref string, err error) {
	return t.change(ctx, "track", place{pid, topic, key}, meta)
}

// Update replaces the meta of a presence that was tracked by this node. The error is ErrNoPresence, or that of
// node.Call. Phoenix.Tracker.update/5.
func (t *Tracker) Update(ctx context.Context, pid etf.Pid, topic string, key etf.Term,
	meta etf.Map) (ref string, err error) {
	return t.change(ctx, "update", place{pid, topic, key}, meta)
}

// UpdateFunc replaces the meta of a presence that was tracked by this node by what change makes of it. change gets the
// meta with its phx_ref and must not change that map in place. It is called again if the meta was updated meanwhile, so
// that no update is lost. The error is ErrNoPresence, or that of node.Call. Phoenix.Tracker.update/5 with a function.
//
// Differs from Phoenix: change runs in the goroutine of the caller, so it may wait, and a panic does not end the shard.
func (t *Tracker) UpdateFunc(ctx context.Context, pid etf.Pid, topic string, key etf.Term,
	change func(meta etf.Map) etf.Map) (ref string, err error) {
	shard := t.shardOf(topic)
	for {
		reply, err := t.node.Call(ctx, shard, etf.Tagged("meta", pid, etf.Binary(topic), key))
		if err != nil {
			return "", err
		}
		meta, err := parseMeta(shard, reply)
		if err != nil {
			return "", err
		}
		from, _ := meta.Get(phxRef)
		next := change(meta)
		if next == nil {
			next = etf.Map{}
		}
		reply, err = t.node.Call(ctx, shard, etf.Tagged("update_from", pid, etf.Binary(topic), key, from, next))
		if err != nil {
			return "", err
		}
		if no, is := etf.AsTuple(reply, "error", 2); is && etf.IsAtom(no[1], "changed") {
			continue
		}
		return parseChange(shard, place{pid, topic, key}, reply)
	}
}

// parseMeta reads {ok, Meta} | {error, nopresence}.
func parseMeta(shard etf.Atom, reply etf.Term) (etf.Map, error) {
	if ok, is := etf.AsTuple(reply, "ok", 2); is {
		if meta, is := ok[1].(etf.Map); is {
			return meta, nil
		}
	}
	if no, is := etf.AsTuple(reply, "error", 2); is && etf.IsAtom(no[1], "nopresence") {
		return nil, ErrNoPresence
	}
	return nil, &AnswerError{shard, reply}
}

func (t *Tracker) change(ctx context.Context, verb etf.Atom, at place, meta etf.Map) (string, error) {
	if meta == nil {
		meta = etf.Map{}
	}
	shard := t.shardOf(at.topic)
	reply, err := t.node.Call(ctx, shard, etf.Tagged(verb, at.pid, etf.Binary(at.topic), at.key, meta))
	if err != nil {
		return "", err
	}
	return parseChange(shard, at, reply)
}

// parseChange reads {ok, Ref} | {error, {already_tracked, ...}} | {error, nopresence}.
func parseChange(shard etf.Atom, at place, reply etf.Term) (string, error) {
	if ok, is := etf.AsTuple(reply, "ok", 2); is {
		if ref, is := ok[1].(etf.Binary); is {
			return string(ref), nil
		}
	}
	if no, is := etf.AsTuple(reply, "error", 2); is {
		if _, is := etf.AsTuple(no[1], "already_tracked", 4); is {
			return "", &AlreadyTrackedError{at.pid, at.topic, at.key}
		}
		if etf.IsAtom(no[1], "nopresence") {
			return "", ErrNoPresence
		}
	}
	return "", &AnswerError{shard, reply}
}

// Untrack ends a presence that was tracked by this node; if there is none, nothing happens. The error is that of
// node.Call. Phoenix.Tracker.untrack/4.
func (t *Tracker) Untrack(ctx context.Context, pid etf.Pid, topic string, key etf.Term) error {
	return t.order(ctx, t.shardOf(topic), etf.Tagged("untrack", pid, etf.Binary(topic), key))
}

// UntrackAll ends all presences of a process that were tracked by this node. The error is that of node.Call.
// Phoenix.Tracker.untrack/2.
func (t *Tracker) UntrackAll(ctx context.Context, pid etf.Pid) error {
	return t.orderAll(ctx, etf.Tagged("untrack", pid))
}

// GracefulPermdown tells all other nodes to forget this one and ends the shards, which are not started anew. The error
// is that of node.Call. Phoenix.Tracker.graceful_permdown/1.
func (t *Tracker) GracefulPermdown(ctx context.Context) error {
	return t.orderAll(ctx, gracefulPermdown)
}

func (t *Tracker) orderAll(ctx context.Context, request etf.Term) error {
	var errs []error
	for i := range t.opts.PoolSize {
		errs = append(errs, t.order(ctx, ShardName(t.name, i), request))
	}
	return errors.Join(errs...)
}

func (t *Tracker) order(ctx context.Context, shard etf.Atom, request etf.Term) error {
	reply, err := t.node.Call(ctx, shard, request)
	if err == nil && !etf.IsAtom(reply, "ok") {
		err = &AnswerError{shard, reply}
	}
	return err
}

// List returns the presences in a topic on all nodes that are up, in the order of their processes and keys. The error
// is that of node.Call. Phoenix.Tracker.list/2.
func (t *Tracker) List(ctx context.Context, topic string) ([]Presence, error) {
	shard := t.shardOf(topic)
	reply, err := t.node.Call(ctx, shard, etf.Tagged("presences", etf.Binary(topic)))
	if err != nil {
		return nil, err
	}
	rows, ok := reply.(etf.List)
	if !ok {
		return nil, &AnswerError{shard, reply}
	}
	list := make([]Presence, len(rows))
	for i, row := range rows {
		three, _ := row.(etf.Tuple)
		if len(three) != 3 {
			return nil, &AnswerError{shard, reply}
		}
		pid, isPid := three[0].(etf.Pid)
		meta, isMeta := three[2].(etf.Map)
		if !isPid || !isMeta {
			return nil, &AnswerError{shard, reply}
		}
		list[i] = Presence{pid, three[1], meta}
	}
	return list, nil
}

// GetByKey returns the presences in a topic that have a key. The error is that of node.Call.
// Phoenix.Tracker.get_by_key/3.
func (t *Tracker) GetByKey(ctx context.Context, topic string, key etf.Term) (found []Presence, err error) {
	list, err := t.List(ctx, topic)
	for _, p := range list {
		if etf.Equal(p.Key, key) {
			found = append(found, p)
		}
	}
	return found, err
}

func (t *Tracker) shardOf(topic string) etf.Atom { return ShardOfTopic(t.name, topic, t.opts.PoolSize) }
