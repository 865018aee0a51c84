package ergohost

import (
	"context"
	"errors"
	"sync"
	"time"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// errGone answers the slots of calls whose actor has ended. The clients of these calls see the stand-in end.
var errGone = errors.New("ergohost: the actor has ended")

// idleCallers is how many callers of an actor are kept while there are no calls.
const idleCallers = 8

// exposed is an actor with the processes that represent it. On the cluster's node this is a gen_server under its name.
// On the ergo node it is a port, which monitors the actor and sends it what comes from a BEAM, and callers.
//
// ergo delivers a reply only to the process that made the call, and that process waits for this one reply alone. So
// each open call has a caller, a process that waits. The caller itself calls the port. That call provides an address
// for a reply, a slot, and the port uses it for whatever call is the next. Slots come in no particular order, but calls
// and messages go to the actor in the order in which they came. A call costs no spawn when a caller is waiting already.
type exposed struct {
	host   *Host
	name   etf.Atom
	actor  gen.PID
	parent gen.PID // an exit of the parent cannot be trapped; zero if it is not known yet
	port   gen.PID

	process *genserv.Process // the stand-in, once it has begun
	self    etf.Pid

	supervised bool // a supervisor of a BEAM called a start function

	mu       sync.Mutex
	waiting  []item
	calls    int               // the number of calls in waiting
	slots    []*slot           // those without a call
	open     map[gen.Ref]*slot // those of calls that the actor has
	callers  int               // the number of caller processes
	coming   int               // callers that will have a slot soon
	starting bool              // the actor is still in its Init and gets nothing
	wrapped  bool              // the actor reports its end itself, after its Terminate
	signal   etf.Term          // the exit signal that waits for the end of Init
	err      error             // why the actor has ended, nil while it lives
	finished bool              // the stand-in was told of the end
	started  chan struct{}     // closed when the actor has started
	done     chan struct{}     // closed when the actor has ended
	gone     chan struct{}     // closed when the stand-in has ended
}

// item is a call, or a message if call is nil.
type item struct {
	call    *call
	message any
}

type call struct {
	from    genserv.From
	request any
}

// slot is an address for the reply to one call.
type slot struct {
	pid    gen.PID // the caller
	ref    gen.Ref
	serves *call
	since  time.Time
}

// Expose makes a running actor, or any other ergo process, known to the cluster under a name. It starts a stand-in, a
// gen_server on the cluster's node, and returns its pid. The stand-in ends when the actor does, with the same reason,
// and then the name is free. Use Exposed for actors that a supervisor restarts. If the name belongs to an actor that
// has just ended, Expose waits for the end of its stand-in, until ctx ends.
//
// The error is a *genserv.AlreadyStarted if the name is taken, gen.ErrProcessUnknown if there is no such actor,
// gen.ErrNotAllowed if the actor is still in its Init, node.ErrStopped, gen.ErrNodeTerminated, or the cause of the end
// of ctx.
func (h *Host) Expose(ctx context.Context, name etf.Atom, actor gen.PID) (etf.Pid, error) {
	state, err := h.ergo.ProcessState(actor)
	if err != nil {
		return etf.Pid{}, err
	}
	if state == gen.ProcessStateInit {
		return etf.Pid{}, gen.ErrNotAllowed
	}
	e := newExposed(h, name, actor, gen.PID{})
	close(e.started)
	err = h.expose(ctx, e)
	return e.self, err
}

func newExposed(h *Host, name etf.Atom, actor, parent gen.PID) *exposed {
	return &exposed{host: h, name: name, actor: actor, parent: parent, open: map[gen.Ref]*slot{},
		started: make(chan struct{}), done: make(chan struct{}), gone: make(chan struct{})}
}

// expose starts the stand-in and the port.
func (h *Host) expose(ctx context.Context, e *exposed) error {
	_, err := h.ergo.Spawn(func() gen.ProcessBehavior { return &port{exposed: e} }, gen.ProcessOptions{})
	if err != nil {
		return err
	}
	if err = h.spawnStandIn(ctx, e); err != nil {
		e.end(gen.TerminateReasonNormal)
	}
	return err
}

// spawnStandIn spawns the stand-in. If the actor of a stand-in with the same name has ended, it waits for the
// end of that stand-in.
func (h *Host) spawnStandIn(ctx context.Context, e *exposed) error {
	var last etf.Pid
	for {
		spawn := h.node.Spawn
		if e.supervised {
			spawn = h.node.SpawnLink
		}
		_, err := spawn(ctx, genserv.Child{Name: e.name, Module: genserv.Of(standIn{e})})
		var taken *genserv.AlreadyStarted
		if !errors.As(err, &taken) {
			return err
		}
		h.mu.Lock()
		before := h.standIn[taken.Pid]
		h.mu.Unlock()
		if before == nil {
			if taken.Pid == last {
				return err // another process has the name
			}
			last = taken.Pid // it may have ended meanwhile
			continue
		}
		if _, alive := h.ergo.ProcessState(before.actor); alive == nil {
			return err
		}
		if err := wait(ctx, before.gone); err != nil {
			return err
		}
	}
}

// start delivers what came while the actor was starting. It has to come after Init: ergo sets the state of a process at
// the end of Init without regard to concurrent sends.
func (e *exposed) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.starting = false
	close(e.started)
	e.pump()
	if e.signal != nil {
		e.signalLocked(e.parent, e.signal)
	}
}

