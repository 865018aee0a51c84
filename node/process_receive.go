package node

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// receive takes the first message out of the mailbox that match accepts: receive ... after d. It returns nil if none
// arrives in time. Only a callback may call it, in the goroutine that runs the loop.
func (p *process) receive(d time.Duration, match func(etf.Term) bool) (etf.Term, error) {
	var expired <-chan time.Time
	p.skipTaken()
	for i := p.handled; ; {
		if p.urgent.Load() > 0 {
			p.takePriority()
			i = p.handled
		}
		for ; i < len(p.batch); i++ {
			if msg := p.batch[i]; msg != nil && !isSystemFunc(msg) && match(withoutToken(msg)) {
				p.takeFromBatch(i)
				return p.takeToken(msg), nil
			}
		}
		arrival, err := p.refill(d != 0)
		switch {
		case err != nil:
			return nil, err
		case len(p.batch) > i, p.urgent.Load() > 0:
			continue
		case d == 0:
			return nil, nil
		case expired == nil && d != genserv.Infinity:
			timer := time.NewTimer(d)
			defer timer.Stop()
			expired = timer.C
		}
		p.yieldReader()
		select {
		case <-arrival:
		case <-expired:
			d = 0 // a message that arrived at the same moment still counts
			p.stopWaiting(arrival)
		}
	}
}

// takeFromBatch removes a message from the batch.
func (p *process) takeFromBatch(i int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batch[i] = nil
}

// skipTaken skips the messages at the start of the batch that receive has taken. Without it, each receive would look
// at all of them again.
func (p *process) skipTaken() {
	for p.handled < len(p.batch) && p.batch[p.handled] == nil {
		p.handled++
	}
}

// refill appends the mailbox to the batch. If the mailbox is empty and wait is true, arrival is closed when something
// arrives. Priority messages are left to takePriority.
func (p *process) refill(wait bool) (arrival <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.dead.Load():
		return nil, errProcessEnded
	case p.urgent.Load() > 0:
	case p.box.len() > 0:
		items := p.box.take()
		p.batch = append(p.batch, items...)
		p.box.recycle(items)
		p.position.Store(int32(p.handled))
	case wait:
		if p.arrival == nil {
			p.arrival = make(chan struct{})
		}
		return p.arrival, nil
	}
	return nil, nil
}

// stopWaiting notes that no callback waits in receive any more.
func (p *process) stopWaiting(arrival <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.arrival == arrival {
		p.arrival = nil
	}
}

// arrivedLocked wakes a callback that waits in receive.
func (p *process) arrivedLocked() {
	if p.arrival != nil {
		close(p.arrival)
		p.arrival = nil
	}
}
