package node

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// NodeEvent is a connection that came up or went down.
type NodeEvent struct {
	Node   etf.Atom
	Up     bool
	Hidden bool // the connection is hidden, as it always is for a hidden node
	// Reason says in OTP's words why a connection went down: connection_closed, disconnect, net_tick_timeout,
	// net_kernel_terminated (this node stops) or another atom; "" for one that came up.
	Reason etf.Atom
	// Cause is the same for people, with what the network said; nil for a connection that came up.
	Cause error
}

// ErrUnsubscribed is the error of Next when the subscription has been closed, or its context has ended.
var ErrUnsubscribed = errors.New("node: the subscription has ended")

// NodeEvents is a subscription to connections that come up and go down, from SubscribeNodes. Its methods may be called
// from any goroutine, and from callbacks.
type NodeEvents struct {
	n           *Node
	ended       chan struct{} // closed by Close
	stopContext func() bool   // detaches the subscription from its context

	mu     sync.Mutex
	events []NodeEvent
	closed bool
	wake   chan struct{} // one place; filled while there are events
}

// SubscribeNodes subscribes to every connection that comes up or goes down from now on. Events come in order and
// without a gap; for each node ups and downs alternate. Events are kept until they are taken, so a subscription that
// is not read grows. The subscription ends by its Close or with ctx. net_kernel:monitor_nodes(true, [{node_type, all},
// nodedown_reason]).
func (n *Node) SubscribeNodes(ctx context.Context) *NodeEvents {
	s := &NodeEvents{n: n, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	n.events.add(s)
	s.stopContext = context.AfterFunc(ctx, s.end)
	return s
}

// Next takes the next event, and waits for one until ctx ends. The error is the cause of ctx, ErrUnsubscribed if the
// subscription has ended, or ErrStopped if the node has stopped and no event is left.
func (s *NodeEvents) Next(ctx context.Context) (NodeEvent, error) {
	s.n.yieldReaders()
	for {
		e, ok, err := s.takeEvent()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-s.wake:
		case <-s.ended:
		case <-ctx.Done():
			return NodeEvent{}, &waitError{"an event of a node", context.Cause(ctx)}
		case <-s.n.end.stopped:
			if e, ok, err = s.takeEvent(); err == nil && !ok {
				err = ErrStopped
			}
			return e, err
		}
	}
}

// All yields the events as they come, until the subscription ends or the node stops. If the loop is left early, the
// events that it has not seen stay in the subscription.
func (s *NodeEvents) All() iter.Seq[NodeEvent] {
	return func(yield func(NodeEvent) bool) {
		for {
			e, err := s.Next(context.Background())
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

// Close ends the subscription and drops the events that have not been taken. It may be called again.
func (s *NodeEvents) Close() {
	s.stopContext()
	s.end()
}

func (s *NodeEvents) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed, s.events = true, nil
	close(s.ended)
	s.n.events.remove(s)
}

// push adds an event. It never blocks.
func (s *NodeEvents) push(e NodeEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.events = append(s.events, e)
		s.wakeLocked()
	}
}

func (s *NodeEvents) wakeLocked() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// takeEvent takes the first event, if there is one. If more are left, it wakes another goroutine that waits.
func (s *NodeEvents) takeEvent() (e NodeEvent, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return NodeEvent{}, false, ErrUnsubscribed
	case len(s.events) == 0:
		return NodeEvent{}, false, nil
	}
	e, s.events = s.events[0], s.events[1:]
	if len(s.events) > 0 {
		s.wakeLocked()
	}
	return e, true, nil
}

// eventHub passes events on to all subscriptions.
type eventHub struct {
	publishing    sync.Mutex // held while an event goes out, so that all subscriptions get the same order
	mu            sync.Mutex
	subscriptions map[*NodeEvents]struct{}
}

func (h *eventHub) add(s *NodeEvents) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subscriptions == nil {
		h.subscriptions = map[*NodeEvents]struct{}{}
	}
	h.subscriptions[s] = struct{}{}
}

func (h *eventHub) remove(s *NodeEvents) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subscriptions, s)
}

func (h *eventHub) publish(e NodeEvent) {
	h.publishing.Lock()
	defer h.publishing.Unlock()
	h.mu.Lock()
	all := slices.Collect(maps.Keys(h.subscriptions))
	h.mu.Unlock()
	for _, s := range all { // not under mu: the end of a subscription takes mu while it holds its own mutex
		s.push(e)
	}
}

// downReason translates the cause of a connection's end into the nodedown_reason of OTP (net_kernel:monitor_nodes/2).
func downReason(cause error) etf.Atom {
	switch {
	case errors.Is(cause, dist.ErrTickTimeout):
		return "net_tick_timeout"
	case errors.Is(cause, errDisconnect):
		return "disconnect"
	case errors.Is(cause, ErrStopped):
		return "net_kernel_terminated"
	}
	return "connection_closed"
}
