package node

import (
	"context"
	"errors"
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// call is one request that waits for its answer.
type call struct {
	ref     etf.Ref
	from    etf.Pid         // the process that waits
	result  chan callResult // one place; the first to complete it fills it
	request *Request        // used instead of result if no goroutine waits
}

type callResult struct {
	reply  etf.Term
	reason etf.Term // why there is no reply, if reply is nil
	token  etf.Term // the sequential trace token that came with the reply
}

func (n *Node) newCall(from caller) *call {
	return &call{ref: n.refs.make(), from: from.pid, result: make(chan callResult, 1)}
}

// complete hands the outcome to the goroutine that waits for it. Only the first outcome counts; later ones are
// dropped, as a late reply to an alias is. It never blocks.
func (c *call) complete(r callResult) {
	if c.request != nil {
		c.request.completeCall(r)
		return
	}
	select {
	case c.result <- r:
	default:
	}
}

func (c *call) down(reason etf.Term) { c.complete(callResult{reason: reason}) }

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

// reply completes the call that ref belongs to, if the reply was sent to the alias or the pid of its caller. Nodes
// that do not know aliases send it to the pid. false means that there is no such call (any more).
func (cs *calls) reply(d destination, ref etf.Ref, reply, token etf.Term) bool {
	cs.mu.Lock()
	c := cs.waiting[refNumber(ref)]
	cs.mu.Unlock()
	if c == nil || c.ref != ref || d.alias != ref && d.pid != c.from {
		return false
	}
	c.complete(callResult{reply: reply, token: token})
	return true
}

// Call makes a gen_server:call and waits for the answer until ctx ends. A ctx without a deadline ends here after
// Config.CallTimeout, five seconds unless told otherwise, as gen_server:call/2 does; with genserv.WithInfinity it does
// not. to is a pid, a registered name of this node as an etf.Atom, {Name, Node} as an etf.Tuple, or
// {global, Name}, for which it asks a connected node.
//
// The error matches genserv.ErrNoProc if there is no such process, genserv.ErrNoConnection if its node cannot be
// reached or went away, genserv.ErrTimeout (and the cause of ctx) if ctx ended first, and is a *genserv.Exit with the
// reason if the process ended without an answer. A late answer is dropped.
func (n *Node) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	ctx, release := n.withCallTimeout(ctx)
	defer release()
	return n.call(ctx, caller{pid: n.self}, to, request)
}

// withCallTimeout returns the context of a call: ctx, and if that has no deadline, one that ends after
// Config.CallTimeout.
func (n *Node) withCallTimeout(ctx context.Context) (_ context.Context, release context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || n.cfg.CallTimeout < 0 || driver.WaitsForEver(ctx) {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, n.cfg.CallTimeout)
}

// caller is the sender of a message: a process, or the node for a goroutine that is not a process.
type caller struct {
	pid     etf.Pid
	process *process        // nil for the node
	timer   bool            // a timer of the process sends the message, independently of what the process does now
	ended   <-chan struct{} // closed when the process has ended; nil for the node, and for a send that does not wait
}

// mayWait reports whether the caller waits until there is a connection. Calls wait, and so do goroutines that are not
// processes. A plain message of a process is kept until the connection is up.
func (c caller) mayWait() bool { return c.ended != nil || c.process == nil && !c.timer }

func (n *Node) call(ctx context.Context, from caller, to, request etf.Term) (etf.Term, error) {
	n.yieldReaderOf(from)
	d, err := n.locate(ctx, to)
	if err != nil {
		return nil, err
	}
	return n.callTo(ctx, from, to, d, func(tag etf.Term) etf.Term { return driver.CallMessage(from.pid, tag, request) })
}

// callTo sends a message that will be answered, and waits for the answer.
func (n *Node) callTo(ctx context.Context, from caller, to etf.Term, d destination,
	message func(tag etf.Term) etf.Term) (etf.Term, error) {
	c := n.newCall(from)
	m, err := n.begin(ctx, from, c, to, d, message(aliasTag(c.ref)))
	if err != nil {
		return nil, err
	}
	defer n.endCall(c, m)
	return n.await(ctx, from, c, to)
}

// begin sends the message of a call. Its error is the error of the call, a *DestinationError, or an *etf.EncodeError.
func (n *Node) begin(ctx context.Context, from caller, c *call, to etf.Term, d destination,
	msg etf.Term) (*outboundMonitor, error) {
	switch {
	case d.alias.Len > 0:
		return nil, &DestinationError{To: to}
	case from.process != nil && d.node == n.name && n.local(d) == from.process:
		return nil, &genserv.CallFailure{To: to, Err: genserv.ReasonError(etf.Atom("calling_self"))}
	}
	n.calls.add(c)
	m := &outboundMonitor{ref: c.ref, from: from.pid, call: c}
	if err := n.setMonitor(ctx, m, d); err != nil {
		n.calls.remove(c)
		return nil, callFailed(ctx, to, err)
	}
	if err := n.sendTo(ctx, from, d, m.peer, msg); err != nil {
		n.endCall(c, m)
		return nil, callFailed(ctx, to, err)
	}
	return m, nil
}

