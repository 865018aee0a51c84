package ergohost

import (
	"context"

	"ergo.services/ergo/gen"
)

// quit tells a process of the bridge to end.
type quit struct{}

// sweep tells a port to look for calls that the actor has left unanswered.
type sweep struct{}

// port is the process of ergo behind an exposed actor.
type port struct {
	exposed  *exposed
	process  gen.Process
	watching bool
	sweeping bool
}

// ProcessInit implements gen.ProcessBehavior.
func (p *port) ProcessInit(process gen.Process, _ ...any) error {
	p.process, p.exposed.port = process, process.PID()
	if p.exposed.starting { // it cannot end meanwhile, for its Init has called us
		p.watching = true
		return process.MonitorPID(p.exposed.actor)
	}
	return nil
}

// ProcessRun implements gen.ProcessBehavior. The start of a process calls it.
func (p *port) ProcessRun() error {
	if !p.watching { // not in ProcessInit, during which nobody should send to a process
		p.watching = true
		if err := p.process.MonitorPID(p.exposed.actor); err != nil {
			p.exposed.end(err)
		}
	}
	for {
		m := pop(p.process.Mailbox())
		if m == nil {
			return nil
		}
		from, ref, message, kind := m.From, m.Ref, m.Message, m.Type
		gen.ReleaseMailboxMessage(m)
		switch kind {
		case gen.MailboxMessageTypeRequest:
			p.request(from, ref, message)
		case gen.MailboxMessageTypeInspect:
			_ = p.process.SendResponse(from, ref, map[string]string{"exposed": string(p.exposed.name)})
		case gen.MailboxMessageTypeRegular:
			switch message := message.(type) {
			case gen.MessageDownPID:
				p.exposed.end(message.Reason)
			case sweep:
				p.exposed.sweep()
				_, _ = p.process.SendAfter(p.process.PID(), sweep{}, p.exposed.host.opts.CallTime)
			case quit:
				return gen.TerminateReasonNormal
			default:
				p.exposed.host.lose(from.String(), "the callers of "+string(p.exposed.name), gen.ErrUnsupported)
			}
		}
		// An exit is that of the node of ergo, which ends the actor too.
	}
}

func (p *port) request(from gen.PID, ref gen.Ref, message any) {
	if s, ok := message.(*slot); ok {
		s.pid, s.ref = from, ref
		p.exposed.offer(s)
		if !p.sweeping {
			p.sweeping = true
			_, _ = p.process.SendAfter(p.process.PID(), sweep{}, p.exposed.host.opts.CallTime)
		}
		return
	}
	_ = p.process.SendResponseError(from, ref, gen.ErrUnsupported)
}

// ProcessTerminate implements gen.ProcessBehavior.
func (p *port) ProcessTerminate(reason error) {
	p.exposed.end(reason)
	for m := pop(p.process.Mailbox()); m != nil; m = pop(p.process.Mailbox()) {
		if m.Type == gen.MailboxMessageTypeRequest {
			p.exposed.release(&slot{pid: m.From, ref: m.Ref}, errGone)
		}
	}
}

// pop takes the next message out of the mailbox of a process of ergo, in the order of act.Actor.
func pop(box gen.ProcessMailbox) *gen.MailboxMessage {
	for _, q := range []interface{ Pop() (any, bool) }{box.Urgent, box.System, box.Main} {
		if m, ok := q.Pop(); ok {
			return m.(*gen.MailboxMessage)
		}
	}
	return nil
}

// Exposed makes of the factory of an actor one whose actors are exposed under a name when they are initialized, for
// the child specification of a supervisor or the group of an application: an actor that is started anew takes the
// place of the last one. If the name is taken the start of the actor fails with the error of Expose.
func (h *Host) Exposed(name gen.Atom, factory gen.ProcessFactory) gen.ProcessFactory {
	return func() gen.ProcessBehavior { return &wrapped{ProcessBehavior: factory(), host: h, name: name} }
}

// wrapped is the behavior of an actor that exposes itself.
type wrapped struct {
	gen.ProcessBehavior
	host    *Host
	name    gen.Atom
	exposed *exposed
	started bool
}

// inner is a process that runs another behavior than ergo knows.
type inner struct {
	gen.Process
	behavior gen.ProcessBehavior
}

// Behavior implements gen.Process: an actor asks for its own type.
func (p inner) Behavior() gen.ProcessBehavior { return p.behavior }

// ProcessInit implements gen.ProcessBehavior.
func (w *wrapped) ProcessInit(process gen.Process, args ...any) error {
	if err := w.ProcessBehavior.ProcessInit(inner{process, w.ProcessBehavior}, args...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.host.opts.StopTime)
	defer cancel()
	w.exposed = newExposed(w.host, atom(w.name), process.PID(), process.Parent())
	w.exposed.starting = true
	return w.host.expose(ctx, w.exposed)
}

// ProcessRun implements gen.ProcessBehavior. It is called at the end of the start, too.
func (w *wrapped) ProcessRun() error {
	if !w.started {
		w.started = true
		w.exposed.start()
	}
	return w.ProcessBehavior.ProcessRun()
}

// ProcessTerminate implements gen.ProcessBehavior.
func (w *wrapped) ProcessTerminate(reason error) {
	w.ProcessBehavior.ProcessTerminate(reason)
	if w.exposed != nil && !w.started {
		w.exposed.end(reason)
	}
}
