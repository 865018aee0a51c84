package genserv

import (
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
)

// queue keeps messages in order. What was taken out is released at once, and the memory with the last message.
type queue struct {
	items []etf.Term
	head  uint32
	size  atomic.Uint32 // for other goroutines to see
}

func (q *queue) len() int { return len(q.items) - int(q.head) }

// waiting returns the messages in order, to look at.
func (q *queue) waiting() []etf.Term { return q.items[q.head:] }

func (q *queue) push(msg etf.Term) {
	q.items = append(q.items, msg)
	q.size.Add(1)
}

func (q *queue) clear() {
	q.items, q.head = nil, 0
	q.size.Store(0)
}

func (q *queue) pop() etf.Term {
	msg := q.items[q.head]
	q.items[q.head] = nil
	q.size.Add(^uint32(0))
	if q.head++; int(q.head) == len(q.items) {
		q.items, q.head = nil, 0
	}
	return msg
}

// remove takes out the messages that match.
func (q *queue) remove(match func(etf.Term) bool) {
	if q.len() > 0 {
		q.items = slices.DeleteFunc(q.items[q.head:], match)
		q.head = 0
		q.size.Store(uint32(len(q.items)))
	}
}

// takeFirst takes out the first message that matches; nil if there is none.
func (q *queue) takeFirst(match func(etf.Term) bool) etf.Term {
	head := int(q.head)
	for i := head; i < len(q.items); i++ {
		if msg := q.items[i]; match(msg) {
			q.items = slices.Delete(q.items[head:], i-head, i-head+1)
			q.head = 0
			q.size.Add(^uint32(0))
			return msg
		}
	}
	return nil
}