// begin sets the process of the stand-in. The stand-in calls it in its Init.
func (e *exposed) begin(p *genserv.Process) error {
	e.process, e.self = p, p.Self()
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	if e.host.closing.Load() {
		return &genserv.Exit{Reason: genserv.Shutdown}
	}
	e.host.actors[e.actor], e.host.standIn[e.self] = e, e
	return e.host.watch(p, e.standInDown)
}

// standInDown handles the end of the stand-in, whose actor may still be alive. The keeper calls it.
func (e *exposed) standInDown(reason etf.Term) {
	h := e.host
	h.mu.Lock()
	delete(h.standIn, e.self)
	if h.actors[e.actor] == e {
		delete(h.actors, e.actor)
	}
	h.mu.Unlock()
	close(e.gone)
	if e.reason() == nil {
		e.stop(reason)
	}
}

// reason returns why the actor has ended, or nil.
func (e *exposed) reason() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// stop sends the actor an exit signal from its parent.
func (e *exposed) stop(reason etf.Term) {
	parent := e.parent
	if parent == (gen.PID{}) {
		if info, err := e.host.ergo.ProcessInfo(e.actor); err == nil {
			parent = info.Parent
		}
	}
	e.exit(parent, reason)
}

// exit sends the actor an exit signal. A signal that cannot be trapped on a BEAM cannot be trapped here.
func (e *exposed) exit(from gen.PID, reason etf.Term) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.starting {
		e.signal = reason
		return
	}
	e.signalLocked(from, reason)
}

func (e *exposed) signalLocked(from gen.PID, reason etf.Term) {
	why := Error(reason)
	var err error
	if why == gen.TerminateReasonKill {
		err = e.host.ergo.Kill(e.actor)
	} else {
		err = e.host.core.RouteSendExit(from, e.actor, why)
	}
	if err != nil && !errors.Is(err, gen.ErrProcessUnknown) {
		e.host.lose("an exit signal of "+string(e.name), e.actor.String(), err)
	}
}

// call queues a call for the actor. It never blocks.
func (e *exposed) call(from genserv.From, request any) {
	e.mu.Lock()
	if e.err != nil {
		e.mu.Unlock()
		return // the client sees the stand-in end
	}
	e.waiting = append(e.waiting, item{call: &call{from, request}})
	e.calls++
	e.pump()
	more := e.calls > e.coming
	if more {
		e.coming++
		e.callers++
	}
	e.mu.Unlock()
	if more {
		e.spawnCaller()
	}
}

