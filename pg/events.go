package pg

import (
	"context"
	"iter"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// Event is a change of a group.
type Event struct {
	Ref    etf.Ref // of the monitor; the zero value for Events
	Group  etf.Term
	Joined bool // they have joined; else they have left
	Pids   []etf.Pid
}

// AsEvent takes a message {Ref, join | leave, Group, Pids} of Monitor apart; ok is false for any other one.
func AsEvent(msg etf.Term) (e Event, ok bool) {
	t, _ := msg.(etf.Tuple)
	if len(t) != 4 {
		return Event{}, false
	}
	e.Group = t[2]
	e.Joined = etf.IsAtom(t[1], "join")
	if e.Ref, ok = t[0].(etf.Ref); !ok || !e.Joined && !etf.IsAtom(t[1], "leave") {
		return Event{}, false
	}
	e.Pids, ok = pids(t[3])
	return e, ok
}

func (e Event) term() etf.Term {
	verb := etf.Atom("leave")
	if e.Joined {
		verb = "join"
	}
	return etf.Tuple{e.Ref, verb, e.Group, pidList(e.Pids)}
}

// Events are the changes of a scope, or of one group, for a goroutine: what Monitor is for a process. Changes wait for
// a slow reader. When the server of the scope ends, all members have left. Close it.
type Events struct {
	scope *Scope
	group etf.Term // nil: all groups
	mu    sync.Mutex
	queue []Event
	wake  chan struct{} // one place
}

// Subscribe returns who is in a group, and the changes from then on.
func (s *Scope) Subscribe(group etf.Term) (*Events, []etf.Pid) {
	e := s.table.subscribe(&Events{scope: s, group: group})
	defer s.table.mu.Unlock()
	if g, ok := s.table.groups.Get(group); ok {
		return e, g.all.list()
	}
	return e, nil
}

// SubscribeScope returns who is in which group, and the changes from then on.
func (s *Scope) SubscribeScope() (*Events, *etf.TermMap[[]etf.Pid]) {
	e := s.table.subscribe(&Events{scope: s})
	defer s.table.mu.Unlock()
	all := &etf.TermMap[[]etf.Pid]{}
	for name, g := range s.table.groups.All() {
		all.Set(name, g.all.list())
	}
	return e, all
}

// subscribe adds the observer and leaves the table locked.
func (t *table) subscribe(e *Events) *Events {
	e.wake = make(chan struct{}, 1)
	t.mu.Lock()
	if t.observers == nil {
		t.observers = map[*Events]struct{}{}
	}
	t.observers[e] = struct{}{}
	return e
}

// Close ends the subscription. Next returns what is left, and then waits for its context.
func (e *Events) Close() {
	e.scope.table.mu.Lock()
	delete(e.scope.table.observers, e)
	e.scope.table.mu.Unlock()
}

func (e *Events) offer(event Event) {
	if e.group != nil && !etf.Equal(e.group, event.Group) {
		return
	}
	e.mu.Lock()
	e.queue = append(e.queue, event)
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Next waits for the next change. The error is the cause of ctx.
func (e *Events) Next(ctx context.Context) (Event, error) {
	for {
		e.mu.Lock()
		if len(e.queue) > 0 {
			event := e.queue[0]
			e.queue[0] = Event{}
			e.queue = e.queue[1:]
			e.mu.Unlock()
			return event, nil
		}
		e.mu.Unlock()
		select {
		case <-e.wake:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// All yields the changes until ctx ends.
func (e *Events) All(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			event, err := e.Next(ctx)
			if err != nil || !yield(event) {
				return
			}
		}
	}
}
