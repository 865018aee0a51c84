package node

import "github.com/gonode-otp/gonode/etf"

// mailbox is an unbounded queue of messages. Its owner guards it with a mutex. take takes all messages at once, so
// that a burst costs one lock per batch and not one per message.
type mailbox struct {
	items []etf.Term
	spare []etf.Term
	taken uint64 // number of messages that take has returned
}

// keepMail is the largest buffer, in messages, that is kept for the next batch.
const keepMail = 1024

func (b *mailbox) push(msg etf.Term) { b.items = append(b.items, msg) }

func (b *mailbox) len() int { return len(b.items) }

// take returns all messages. The caller returns the slice with recycle when it has handled them.
func (b *mailbox) take() []etf.Term {
	batch := b.items
	b.taken += uint64(len(batch))
	b.items, b.spare = b.spare, nil
	return batch
}

func (b *mailbox) recycle(batch []etf.Term) {
	clear(batch)
	if cap(batch) <= keepMail && b.spare == nil {
		b.spare = batch[:0]
	}
}
