package ergohost

import (
	"context"
	"fmt"
	"time"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// startTime bounds the start of the gonode side of a Remote. The start itself does not block.
const startTime = 5 * time.Second

// Remote is the factory of an ergo process that stands in for the process registered as name on a BEAM node. Spawn it
// under a name of its own or as a child of a supervisor, and use ergo's verbs with it:
//
//   - Call is gen_server:call. It fails with gen.ErrTimeout or with one of the errors below.
//   - Send sends a plain message, or a cast (see Cast).
//   - Monitor and Link report the end of the remote process or of its node, with the reason (gen.ErrNoConnection,
//     gen.ErrProcessUnknown; see Error).
//   - SendExit is exit/2 for a pid and gen_server:stop for a name.
//
// The stand-in ends with the remote process. A supervisor that restarts it connects it again.
func (h *Host) Remote(name, node gen.Atom) gen.ProcessFactory {
	return h.remote(etf.Tuple{atom(name), atom(node)})
}

// RemotePid is Remote for the process with a pid.
func (h *Host) RemotePid(pid etf.Pid) gen.ProcessFactory { return h.remote(pid) }

func (h *Host) remote(to etf.Term) gen.ProcessFactory {
	return func() gen.ProcessBehavior { return &remote{host: h, to: to, gone: make(chan struct{})} }
}

// remote is the ergo process. Its companion is a process on the cluster's node.
type remote struct {
	host      *Host
	to        etf.Term
	process   gen.Process
	pid       gen.PID
	companion *genserv.Process
	gone      chan struct{} // closed when the companion has ended
}

// ProcessInit implements gen.ProcessBehavior.
func (r *remote) ProcessInit(process gen.Process, _ ...any) error {
	r.process, r.pid = process, process.PID()
	return nil
}

// ProcessRun implements gen.ProcessBehavior. The start of the process calls it.
func (r *remote) ProcessRun() error {
	if r.companion == nil { // not in ProcessInit, because a process must not get messages during it
		ctx, cancel := context.WithTimeout(context.Background(), startTime)
		defer cancel()
		if _, err := r.host.node.Spawn(ctx, genserv.Child{Module: genserv.Of(companion{r})}); err != nil {
			return err
		}
	}
	for {
		m := pop(r.process.Mailbox())
		if m == nil {
			return nil
		}
		order := &outgoing{Atom: "$outgoing", from: m.From, ref: m.Ref, kind: m.Type, message: m.Message}
		gen.ReleaseMailboxMessage(m)
		switch message := order.message.(type) {
		case *ended:
			return message.reason
		case gen.MessageExitPID:
			if order.kind == gen.MailboxMessageTypeExit && order.from == r.process.Parent() {
				return message.Reason // from the supervisor, or from a stopping node
			}
		}
		if order.kind == gen.MailboxMessageTypeInspect {
			_ = r.process.SendResponse(order.from, order.ref, map[string]string{"remote": etf.Format(r.to)})
			continue
		}
		if err := r.companion.TrySend(r.companion.Self(), order); err != nil {
			return gen.TerminateReasonShutdown // the node has stopped
		}
	}
}

// ProcessTerminate implements gen.ProcessBehavior.
func (r *remote) ProcessTerminate(error) {
	for m := pop(r.process.Mailbox()); m != nil; m = pop(r.process.Mailbox()) {
		if m.Type == gen.MailboxMessageTypeRequest {
			r.respondError(m.From, m.Ref, gen.ErrProcessTerminated)
		}
	}
	if r.companion != nil {
		r.companion.Send(r.companion.Self(), &ended{"$ended", gen.TerminateReasonNormal})
	}
}

// end ends the ergo process, and with it the companion.
func (r *remote) end(reason error) {
	first := gen.MessageOptions{Priority: gen.MessagePriorityMax}
	_ = r.host.core.RouteSendPID(r.pid, r.pid, first, &ended{"$ended", reason})
}

func (r *remote) respondError(to gen.PID, ref gen.Ref, err error) {
	_ = r.host.core.RouteSendResponseError(r.pid, to, gen.MessageOptions{Ref: ref}, err)
}

// outgoing is a message that an ergo process sent to a remote one.
type outgoing struct {
	etf.Atom // makes it an etf.Term
	from     gen.PID
	ref      gen.Ref
	kind     gen.MailboxMessageType
	message  any
}

// companion sends, calls and monitors for a remote. It is a single process, so that a BEAM sees everything in order.
type companion struct{ *remote }

// asking is the state of a companion.
type asking struct {
	watch    etf.Ref
	stopping etf.Ref
	calls    genserv.RequestIDs[outgoing]
	swept    time.Time
	err      error // why the remote process ended
}

// StateTerm returns what sys:get_state shows.
func (a *asking) StateTerm() etf.Term {
	return etf.Map{{Key: etf.Atom("calls"), Value: etf.Int(a.calls.Len())}}
}

// ModuleName implements genserv.Namer.
func (companion) ModuleName() etf.Atom { return "ergohost" }

// Init implements genserv.Server.
func (c companion) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*asking] {
	c.companion = p
	c.host.mu.Lock()
	defer c.host.mu.Unlock()
	if c.host.closing.Load() {
		return genserv.StopInit[*asking](genserv.Shutdown)
	}
	c.host.remotes[c.remote] = true
	if err := c.host.watch(p, c.down); err != nil {
		return genserv.StopInit[*asking](genserv.Shutdown)
	}
	// Connecting may take long, and the process that starts this one must not wait for it.
	return genserv.Ok(&asking{swept: time.Now()}).Continue(etf.Atom("monitor"))
}

