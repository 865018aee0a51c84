package ergohost

import (
	"ergo.services/ergo/gen"
)

// quit tells a process of the bridge to end.
type quit struct{}

// sweep tells a port to look for calls that the actor left unanswered.
type sweep struct{}

// port is the ergo process that delivers messages to an exposed actor.
type port struct {
	exposed  *exposed
	process  gen.Process
	watching bool
	sweeping bool
}

// ProcessInit implements gen.ProcessBehavior.
func (p *port) ProcessInit(process gen.Process, _ ...any) error {
	p.process, p.exposed.port = process, process.PID()
	p.watching = p.exposed.wrapped // ProcessTerminate of a wrapped actor reports its end
	return nil
}

// ProcessRun implements gen.ProcessBehavior. The start of the process calls it.
func (p *port) ProcessRun() error {
	if !p.watching { // not in ProcessInit, because nobody should send to a process during it
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
		// An exit signal comes from the stopping ergo node, which ends the actor too.
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

// pop takes the next message out of the mailbox of an ergo process, in the order of act.Actor.
func pop(box gen.ProcessMailbox) *gen.MailboxMessage {
	for _, q := range []interface{ Pop() (any, bool) }{box.Urgent, box.System, box.Main} {
		if m, ok := q.Pop(); ok {
			return m.(*gen.MailboxMessage)
		}
	}
	return nil
}
