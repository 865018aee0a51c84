package genserv

import (
	"errors"
	"iter"
	"maps"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// RequestIDs is a collection of requests of one process, each with a label of any type. Its responses are taken as they
// come. Its zero value is empty and ready to use: gen_server:reqids_new/0. Only callbacks of its process may use it.
type RequestIDs[L any] struct {
	byRef map[etf.Ref]labelled[L]
}

type labelled[L any] struct {
	id    RequestID
	label L
}

// Response is the outcome of a request that was taken out of a collection: of RequestIDs in a server, or of
// node.Requests in any goroutine.
type Response[L any] struct {
	Label L
	Reply etf.Term
	Err   error // why there is no reply, as from Process.Call
}

// ErrNoRequest is the error of waiting for a response of an empty collection: no_request of gen_server:wait_response/3.
var ErrNoRequest = errors.New("genserv: no request is under way")

// Add puts a request into the collection. gen_server:reqids_add/3.
func (c *RequestIDs[L]) Add(id RequestID, label L) {
	if c.byRef == nil {
		c.byRef = map[etf.Ref]labelled[L]{}
	}
	c.byRef[id.ref] = labelled[L]{id, label}
}

// Len returns the number of requests whose response was not taken yet. gen_server:reqids_size/1.
func (c *RequestIDs[L]) Len() int { return len(c.byRef) }

// All yields the requests with their labels, in no order. gen_server:reqids_to_list/1.
func (c *RequestIDs[L]) All() iter.Seq2[RequestID, L] {
	return func(yield func(RequestID, L) bool) {
		for _, l := range maps.Clone(c.byRef) {
			if !yield(l.id, l.label) {
				return
			}
		}
	}
}

// Check tells whether a message is the response to one of the requests, which it then takes out of the collection.
// gen_server:check_response/3 with Delete true.
func (c *RequestIDs[L]) Check(p *Process, msg etf.Term) (r Response[L], ok bool) {
	ref, ok := responseRef(msg)
	if !ok {
		return r, false
	}
	l, ok := c.byRef[ref]
	if !ok {
		return r, false
	}
	delete(c.byRef, ref)
	r = Response[L]{Label: l.label}
	r.Reply, r.Err = p.response(msg, l.id)
	return r, true
}

// Wait waits for the response to any of the requests for at most d, takes the request out of the collection and
// leaves everything else in the mailbox. The error is ErrNoRequest if the collection is empty, or matches ErrTimeout;
// the requests are then still under way. gen_server:wait_response/3 with Delete true.
func (c *RequestIDs[L]) Wait(p *Process, d time.Duration) (r Response[L], err error) {
	if len(c.byRef) == 0 {
		return r, ErrNoRequest
	}
	msg, ok := p.Receive(d, c.has)
	if !ok {
		return r, timeout(etf.Atom("requests"))
	}
	r, _ = c.Check(p, msg)
	return r, nil
}

// Receive is Wait, but abandons all requests after a time-out. gen_server:receive_response/3 with Delete true.
func (c *RequestIDs[L]) Receive(p *Process, d time.Duration) (r Response[L], err error) {
	if r, err = c.Wait(p, d); errors.Is(err, ErrTimeout) {
		c.Abandon(p)
	}
	return r, err
}

// Abandon gives up all requests and empties the collection: the process sees no response to them any more.
func (c *RequestIDs[L]) Abandon(p *Process) {
	for ref := range c.byRef {
		p.Demonitor(ref)
	}
	for {
		if _, ok := p.Receive(0, c.has); !ok {
			break
		}
	}
	c.byRef = nil
}

func (c *RequestIDs[L]) has(msg etf.Term) bool {
	ref, ok := responseRef(msg)
	if ok {
		_, ok = c.byRef[ref]
	}
	return ok
}
