package genserv

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// queue keeps messages in order. What was taken out is released at once, and the memory with the last message.
type queue struct {
	items []etf.Term
	head  int
}

func (q *queue) len() int { return len(q.items) - q.head }

func (q *queue) push(msg etf.Term) { q.items = append(q.items, msg) }

func (q *queue) pop() etf.Term {
	msg := q.items[q.head]
	q.items[q.head] = nil
	if q.head++; q.head == len(q.items) {
		*q = queue{}
	}
	return msg
}

// remove takes out the messages that match.
func (q *queue) remove(match func(etf.Term) bool) {
	if q.len() > 0 {
		q.items = slices.DeleteFunc(q.items[q.head:], match)
		q.head = 0
	}
}