// down handles the end of the companion. The keeper calls it.
func (c companion) down(reason etf.Term) {
	c.host.mu.Lock()
	delete(c.host.remotes, c.remote)
	c.host.mu.Unlock()
	close(c.gone)
	c.end(Error(reason))
}

// HandleContinue implements genserv.Continuer.
func (c companion) HandleContinue(p *genserv.Process, _ etf.Term, a *asking) genserv.Result[*asking] {
	ref, err := p.Monitor(c.to)
	if err != nil {
		return genserv.Stop(Reason(err), a)
	}
	a.watch = ref
	return genserv.NoReply(a)
}

// HandleCall implements genserv.Server.
func (companion) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, a *asking) genserv.Result[*asking] {
	return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, a)
}

// HandleInfo implements genserv.Informer.
func (c companion) HandleInfo(p *genserv.Process, msg etf.Term, a *asking) genserv.Result[*asking] {
	switch msg := msg.(type) {
	case *outgoing:
		c.send(p, msg, a)
		return genserv.NoReply(a)
	case *ended:
		return genserv.Stop(genserv.Normal, a)
	}
	if r, ok := a.calls.Check(p, msg); ok {
		if r.Err != nil {
			c.respondError(r.Label.from, r.Label.ref, callError(r.Err))
		} else {
			options := gen.MessageOptions{Ref: r.Label.ref}
			_ = c.host.core.RouteSendResponse(c.pid, r.Label.from, options, c.host.values.value(r.Reply))
		}
		return genserv.NoReply(a)
	}
	if down, ok := genserv.AsDown(msg); ok && down.Ref == a.watch {
		a.err = Error(down.Reason)
		for _, asked := range a.calls.All() {
			c.respondError(asked.from, asked.ref, a.err)
		}
		a.calls.Abandon(p)
		c.end(a.err)
		return genserv.NoReply(a)
	}
	if t, ok := msg.(etf.Tuple); ok && len(t) == 2 && a.stopping.Node != "" && etf.Equal(t[0], a.stopping) {
		return genserv.NoReply(a)
	}
	why := fmt.Errorf("it takes replies alone: %s", etf.FormatMax(msg, 100))
	c.host.lose("a BEAM", "a stand-in of "+etf.Format(c.to), why)
	return genserv.NoReply(a)
}

// send carries out what an ergo process asked for.
func (c companion) send(p *genserv.Process, order *outgoing, a *asking) {
	var t etf.Term
	var err error
	if a.err == nil && order.kind != gen.MailboxMessageTypeExit {
		t, err = term(unwrap(order.message))
	}
	switch {
	case a.err != nil || err != nil:
		err = firstOf(a.err, err)
	case order.kind == gen.MailboxMessageTypeExit:
		err = c.exit(p, order, a)
	case order.kind == gen.MailboxMessageTypeRequest:
		c.sweep(p, a)
		var id genserv.RequestID
		if id, err = p.SendRequest(c.to, t); err == nil {
			a.calls.Add(id, *order)
		}
	default:
		if _, cast := order.message.(Cast); cast {
			err = p.TrySend(c.to, driver.CastMessage(t))
		} else {
			err = p.TrySend(c.to, t)
		}
	}
	switch {
	case err == nil:
	case order.kind == gen.MailboxMessageTypeRequest:
		c.respondError(order.from, order.ref, callError(err))
	default:
		c.host.lose(order.from.String(), etf.Format(c.to), err)
	}
}

// exit forwards an exit signal. A signal for a name becomes gen_server:stop, because exit/2 takes only pids.
func (c companion) exit(p *genserv.Process, order *outgoing, a *asking) error {
	exit, ok := order.message.(gen.MessageExitPID)
	if !ok {
		return gen.ErrUnsupported
	}
	if pid, ok := c.to.(etf.Pid); ok {
		p.Exit(pid, Reason(exit.Reason))
		return nil
	}
	ref, err := p.MakeRef()
	if err != nil {
		return err
	}
	a.stopping = ref
	return p.TrySend(c.to, driver.SystemMessage(p.Self(), ref, etf.Tuple{etf.Atom("terminate"), Reason(exit.Reason)}))
}

// sweep forgets expired calls, at most once a second.
func (c companion) sweep(p *genserv.Process, a *asking) {
	if a.calls.Len() == 0 || time.Since(a.swept) < time.Second {
		return
	}
	a.swept = time.Now()
	var left genserv.RequestIDs[outgoing]
	for id, asked := range a.calls.All() {
		if asked.ref.IsAlive() {
			left.Add(id, asked)
		} else {
			id.Abandon(p)
		}
	}
	a.calls = left
}

// unwrap returns the message without the Cast or Info around it.
func unwrap(message any) any {
	switch message := message.(type) {
	case Cast:
		return message.Request
	case Info:
		return message.Message
	}
	return message
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
