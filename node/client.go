package node

import (
	"context"
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// call is one request that waits for its answer.
type call struct {
	ref    etf.Ref
	result chan callResult // one place; the first to settle fills it
}

type callResult struct {
	reply  etf.Term
	reason etf.Term // why there is no reply, if reply is nil
}

// settle hands the outcome to the waiting goroutine. Later ones are dropped, as a late reply to an alias is.
func (c *call) settle(r callResult) {
	select {
	case c.result <- r:
	default:
	}
}

func (c *call) down(reason etf.Term) { c.settle(callResult{reason: reason}) }

// calls finds the waiting calls of this node by the number of their reference.
type calls struct {
	mu      sync.Mutex
	waiting map[uint64]*call
}

func (cs *calls) add(c *call) {
	cs.mu.Lock()
	cs.waiting[refNumber(c.ref)] = c
	cs.mu.Unlock()
}

func (cs *calls) remove(c *call) {
	cs.mu.Lock()
	delete(cs.waiting, refNumber(c.ref))
	cs.mu.Unlock()
}

// reply settles the call that ref belongs to; false means there is none (any more).
func (cs *calls) reply(ref etf.Ref, reply etf.Term) bool {
	cs.mu.Lock()
	c := cs.waiting[refNumber(ref)]
	cs.mu.Unlock()
	if c == nil || c.ref != ref {
		return false
	}
	c.settle(callResult{reply: reply})
	return true
}

// replyTag returns the reference of a reply {Tag, Reply} whose tag is one that Call made: Ref or [alias|Ref].
func replyTag(msg etf.Term) (ref etf.Ref, reply etf.Term, ok bool) {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 2 {
		return etf.Ref{}, nil, false
	}
	switch tag := t[0].(type) {
	case etf.Ref:
		return tag, t[1], true
	case etf.ImproperList:
		ref, ok = tag.Tail.(etf.Ref)
		return ref, t[1], ok && len(tag.Elems) == 1 && tag.Elems[0] == etf.Term(etf.Atom("alias"))
	}
	return etf.Ref{}, nil, false
}

// Call makes a gen_server:call and waits for the answer: until ctx ends, so give it a deadline (gen_server's default is
// five seconds). to is a pid, a registered name of this node as an etf.Atom, or {Name, Node} as an etf.Tuple.
//
// The error matches genserv.ErrNoProc if there is no such process, genserv.ErrNoConnection if its node cannot be reached
// or went away, genserv.ErrTimeout (and the cause of ctx) if ctx ended first, and is a *genserv.Exit with the reason if
// the process ended without an answer. A late answer is dropped.
func (n *Node) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	return n.call(ctx, caller{pid: n.self}, to, request)
}

// caller is who makes a call: a process, or the node for a goroutine that is none.
type caller struct {
	pid  etf.Pid
	gone <-chan struct{} // closed when the process has ended; nil for the node
}

func (n *Node) call(ctx context.Context, from caller, to, request etf.Term) (etf.Term, error) {
	d, err := n.destination(to)
	if err != nil {
		return nil, err
	}
	c := &call{ref: n.refs.make(), result: make(chan callResult, 1)}
	n.calls.add(c)
	defer n.calls.remove(c)
	m := &monitor{ref: c.ref, from: from.pid, call: c}
	if err := n.watchTarget(ctx, m, d); err != nil {
		return nil, callFailed(ctx, to, err)
	}
	defer n.unwatch(m)
	if err := n.sendTo(ctx, from.pid, d, m.peer, genserv.CallMessage(from.pid, aliasTag(c.ref), request)); err != nil {
		return nil, callFailed(ctx, to, err)
	}
	select {
	case r := <-c.result:
		if r.reply == nil {
			return nil, genserv.CallError(to, r.reason)
		}
		return r.reply, nil
	case <-ctx.Done():
		return nil, genserv.TimeoutError(to, context.Cause(ctx))
	case <-from.gone:
		return nil, genserv.TimeoutError(to, errProcessEnded)
	}
}

// aliasTag is the tag of a request whose answer shall go to the alias ref (gen:call since OTP 24). Older nodes echo it to
// the pid of the caller.
func aliasTag(ref etf.Ref) etf.Term {
	return etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: ref}
}

// callFailed explains why a request could not be sent.
func callFailed(ctx context.Context, to etf.Term, err error) error {
	var encode *etf.EncodeError
	switch {
	case errors.As(err, &encode):
		return err
	case ctx.Err() != nil:
		return genserv.TimeoutError(to, context.Cause(ctx))
	}
	return &genserv.CallFailure{To: to, Err: genserv.ErrNoConnection, Cause: err}
}

// Cast makes a gen_server:cast: it sends the request and does not wait. Unlike Erlang's it reports what it knows: that to
// is no destination, that the request is no term, or that there is no connection to the node.
func (n *Node) Cast(ctx context.Context, to, request etf.Term) error {
	return n.Send(ctx, to, genserv.CastMessage(request))
}

// Send sends a plain message, as Erlang's ! does. Messages from one goroutine to one process arrive in the order in which
// they were sent. A message to a process that does not exist vanishes.
func (n *Node) Send(ctx context.Context, to, msg etf.Term) error {
	d, err := n.destination(to)
	if err != nil {
		return err
	}
	return n.sendTo(ctx, n.self, d, nil, msg)
}

// NodeReply is one answer to MultiCall.
type NodeReply struct {
	Node  etf.Atom
	Reply etf.Term
}

// MultiCall makes a gen_server:multi_call: it asks the server registered as name on all the nodes at once and waits for
// all of them, or until ctx ends. Nodes that did not answer are in bad, whatever the reason; both results keep the order of
// nodes.
func (n *Node) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (replies []NodeReply, bad []etf.Atom) {
	answers := make([]etf.Term, len(nodes))
	var wg sync.WaitGroup
	for i, node := range nodes {
		wg.Go(func() {
			if reply, err := n.Call(ctx, etf.Tuple{name, node}, request); err == nil {
				answers[i] = reply
			}
		})
	}
	wg.Wait()
	for i, node := range nodes {
		if answers[i] == nil {
			bad = append(bad, node)
			continue
		}
		replies = append(replies, NodeReply{Node: node, Reply: answers[i]})
	}
	return replies, bad
}
