package pubsub

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// registry is who has subscribed to what on this node: Elixir's Registry with duplicate keys.
type registry struct {
	mu     sync.RWMutex
	topics map[string]*subscribers
	pids   map[etf.Pid]map[string]int // how often a process has subscribed to each topic
}

// subscribers are those of one topic. pids are in the order in which they have come, as often as they have.
type subscribers struct {
	pids  []etf.Pid
	queue map[*Subscription]struct{}
}

func (s *subscribers) empty() bool { return len(s.pids) == 0 && len(s.queue) == 0 }

func (r *registry) topic(name string) *subscribers {
	if r.topics == nil {
		r.topics = map[string]*subscribers{}
	}
	s := r.topics[name]
	if s == nil {
		s = &subscribers{queue: map[*Subscription]struct{}{}}
		r.topics[name] = s
	}
	return s
}

// add says whether the process had no subscription before.
func (r *registry) add(pid etf.Pid, topic string) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.topic(topic)
	s.pids = append(s.pids, pid)
	if r.pids == nil {
		r.pids = map[etf.Pid]map[string]int{}
	}
	if r.pids[pid] == nil {
		r.pids[pid] = map[string]int{}
		first = true
	}
	r.pids[pid][topic]++
	return first
}

// remove takes a process out of a topic, or with all out of every topic.
func (r *registry) remove(pid etf.Pid, topic string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeLocked(pid, topic)
}

func (r *registry) removeAll(pid etf.Pid) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for topic := range r.pids[pid] {
		r.removeLocked(pid, topic)
	}
	delete(r.pids, pid)
}

func (r *registry) removeLocked(pid etf.Pid, topic string) {
	s := r.topics[topic]
	if s == nil || r.pids[pid][topic] == 0 {
		return
	}
	// A new slice: a broadcast may be reading the old one.
	left := make([]etf.Pid, 0, len(s.pids))
	for _, p := range s.pids {
		if p != pid {
			left = append(left, p)
		}
	}
	s.pids = left
	delete(r.pids[pid], topic)
	if s.empty() {
		delete(r.topics, topic)
	}
}

// subscribed returns the processes that have a subscription.
func (r *registry) subscribed() []etf.Pid {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Collect(maps.Keys(r.pids))
}

// of returns who is to get a message.
func (r *registry) of(topic string, msg etf.Term) (pids []etf.Pid) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	s := r.topics[topic]
	if s == nil {
		return nil
	}
	for sub := range s.queue {
		sub.offer(msg)
	}
	return s.pids
}

// NotLocalError says that a process of another node is to subscribe. It subscribes on its own node.
type NotLocalError struct{ Pid etf.Pid }

func (e *NotLocalError) Error() string {
	return fmt.Sprintf("pubsub: %s is a process of %s: it subscribes there", etf.Format(e.Pid), e.Pid.Node)
}

// SubscribePid makes a process of this node get the messages of a topic, in HandleInfo, until it ends or unsubscribes;
// it gets them as often as it has subscribed. The error is a *NotLocalError for a process of another node, or that of
// node.Send. Phoenix.PubSub.subscribe/2.
func (ps *PubSub) SubscribePid(ctx context.Context, pid etf.Pid, topic string) error {
	if pid.Node != ps.node.Name() {
		return &NotLocalError{pid}
	}
	if !ps.registry.add(pid, topic) {
		return nil
	}
	if err := ps.node.Cast(ctx, ps.groups[0], etf.Tagged("watch", pid)); err != nil {
		ps.registry.removeAll(pid)
		return err
	}
	return nil
}

// UnsubscribePid ends all subscriptions of a process to a topic. Phoenix.PubSub.unsubscribe/2.
func (ps *PubSub) UnsubscribePid(pid etf.Pid, topic string) { ps.registry.remove(pid, topic) }

// Subscription is what a goroutine has subscribed to. Messages wait for a slow reader. Close it.
type Subscription struct {
	ps    *PubSub
	topic string
	mu    sync.Mutex
	queue []etf.Term
	wake  chan struct{} // one place
}

// ErrClosed says that a subscription was closed, and that all its messages have been read.
var ErrClosed = errors.New("pubsub: the subscription is closed")

// Subscribe returns the messages of a topic from now on.
func (ps *PubSub) Subscribe(topic string) *Subscription {
	s := &Subscription{ps: ps, topic: topic, wake: make(chan struct{}, 1)}
	ps.registry.mu.Lock()
	defer ps.registry.mu.Unlock()
	ps.registry.topic(topic).queue[s] = struct{}{}
	return s
}

func (s *Subscription) offer(msg etf.Term) {
	s.mu.Lock()
	s.queue = append(s.queue, msg)
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close ends the subscription. Next returns what has come before, then ErrClosed.
func (s *Subscription) Close() {
	r := &s.ps.registry
	r.mu.Lock()
	if of := r.topics[s.topic]; of != nil {
		delete(of.queue, s)
		if of.empty() {
			delete(r.topics, s.topic)
		}
	}
	r.mu.Unlock()
	s.signal()
}

func (s *Subscription) closed() bool {
	r := &s.ps.registry
	r.mu.RLock()
	defer r.mu.RUnlock()
	of := r.topics[s.topic]
	if of == nil {
		return true
	}
	_, open := of.queue[s]
	return !open
}

// Next waits for the next message. The error is the cause of ctx, or ErrClosed. It is for one goroutine at a time.
func (s *Subscription) Next(ctx context.Context) (etf.Term, error) {
	for {
		done := s.closed()
		s.mu.Lock()
		if len(s.queue) > 0 {
			msg := s.queue[0]
			s.queue[0] = nil
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return msg, nil
		}
		s.mu.Unlock()
		if done {
			return nil, ErrClosed
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// All yields the messages until ctx ends or the subscription is closed.
func (s *Subscription) All(ctx context.Context) iter.Seq[etf.Term] {
	return func(yield func(etf.Term) bool) {
		for {
			msg, err := s.Next(ctx)
			if err != nil || !yield(msg) {
				return
			}
		}
	}
}

// dispatch hands a message to the subscribers of this node but from.
func (ps *PubSub) dispatch(ctx context.Context, topic string, msg etf.Term, from etf.Pid) error {
	for _, pid := range ps.registry.of(topic, msg) {
		if pid == from {
			continue
		}
		if err := ps.node.Send(ctx, pid, msg); err != nil {
			return err
		}
	}
	return nil
}

// Subscribers returns how many subscriptions a topic has on this node.
func (ps *PubSub) Subscribers(topic string) int {
	ps.registry.mu.RLock()
	defer ps.registry.mu.RUnlock()
	if s := ps.registry.topics[topic]; s != nil {
		return len(s.pids) + len(s.queue)
	}
	return 0
}
