// Package tracker is a demonstration of Phoenix.PubSub and Phoenix.Tracker on a Go node: a server that an Elixir
// cluster lists where it is told to be, and that broadcasts to the topic lobby every second.
//
// README.md has a session with it.
package tracker

import (
	"context"
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/phoenix/pubsub"
	"github.com/gonode-otp/gonode/phoenix/tracker"
)

// Lobby is the topic of the broadcasts {tick, Node, N}.
const Lobby = "lobby"

// Config says what the other nodes of the cluster call theirs.
type Config struct {
	PubSub, Tracker etf.Atom
	Pool            int // pool_size of both
}

// Start starts a PubSub, a tracker and the server demo.
func Start(ctx context.Context, n *node.Node, c Config) error {
	ps, err := pubsub.Start(ctx, n, c.PubSub, pubsub.Options{PoolSize: c.Pool})
	if err != nil {
		return err
	}
	t, err := tracker.Start(ctx, n, c.Tracker, ps, tracker.Options{PoolSize: c.Pool, PermdownOnShutdown: true})
	if err != nil {
		return err
	}
	_, err = n.Spawn(ctx, genserv.Child{Name: "demo", Module: genserv.Of(Server{ps, t})})
	return err
}

// Server tracks itself. It understands the calls {track, Topic, Key, Meta}, which answers {ok, Ref} or
// {error, {already_tracked, Pid, Topic, Key}}, {untrack, Topic, Key}, which answers ok, and {list, Topic}, which
// answers [{Key, Meta}]. Topic is a binary, Meta a map.
type Server struct {
	pubsub  *pubsub.PubSub
	tracker *tracker.Tracker
}

var _ genserv.Informer[State] = Server{}

// State is how many broadcasts there were, and the message of the timer.
type State struct {
	ticks int
	timer etf.Ref
}

// MayBlock says that callbacks wait for the tracker.
func (Server) MayBlock() bool { return true }

// Init implements genserv.Server.
func (Server) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[State] {
	timer, err := p.MakeRef()
	if err != nil {
		return genserv.StopInit[State](genserv.ExitReason(err))
	}
	p.SendAfter(time.Second, p.Self(), timer)
	return genserv.Ok(State{timer: timer})
}

// HandleInfo implements genserv.Informer: the timer.
func (sv Server) HandleInfo(p *genserv.Process, msg etf.Term, s State) genserv.Result[State] {
	if etf.Equal(msg, s.timer) {
		s.ticks++
		tick := etf.Tagged("tick", p.Self().Node, etf.Int(s.ticks))
		if err := sv.pubsub.Broadcast(p.Context(), Lobby, tick); err != nil {
			p.Logger().Warn("demo: broadcast", "err", err)
		}
		p.SendAfter(time.Second, p.Self(), msg)
	}
	return genserv.NoReply(s)
}

// HandleCall implements genserv.Server.
func (sv Server) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s State) genserv.Result[State] {
	ctx, cancel := context.WithTimeout(p.Context(), 4*time.Second)
	defer cancel()
	verb, args := etf.Verb(request)
	if len(args) == 0 {
		return genserv.Reply(badarg, s)
	}
	topic, ok := args[0].(etf.Binary)
	if !ok {
		return genserv.Reply(badarg, s)
	}
	switch {
	case verb == "track" && len(args) == 3:
		return genserv.Reply(sv.track(ctx, p.Self(), string(topic), args[1], args[2]), s)
	case verb == "untrack" && len(args) == 2:
		if err := sv.tracker.Untrack(ctx, p.Self(), string(topic), args[1]); err != nil {
			return genserv.Reply(failed(err), s)
		}
		return genserv.Reply(etf.Atom("ok"), s)
	case verb == "list" && len(args) == 1:
		present, err := sv.tracker.List(ctx, string(topic))
		if err != nil {
			return genserv.Reply(failed(err), s)
		}
		list := etf.List{}
		for _, one := range present {
			list = append(list, etf.Tuple{one.Key, one.Meta})
		}
		return genserv.Reply(list, s)
	}
	return genserv.Reply(badarg, s)
}

func (sv Server) track(ctx context.Context, self etf.Pid, topic string, key, meta etf.Term) etf.Term {
	m, ok := meta.(etf.Map)
	if !ok {
		return badarg
	}
	ref, err := sv.tracker.Track(ctx, self, topic, key, m)
	var already *tracker.AlreadyTrackedError
	switch {
	case errors.As(err, &already):
		return etf.Tagged("error", etf.Tagged("already_tracked", already.Pid, etf.Binary(already.Topic), already.Key))
	case err != nil:
		return failed(err)
	}
	return etf.Tagged("ok", etf.Binary(ref))
}

func failed(err error) etf.Term { return etf.Tagged("error", genserv.ExitReason(err)) }

var badarg = etf.Tagged("error", etf.Atom("badarg"))
