package node

import (
	"container/heap"
	"slices"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// timers are the messages that a process has asked to be sent later. They are sent in the order of their times, which
// Go does not promise for its own timers. They are sent even if the process has ended: erlang:send_after/3.
type timers struct {
	n    *Node
	from etf.Pid

	mu      sync.Mutex
	waiting timerHeap
	last    uint64
	alarm   *time.Timer
	sending bool // a goroutine sends what is due, and sets the alarm afterwards
}

// pendingTimer is one message that waits for its time. place is its index in the heap, -1 once it has been taken out.
type pendingTimer struct {
	at      time.Time
	number  uint64 // messages for the same time are sent in the order of their numbers
	to, msg etf.Term
	place   int
}

// laterSends returns the timers of the process. They are made on first use.
func (p *process) laterSends() *timers {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timers == nil {
		p.timers = &timers{n: p.n, from: p.pid}
	}
	return p.timers
}

// set starts a timer. stop cancels it and reports whether it was in time.
func (ts *timers) set(d time.Duration, to, msg etf.Term) (stop func() bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.last++
	t := &pendingTimer{at: time.Now().Add(d), number: ts.last, to: to, msg: msg}
	heap.Push(&ts.waiting, t)
	if t.place == 0 {
		ts.armLocked()
	}
	return func() bool { return ts.cancel(t) }
}

func (ts *timers) cancel(t *pendingTimer) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.place < 0 {
		return false
	}
	first := t.place == 0
	heap.Remove(&ts.waiting, t.place)
	if first {
		ts.armLocked()
	}
	return true
}

// armLocked sets the alarm to the earliest time.
func (ts *timers) armLocked() {
	switch {
	case ts.sending:
	case len(ts.waiting) == 0:
		ts.alarm.Stop()
	case ts.alarm == nil:
		ts.alarm = time.AfterFunc(time.Until(ts.waiting[0].at), ts.sendDue)
	default:
		ts.alarm.Reset(time.Until(ts.waiting[0].at))
	}
}

// sendDue sends the messages that are due. Sending may wait for a connection that is full or is being made.
func (ts *timers) sendDue() {
	ts.mu.Lock()
	if ts.sending {
		ts.mu.Unlock()
		return
	}
	ts.sending = true
	ts.mu.Unlock()
	ts.n.goChild(func() { // false if the node has ended
		for t := ts.takeDue(); t != nil; t = ts.takeDue() {
			if d, err := ts.n.destination(t.to); err == nil {
				_ = ts.n.sendTo(ts.n.ctx, caller{pid: ts.from, timer: true}, d, nil, t.msg)
			}
		}
	})
}

// takeDue takes out the first timer if it is due. Else it sets the alarm again and returns nil.
func (ts *timers) takeDue() *pendingTimer {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.waiting) > 0 && time.Until(ts.waiting[0].at) <= 0 {
		return heap.Pop(&ts.waiting).(*pendingTimer)
	}
	ts.sending = false
	if len(ts.waiting) > 0 {
		ts.armLocked()
	}
	return nil
}

// dropTimersTo drops the timers that send to pid, which has ended.
func (ts *timers) dropTimersTo(pid etf.Pid) {
	if ts == nil {
		return
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.waiting = slices.DeleteFunc(ts.waiting, func(t *pendingTimer) bool {
		gone := t.to == etf.Term(pid)
		if gone {
			t.place = -1
		}
		return gone
	})
	for i, t := range ts.waiting {
		t.place = i
	}
	heap.Init(&ts.waiting)
	if ts.alarm != nil {
		ts.armLocked()
	}
}

// timerHeap is a container/heap.Interface.
type timerHeap []*pendingTimer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].number < h[j].number
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t := x.(*pendingTimer)
	t.place = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	old := *h
	last := len(old) - 1
	t := old[last]
	old[last] = nil
	*h = old[:last]
	t.place = -1
	return t
}
