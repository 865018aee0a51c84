package ergohost

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// ErrUnsupportedNode means that the ergo node lacks what the bridge needs: it is not of the release that this module
// requires.
var ErrUnsupportedNode = errors.New("ergohost: this node of ergo is no gen.Core")

// Options are settings of a Host. The zero value is usable.
type Options struct {
	// CallTime is how long an actor may leave a call unanswered. After that the bridge answers {error, timeout}, logs a
	// warning and forgets the call. 0 means an hour. The caller has its own time-out, which is usually much shorter.
	CallTime time.Duration
	// StopTime is how long an actor may take to end after a BEAM stopped it. After that it is killed, as with the shutdown
	// time of a supervisor. 0 means five seconds.
	StopTime time.Duration
}

// Host joins an ergo node with a node of a cluster. Its methods may be called from any goroutine.
type Host struct {
	ergo gen.Node
	core gen.Core
	node *node.Node
	opts Options

	keeper  *genserv.Process
	values  values
	closing atomic.Bool
	lost    atomic.Uint64

	mu      sync.Mutex
	actors  map[gen.PID]*exposed
	standIn map[etf.Pid]*exposed
	remotes map[*remote]bool

	supervised map[gen.Atom]*exposed // the last actor of each name that a supervisor of a BEAM started
}

// Join makes a Host of a running ergo node and a running node of a cluster. Neither node ends with the other; Close
// separates them. The bridge opens no connection and takes over no signals, and it works with ergo's network disabled.
//
// The error is ErrUnsupportedNode, or why the process of the bridge could not be started: node.ErrStopped, or the cause
// of the end of ctx.
func Join(ctx context.Context, ergo gen.Node, n *node.Node, opts Options) (*Host, error) {
	core, ok := ergo.(gen.Core)
	if !ok {
		return nil, ErrUnsupportedNode
	}
	if opts.CallTime <= 0 {
		opts.CallTime = time.Hour
	}
	if opts.StopTime <= 0 {
		opts.StopTime = 5 * time.Second
	}
	h := &Host{ergo: ergo, core: core, node: n, opts: opts, actors: map[gen.PID]*exposed{},
		standIn: map[etf.Pid]*exposed{}, remotes: map[*remote]bool{},
		supervised: map[gen.Atom]*exposed{}}
	if _, err := n.Spawn(ctx, genserv.Child{Module: genserv.Of(keeper{h})}); err != nil {
		return nil, err
	}
	return h, nil
}

// Close ends the stand-ins of both sides, with the reason shutdown, and returns when they have ended, or when ctx
// ends. The actors and the two nodes go on.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closing.Store(true)
	var all []*exposed
	for _, e := range h.standIn {
		all = append(all, e)
	}
	var remotes []*remote
	for r := range h.remotes {
		remotes = append(remotes, r)
	}
	h.mu.Unlock()
	for _, e := range all {
		e.end(gen.TerminateReasonShutdown)
	}
	for _, r := range remotes {
		r.end(gen.TerminateReasonShutdown)
	}
	for _, e := range all {
		if err := wait(ctx, e.gone); err != nil {
			return err
		}
	}
	for _, r := range remotes {
		if err := wait(ctx, r.gone); err != nil {
			return err
		}
	}
	err := h.node.Terminate(ctx, h.keeper.Self(), genserv.Shutdown)
	if errors.Is(err, genserv.ErrNoProc) || errors.Is(err, node.ErrStopped) {
		return nil
	}
	return err
}

// Lost returns how many messages could not be delivered, because a bounded mailbox was full, the process had ended, or
// a value has no term. The ergo node logged each of them as a warning.
func (h *Host) Lost() uint64 { return h.lost.Load() }

// Pid returns the pid that an exposed actor has on the cluster, to be sent in messages. false means that the actor is
// not exposed.
func (h *Host) Pid(actor gen.PID) (etf.Pid, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.actors[actor]
	if e == nil {
		return etf.Pid{}, false
	}
	return e.self, true
}

func (h *Host) lose(from, to string, why error) {
	h.lost.Add(1)
	h.ergo.Log().Warning("ergohost: a message from %s to %s is lost: %s", from, to, why)
}

// wait waits for done until ctx ends.
func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// keeper is the process of the bridge on the cluster's node. It monitors the other ones, because a killed process
// cannot report its end.
type keeper struct{ h *Host }

// watching is what the keeper does when a process has ended.
type watching map[etf.Ref]func(reason etf.Term)

// StateTerm returns what sys:get_state shows.
func (w watching) StateTerm() etf.Term { return etf.Int(len(w)) }

// watch asks the keeper to call ended when a process has ended.
type watch struct {
	etf.Atom // makes it an etf.Term
	pid      etf.Pid
	ended    func(reason etf.Term)
}

func (h *Host) watch(p *genserv.Process, ended func(reason etf.Term)) error {
	return p.TrySend(h.keeper.Self(), &watch{"$watch", p.Self(), ended})
}

// Init implements genserv.Server.
func (k keeper) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[watching] {
	k.h.keeper = p
	return genserv.Ok(watching{})
}

// HandleCall implements genserv.Server.
func (keeper) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, w watching) genserv.Result[watching] {
	return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, w)
}

// HandleInfo implements genserv.Informer.
func (keeper) HandleInfo(p *genserv.Process, msg etf.Term, w watching) genserv.Result[watching] {
	if order, ok := msg.(*watch); ok {
		ref, err := p.Monitor(order.pid)
		if err != nil {
			order.ended(etf.Atom("noproc"))
			return genserv.NoReply(w)
		}
		w[ref] = order.ended
		return genserv.NoReply(w)
	}
	if down, ok := genserv.AsDown(msg); ok && w[down.Ref] != nil {
		w[down.Ref](down.Reason)
		delete(w, down.Ref)
	}
	return genserv.NoReply(w)
}

func isAtom(t etf.Term, a etf.Atom) bool {
	got, ok := t.(etf.Atom)
	return ok && got == a
}
