package pubsub

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
)

// Broadcast sends a message to all subscribers of a topic on all nodes, those of this node included. The error names
// the nodes that could not be sent to; the others have it. Broadcasts of one topic, and those of BroadcastFrom of one
// process, arrive everywhere in their order. Phoenix.PubSub.broadcast/3.
func (ps *PubSub) Broadcast(ctx context.Context, topic string, msg etf.Term) error {
	return ps.broadcast(ctx, etf.Binary(topic), topic, msg, DefaultDispatcher, etf.Pid{})
}

// BroadcastFrom is Broadcast to all but the subscriber from, a process of this node. Phoenix.PubSub.broadcast_from/4.
func (ps *PubSub) BroadcastFrom(ctx context.Context, from etf.Pid, topic string, msg etf.Term) error {
	return ps.broadcast(ctx, from, topic, msg, DefaultDispatcher, from)
}

// BroadcastEvent is what the broadcast/3 of an endpoint of Phoenix does: channels and LiveViews that have joined the
// topic get %Phoenix.Socket.Broadcast{} with the event and the payload, a map that is pushed to the browser.
func (ps *PubSub) BroadcastEvent(ctx context.Context, topic, event string, payload etf.Map) error {
	msg := SocketBroadcast{Topic: topic, Event: event, Payload: payload}.Term()
	return ps.broadcast(ctx, etf.Binary(topic), topic, msg, ChannelDispatcher, etf.Pid{})
}

// BroadcastBy is Broadcast with a dispatcher: the module that hands the message to the subscribers on each node of a
// BEAM. Here it is handed to all of them.
func (ps *PubSub) BroadcastBy(ctx context.Context, dispatcher etf.Atom, topic string, msg etf.Term) error {
	return ps.broadcast(ctx, etf.Binary(topic), topic, msg, dispatcher, etf.Pid{})
}

// LocalBroadcast sends to the subscribers of this node alone. Phoenix.PubSub.local_broadcast/3.
func (ps *PubSub) LocalBroadcast(ctx context.Context, topic string, msg etf.Term) error {
	return ps.dispatch(ctx, topic, msg, etf.Pid{})
}

// DirectBroadcast sends to the subscribers of one node. The error is that of node.Send.
// Phoenix.PubSub.direct_broadcast/4.
func (ps *PubSub) DirectBroadcast(ctx context.Context, node etf.Atom, topic string, msg etf.Term) error {
	if node == ps.node.Name() {
		return ps.dispatch(ctx, topic, msg, etf.Pid{})
	}
	group := ps.groups[etf.PHash2Range(etf.Binary(topic), ps.sending)]
	return ps.node.Send(ctx, etf.Tuple{group, node}, forward(topic, msg, DefaultDispatcher))
}

// broadcast sends to the processes of the other nodes in one group, which key chooses, and to the subscribers here.
func (ps *PubSub) broadcast(ctx context.Context, key etf.Term, topic string, msg etf.Term, dispatcher etf.Atom,
	from etf.Pid) error {
	var errs []error
	out := forward(topic, msg, dispatcher)
	for _, pid := range ps.scope.Members(ps.groups[etf.PHash2Range(key, ps.sending)]) {
		if pid.Node == ps.node.Name() {
			continue
		}
		if err := ps.node.Send(ctx, pid, out); err != nil {
			errs = append(errs, fmt.Errorf("pubsub: %s: %w", pid.Node, err))
		}
	}
	return errors.Join(append(errs, ps.dispatch(ctx, topic, msg, from))...)
}

// forward is what the processes of a group send each other.
func forward(topic string, msg etf.Term, dispatcher etf.Atom) etf.Term {
	return etf.Tagged("forward_to_local", etf.Binary(topic), msg, dispatcher)
}

// SocketBroadcast is %Phoenix.Socket.Broadcast{}: what the subscribers of a topic get of the broadcasts of an endpoint.
type SocketBroadcast struct {
	Topic, Event string
	Payload      etf.Term
}

const socketBroadcast etf.Atom = "Elixir.Phoenix.Socket.Broadcast"

// Term returns the struct of Elixir.
func (b SocketBroadcast) Term() etf.Map {
	return etf.Map{
		{Key: etf.Atom("__struct__"), Value: socketBroadcast},
		{Key: etf.Atom("topic"), Value: etf.Binary(b.Topic)},
		{Key: etf.Atom("event"), Value: etf.Binary(b.Event)},
		{Key: etf.Atom("payload"), Value: b.Payload},
	}
}

// AsSocketBroadcast takes such a message apart; ok is false for any other one.
func AsSocketBroadcast(msg etf.Term) (b SocketBroadcast, ok bool) {
	m, _ := msg.(etf.Map)
	if len(m) != 4 {
		return b, false
	}
	name, _ := m.Get(etf.Atom("__struct__"))
	topic, _ := m.Get(etf.Atom("topic"))
	event, _ := m.Get(etf.Atom("event"))
	payload, ok := m.Get(etf.Atom("payload"))
	t, isTopic := topic.(etf.Binary)
	e, isEvent := event.(etf.Binary)
	if !ok || !isTopic || !isEvent || !etf.IsAtom(name, socketBroadcast) {
		return b, false
	}
	return SocketBroadcast{string(t), string(e), payload}, true
}
