package tracker

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

// server is the process of a shard, in one version of its code. Its arguments are the name of the tracker and the
// number of the shard.
type server struct {
	code       *Code
	handleDiff func(p *genserv.Process, diff Diff) // nil: that of the Options
}

// state belongs to the process. Its callbacks change it in place; a crash takes it along, and the processes that are
// tracked, for they are linked.
type state struct {
	*shard
	tracker *Tracker
	name    etf.Atom
	tag     etf.Ref // of the messages of the process to itself
}

var (
	_ genserv.Server[*state]      = server{}
	_ genserv.Informer[*state]    = server{}
	_ genserv.Caster[*state]      = server{}
	_ genserv.Terminator[*state]  = server{}
	_ genserv.CodeChanger[*state] = server{}
	_ genserv.StateCopier[*state] = server{}
	_ genserv.StateShower[*state] = server{}
	_ genserv.Blocker             = server{}
	_ genserv.Namer               = server{}
)

// ModuleName is that of the shards of Phoenix.
func (server) ModuleName() etf.Atom { return ShardModule }

// MayBlock says that HandleDiff may wait, and that a large update takes its time.
func (server) MayBlock() bool { return true }

// Init implements genserv.Server.
func (sv server) Init(p *genserv.Process, args etf.Term) genserv.InitResult[*state] {
	t, i := sv.code.find(args)
	if t == nil {
		return genserv.StopInit[*state](etf.Tagged("badarg", args))
	}
	p.TrapExit(true)
	tag, err := p.MakeRef()
	if err != nil {
		return genserv.StopInit[*state](genserv.ExitReason(err))
	}
	st := &state{newShard(newRef(p.Self().Node), &t.opts), t, ShardName(t.name, i), tag}
	if err := t.transport.SubscribePid(p.Context(), p.Self(), shardTopic(st.name)); err != nil {
		return genserv.StopInit[*state](genserv.ExitReason(err))
	}
	// The shards of a node, and those of nodes that start together, do not all tell at the same time.
	p.SendAfter(rand.N(t.opts.BroadcastPeriod/4+1), p.Self(), etf.Tagged("tick", tag))
	return genserv.Ok(st)
}

// Terminate implements genserv.Terminator.
func (sv server) Terminate(p *genserv.Process, reason etf.Term, st *state) {
	two, _ := etf.AsTuple(reason, genserv.Shutdown, 2)
	if st.tracker.opts.PermdownOnShutdown && (two != nil || etf.IsAtom(reason, genserv.Shutdown)) {
		sv.world(p, st).broadcast(message{verb: gracefulPermdown, from: st.me()})
	}
}

// HandleCast implements genserv.Caster: there are no casts.
func (sv server) HandleCast(p *genserv.Process, msg etf.Term, st *state) genserv.Result[*state] {
	sv.world(p, st).ignored(msg, errNoMessage)
	return genserv.NoReply(st)
}

// HandleInfo implements genserv.Informer: the timer, what other shards tell, and the end of a process.
func (sv server) HandleInfo(p *genserv.Process, msg etf.Term, st *state) genserv.Result[*state] {
	w := sv.world(p, st)
	if t, ok := etf.AsTuple(msg, "tick", 2); ok && etf.Equal(t[1], st.tag) {
		st.tick(w, &st.tracker.opts)
		p.SendAfter(st.tracker.opts.BroadcastPeriod, p.Self(), msg)
		return genserv.NoReply(st)
	}
	if pid, _, ok := genserv.AsExit(msg); ok {
		st.drop(w, pid)
		return genserv.NoReply(st)
	}
	st.handle(w, msg)
	return genserv.NoReply(st)
}

// CodeChange takes over the state of another version. It implements genserv.CodeChanger: presences, timers, links and
// what is known of others stay as they are, and nobody else notices.
func (server) CodeChange(oldVsn etf.Term, old any, _ etf.Term) (*state, error) {
	st, ok := old.(*state)
	if !ok {
		return nil, fmt.Errorf("tracker: version %v has a state of type %T", oldVsn, old)
	}
	return st, nil
}

// CopyState implements genserv.StateCopier.
func (server) CopyState(st *state) *state {
	return &state{st.shard.clone(), st.tracker, st.name, st.tag}
}

// ShowState implements genserv.StateShower.
func (server) ShowState(st *state) etf.Term {
	return etf.Map{
		{Key: etf.Atom("name"), Value: st.name},
		{Key: etf.Atom("replica"), Value: st.me().Term()},
		{Key: etf.Atom("replicas"), Value: st.replicasTerm()},
		{Key: etf.Atom("presences"), Value: st.presences.Term()},
	}
}

// processWorld is the world of a shard that runs.
type processWorld struct {
	tracker    *Tracker
	handleDiff func(p *genserv.Process, diff Diff)
	process    *genserv.Process
	shard      etf.Atom
}

func (sv server) world(p *genserv.Process, st *state) world {
	handle := sv.handleDiff
	if handle == nil {
		handle = st.tracker.opts.HandleDiff
	}
	return processWorld{st.tracker, handle, p, st.name}
}

func (w processWorld) now() time.Time { return time.Now() }

func (w processWorld) broadcast(m message) {
	p := w.process
	w.note(w.tracker.transport.BroadcastFrom(p.Context(), p.Self(), shardTopic(w.shard), m.term()), m)
}

func (w processWorld) direct(node etf.Atom, m message) {
	w.note(w.tracker.transport.DirectBroadcast(w.process.Context(), node, shardTopic(w.shard), m.term()), m)
}

// note tells of a message that did not go out to all. The clocks find it out.
func (w processWorld) note(err error, m message) {
	if err != nil {
		w.process.Logger().Warn("tracker: message not sent", "shard", string(w.shard), "message", string(m.verb), "err", err)
	}
}

func (w processWorld) diff(joins, leaves []*crdt.Element) {
	if w.handleDiff == nil || len(joins)+len(leaves) == 0 {
		return
	}
	diff := Diff{}
	for _, e := range joins {
		c := diff[e.Topic]
		c.Joins = append(c.Joins, presence(e))
		diff[e.Topic] = c
	}
	for _, e := range leaves {
		c := diff[e.Topic]
		c.Leaves = append(c.Leaves, presence(e))
		diff[e.Topic] = c
	}
	w.handleDiff(w.process, diff)
}

func presence(e *crdt.Element) Presence { return Presence{Pid: e.Pid, Key: e.Key, Meta: e.Meta} }

// ignored tells of a message that is not understood or not believed. A shard of Phoenix ends with function_clause.
//
// Differs from Phoenix: whoever can send to a shard could otherwise end it, and all processes that it tracks.
func (w processWorld) ignored(msg etf.Term, why error) {
	w.process.Logger().Warn("tracker: message ignored", "shard", string(w.shard), "why", why,
		"message", etf.FormatMax(msg, 200))
}

func (w processWorld) makeRef() etf.Term {
	if ref, err := w.process.MakeRef(); err == nil {
		return ref
	}
	return etf.Atom("undefined") // nobody reads it
}

func (w processWorld) connected(node etf.Atom) bool {
	return slices.Contains(w.tracker.node.Nodes(), node)
}
