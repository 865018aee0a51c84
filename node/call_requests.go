package node

import (
	"context"
	"errors"
	"iter"
	"maps"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Requests is a collection of requests, each with a label. Their responses are taken as they arrive:
// gen_server:reqids_new/0. The zero value is empty and ready to use. Its methods may be called from any goroutine.
type Requests[L any] struct {
	mu        sync.Mutex
	labels    map[*Request]L
	completed []*Request
	wake      chan struct{} // closed when something completes; nil while nobody waits
}

// Add puts a request into the collection. gen_server:reqids_add/3.
func (c *Requests[L]) Add(r *Request, label L) {
	c.mu.Lock()
	if c.labels == nil {
		c.labels = map[*Request]L{}
	}
	c.labels[r] = label
	c.mu.Unlock()
	r.notify(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.completed = append(c.completed, r)
		if c.wake != nil {
			close(c.wake)
			c.wake = nil
		}
	})
}

// Len returns the number of requests whose response has not been taken. gen_server:reqids_size/1.
func (c *Requests[L]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.labels)
}

// All yields the requests with their labels, in no order. gen_server:reqids_to_list/1.
func (c *Requests[L]) All() iter.Seq2[*Request, L] {
	c.mu.Lock()
	all := maps.Clone(c.labels)
	c.mu.Unlock()
	return maps.All(all)
}

// Wait waits until ctx ends for the response to any of the requests, and takes the request out of the collection. The
// error is genserv.ErrNoRequest if the collection is empty. It matches genserv.ErrTimeout if ctx ended first; the
// requests are then still under way. gen_server:wait_response/3 with Delete true.
func (c *Requests[L]) Wait(ctx context.Context) (genserv.Response[L], error) {
	for {
		r, label, wake := c.takeCompleted()
		switch {
		case r == nil:
			return genserv.Response[L]{}, genserv.ErrNoRequest
		case wake == nil:
			return genserv.Response[L]{Label: label, Reply: r.reply, Err: r.err}, nil
		}
		r.n.yieldReaders()
		select {
		case <-wake:
		case <-ctx.Done():
			return genserv.Response[L]{}, timeoutError(etf.Atom("requests"), context.Cause(ctx))
		}
	}
}

// Receive is Wait, but abandons all requests after a time-out. gen_server:receive_response/3 with Delete true.
func (c *Requests[L]) Receive(ctx context.Context) (r genserv.Response[L], err error) {
	if r, err = c.Wait(ctx); errors.Is(err, genserv.ErrTimeout) {
		c.Abandon()
	}
	return r, err
}

// Abandon gives up all requests and empties the collection.
func (c *Requests[L]) Abandon() {
	c.mu.Lock()
	all := c.labels
	c.labels, c.completed = nil, nil
	c.mu.Unlock()
	for r := range all {
		r.Abandon()
	}
}

// takeCompleted takes out a request that has completed. If none has, it returns a request that has not completed, and
// the channel to wait for.
func (c *Requests[L]) takeCompleted() (r *Request, label L, wake <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.completed) > 0 {
		r, c.completed = c.completed[0], c.completed[1:]
		if label, ok := c.labels[r]; ok {
			delete(c.labels, r)
			return r, label, nil
		}
	}
	for r = range c.labels {
		if c.wake == nil {
			c.wake = make(chan struct{})
		}
		return r, label, c.wake
	}
	return nil, label, nil
}