// await waits for the answer to a call that has begun.
func (n *Node) await(ctx context.Context, from caller, c *call, to etf.Term) (etf.Term, error) {
	select {
	case r := <-c.result:
		if from.process != nil {
			from.process.takeToken(withToken(r.reply, r.token))
		}
		return r.reply, r.err(to)
	case <-ctx.Done():
		return nil, timeoutError(to, context.Cause(ctx))
	case <-from.ended:
		return nil, timeoutError(to, errProcessEnded)
	}
}

// endCall removes everything that the node keeps for a call, whether it was answered or not.
func (n *Node) endCall(c *call, m *outboundMonitor) {
	n.removeMonitor(m)
	n.calls.remove(c)
}

func (r callResult) err(to etf.Term) error {
	if r.reply != nil {
		return nil
	}
	return &genserv.CallFailure{To: to, Err: genserv.ReasonError(r.reason)}
}

// aliasTag returns the tag of a request whose answer goes to the alias ref (gen:call since OTP 24). Older nodes echo
// the tag and answer to the pid of the caller.
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
		return timeoutError(to, context.Cause(ctx))
	case errors.Is(err, errProcessEnded):
		return timeoutError(to, err)
	}
	return &genserv.CallFailure{To: to, Err: genserv.ErrNoConnection, Cause: err}
}

// Cast makes a gen_server:cast: it sends the request and does not wait. Unlike gen_server:cast it returns an error if
// to is not a destination, if the request is not a term, or if there is no connection to the node.
func (n *Node) Cast(ctx context.Context, to, request etf.Term) error {
	d, err := n.locate(ctx, to)
	if err != nil {
		return err
	}
	return n.sendTo(ctx, caller{pid: n.self}, d, nil, driver.CastMessage(request))
}

// Abcast casts to the server registered as name on all the nodes and returns the nodes that could not be reached. It
// connects to all of them concurrently. gen_server:abcast/3.
func (n *Node) Abcast(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (bad []etf.Atom) {
	return n.abcast(ctx, caller{pid: n.self}, nodes, name, request)
}

func (n *Node) abcast(ctx context.Context, from caller, nodes []etf.Atom, name etf.Atom,
	request etf.Term) (bad []etf.Atom) {
	failed := make([]bool, len(nodes))
	n.onAll(from, nodes, func(i int, node etf.Atom) {
		failed[i] = n.sendTo(ctx, from, destination{node: node, name: name}, nil, driver.CastMessage(request)) != nil
	})
	for i, node := range nodes {
		if failed[i] {
			bad = append(bad, node)
		}
	}
	return bad
}

// onAll calls do for all nodes concurrently.
func (n *Node) onAll(from caller, nodes []etf.Atom, do func(i int, node etf.Atom)) {
	n.yieldReaderOf(from)
	var wg sync.WaitGroup
	for i, node := range nodes {
		wg.Go(func() { do(i, node) })
	}
	wg.Wait()
}

// Send sends a plain message, as Erlang's ! does. Messages from one goroutine to one process arrive in the order in
// which they were sent. A message to a process that does not exist is lost. to is what Call takes, or an alias. As in
// Call, {global, Name} is an error if the name is not registered (global:send/2).
func (n *Node) Send(ctx context.Context, to, msg etf.Term) error {
	d, err := n.locate(ctx, to)
	if err != nil {
		return err
	}
	return n.sendTo(ctx, caller{pid: n.self}, d, nil, msg)
}

// NodeReply is one answer to MultiCall.
type NodeReply = genserv.NodeReply

// MultiCall makes a gen_server:multi_call: it asks the server registered as name on all the nodes at once and waits
// for all of them, or until ctx ends. A ctx without a deadline ends after Config.CallTimeout, while
// gen_server:multi_call/3 waits for ever. bad lists the nodes that did not answer, whatever the reason. Both results
// keep the order of nodes.
func (n *Node) MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) (replies []NodeReply,
	bad []etf.Atom) {
	ctx, release := n.withCallTimeout(ctx)
	defer release()
	return n.multiCall(ctx, caller{pid: n.self}, nodes, name, request)
}

func (n *Node) multiCall(ctx context.Context, from caller, nodes []etf.Atom, name etf.Atom,
	request etf.Term) (replies []NodeReply, bad []etf.Atom) {
	answers := make([]etf.Term, len(nodes))
	n.onAll(from, nodes, func(i int, node etf.Atom) {
		if reply, err := n.call(ctx, from, etf.Tuple{name, node}, request); err == nil {
			answers[i] = reply
		}
	})
	for i, node := range nodes {
		if answers[i] == nil {
			bad = append(bad, node)
			continue
		}
		replies = append(replies, NodeReply{Node: node, Reply: answers[i]})
	}
	return replies, bad
}

// timeoutError returns the error of a request whose context ended because of cause.
func timeoutError(to etf.Term, cause error) error {
	return &genserv.CallFailure{To: to, Err: genserv.ErrTimeout, Cause: cause}
}