// send queues a message for the actor.
func (e *exposed) send(message any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		e.host.lose("a BEAM", string(e.name), gen.ErrProcessTerminated)
		return
	}
	e.waiting = append(e.waiting, item{message: message})
	e.pump()
}

// pump delivers waiting messages to the actor, up to the first call without a slot.
func (e *exposed) pump() {
	if e.starting {
		return
	}
	core := e.host.core
	for len(e.waiting) > 0 {
		next := e.waiting[0]
		if next.call == nil {
			if err := core.RouteSendPID(e.port, e.actor, gen.MessageOptions{}, next.message); err != nil {
				e.host.lose("a BEAM", string(e.name), err)
			}
		} else {
			if len(e.slots) == 0 {
				return
			}
			last := len(e.slots) - 1
			s := e.slots[last]
			e.slots = e.slots[:last]
			s.serves, s.since = next.call, time.Now()
			e.open[s.ref] = s
			e.calls--
			if err := core.RouteCallPID(s.pid, e.actor, gen.MessageOptions{Ref: s.ref}, next.call.request); err != nil {
				if err != gen.ErrProcessMailboxFull {
					err = errGone // it has ended, or will in a moment
				}
				e.release(s, err)
			}
		}
		e.waiting[0] = item{}
		e.waiting = e.waiting[1:]
	}
	e.waiting = nil
}

// offer adds a slot, the call of a caller. The port calls it.
func (e *exposed) offer(s *slot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.coming--
	if e.err != nil {
		e.release(s, errGone)
		return
	}
	e.slots = append(e.slots, s)
	e.pump()
}

// release ends the wait of a caller, unless the actor has replied before.
func (e *exposed) release(s *slot, err error) {
	_ = e.host.core.RouteSendResponseError(e.port, s.pid, gen.MessageOptions{Ref: s.ref}, err)
}

// sweep ends the calls that were not answered in time.
func (e *exposed) sweep() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.open {
		if time.Since(s.since) >= e.host.opts.CallTime {
			e.host.ergo.Log().Warning("ergohost: %s did not answer a call within %s", e.name, e.host.opts.CallTime)
			e.release(s, gen.ErrTimeout)
		}
	}
}

func (e *exposed) reply(c *call, reply any, err error) {
	if err == errGone {
		return // the client sees the stand-in end
	}
	if err == nil {
		var t etf.Term
		if t, err = term(reply); err == nil {
			if err = e.process.TryReply(c.from, t); err == nil {
				return
			}
		}
		err = &genserv.Exit{Reason: etf.Tuple{etf.Atom("bad_reply"), etf.Binary(err.Error())}}
	}
	if sent := e.process.TryReply(c.from, etf.Tuple{etf.Atom("error"), Reason(err)}); sent != nil {
		e.host.lose(string(e.name), "a caller", sent)
	}
}

// end handles the end of the actor, or its removal from the cluster by Close.
func (e *exposed) end(reason error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return
	}
	e.err = reason
	close(e.done)
	for _, s := range e.open {
		e.release(s, errGone)
	}
	for _, s := range e.slots {
		e.release(s, errGone)
	}
	for _, lost := range e.waiting {
		if lost.call == nil {
			e.host.lose("a BEAM", string(e.name), gen.ErrProcessTerminated)
		}
	}
	e.waiting, e.slots = nil, nil
	e.finish()
}

// finish tells the stand-in and the port to end once no caller is left.
func (e *exposed) finish() {
	if e.err == nil || e.callers > 0 || e.finished {
		return
	}
	e.finished = true
	if e.process != nil {
		e.process.Send(e.self, &ended{"$ended", e.err})
	}
	_ = e.host.core.RouteSendPID(e.port, e.port, gen.MessageOptions{}, quit{})
}
