package node

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"

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

// MonitorNodes yields every connection that comes up or goes down from the call on, in order and without a gap, until
// ctx ends or the node stops. For each node ups and downs alternate. Events wait for a slow reader; nothing else
// does. net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason]).
//
// What is ranged over once more, or by two at a time, yields to each but the first what comes from when that one
// begins. A sequence that is never ranged over keeps its events until ctx ends or it is garbage.
func (n *Node) MonitorNodes(ctx context.Context) iter.Seq[NodeEvent] {
	first := &subscription{}
	first.q.Store(n.events.subscribe(ctx))
	// The hub refers to the queue, so it is what refers to the queue for the caller that has to become garbage.
	unread := runtime.AddCleanup(first, n.events.unsubscribe, first.q.Load())
	return func(yield func(NodeEvent) bool) {
		q := first.q.Swap(nil)
		unread.Stop() // from here on the loop ends the queue, and refers to nothing else
		runtime.KeepAlive(first)
		if q == nil {
			q = n.events.subscribe(ctx)
		}
		defer n.events.unsubscribe(q)
		for {
			for _, e := range q.take() {
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			select {
			case <-q.wake:
			case <-ctx.Done():
				return
			case <-n.end.stopped:
				for _, e := range q.take() {
					if !yield(e) {
						return
					}
				}
				return
			}
		}
	}
}

// subscription is the place of the queue that began with the call, until somebody ranges over it.
type subscription struct{ q atomic.Pointer[eventQueue] }

// eventQueue holds the events that one reader has not seen yet.
type eventQueue struct {
	mu     sync.Mutex
	events []NodeEvent
	wake   chan struct{} // one place
	forget func() bool   // about the end of the context
}

func (q *eventQueue) push(e NodeEvent) {
	q.mu.Lock()
	q.events = append(q.events, e)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *eventQueue) take() []NodeEvent {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events = nil
	return events
}

// eventHub passes events on to all who asked for them.
type eventHub struct {
	mu      sync.Mutex
	readers map[*eventQueue]struct{}
}

// subscribe makes a queue of all events until ctx ends.
func (h *eventHub) subscribe(ctx context.Context) *eventQueue {
	q := &eventQueue{wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readers == nil {
		h.readers = map[*eventQueue]struct{}{}
	}
	h.readers[q] = struct{}{}
	q.forget = context.AfterFunc(ctx, func() { h.unsubscribe(q) })
	return q
}

func (h *eventHub) unsubscribe(q *eventQueue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q.forget()
	delete(h.readers, q)
}

func (h *eventHub) publish(e NodeEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for q := range h.readers {
		q.push(e)
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
