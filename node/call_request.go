package node

import (
	"context"
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Request is a gen_server:call whose caller does not wait at once: the request id of gen_server:send_request/2. It
// costs no goroutine, and the node keeps nothing of it after it has completed or was abandoned. Its methods may be
// called from any goroutine.
type Request struct {
	n    *Node
	to   etf.Term
	done chan struct{}

	mu         sync.Mutex
	call       *call // removed when the request completes; nil until it is under way
	monitor    *outboundMonitor
	completed  bool
	reply      etf.Term // these two are read without mu when done is closed
	err        error
	onComplete []func() // when it has completed
}

var errAbandoned = errors.New("node: the request was abandoned")

// SendRequest sends a request and returns at once. Requests of one goroutine to one process arrive in the order in
// which they were sent. ctx bounds only the sending, which may have to connect. The error says that to is not a
// destination or that the request is not a term. Every other outcome is reported by the Request.
// gen_server:send_request/2.
func (n *Node) SendRequest(ctx context.Context, to, request etf.Term) (*Request, error) {
	from := caller{pid: n.self}
	r := &Request{n: n, to: to, done: make(chan struct{})}
	c := &call{ref: n.refs.make(), from: n.self, request: r}
	d, err := n.locate(ctx, to)
	var m *outboundMonitor
	if err == nil {
		m, err = n.begin(ctx, from, c, to, d, driver.CallMessage(n.self, aliasTag(c.ref), request))
	}
	var failed *genserv.CallFailure
	switch {
	case err == nil:
		r.setCall(c, m)
	case errors.As(err, &failed):
		r.complete(nil, err)
	default:
		return nil, err
	}
	return r, nil
}

// setCall notes what to remove when the request completes. If it has completed already, setCall removes that at once.
func (r *Request) setCall(c *call, m *outboundMonitor) {
	r.mu.Lock()
	r.call, r.monitor = c, m
	completed := r.completed
	r.mu.Unlock()
	if completed {
		r.n.endCall(c, m)
	}
}

// completeCall notes the outcome of the call. The reader of a connection may call it.
func (r *Request) completeCall(result callResult) { r.complete(result.reply, result.err(r.to)) }

// complete notes the outcome; only the first one counts.
func (r *Request) complete(reply etf.Term, err error) {
	r.mu.Lock()
	if r.completed {
		r.mu.Unlock()
		return
	}
	r.completed, r.reply, r.err = true, reply, err
	close(r.done)
	c, m, tell := r.call, r.monitor, r.onComplete
	r.onComplete = nil
	r.mu.Unlock()
	if c != nil {
		r.n.endCall(c, m)
	}
	for _, f := range tell {
		f()
	}
}

// notify has f called once the request has completed.
func (r *Request) notify(f func()) {
	r.mu.Lock()
	if !r.completed {
		r.onComplete = append(r.onComplete, f)
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()
	f()
}

// Done returns a channel that is closed when there is a response.
func (r *Request) Done() <-chan struct{} { return r.done }

// Wait waits for the response until ctx ends, and returns at once if Done is closed. The errors are those of Call.
// After a time-out the request is still under way. gen_server:wait_response/2.
func (r *Request) Wait(ctx context.Context) (reply etf.Term, err error) {
	select {
	case <-r.done:
		return r.reply, r.err
	default:
	}
	r.n.yieldReaders()
	select {
	case <-r.done:
		return r.reply, r.err
	case <-ctx.Done():
		return nil, timeoutError(r.to, context.Cause(ctx))
	}
}

// Receive is Wait, but abandons the request after a time-out. gen_server:receive_response/2.
func (r *Request) Receive(ctx context.Context) (reply etf.Term, err error) {
	if reply, err = r.Wait(ctx); err == nil {
		return reply, nil
	}
	r.complete(nil, err) // a response that came at the last moment counts
	return r.reply, r.err
}

// Abandon gives the request up: a later answer is dropped, and Wait returns an error that matches genserv.ErrTimeout.
// It has no effect on a request that has completed.
func (r *Request) Abandon() { r.complete(nil, timeoutError(r.to, errAbandoned)) }
