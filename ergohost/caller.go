package ergohost

import (
	"slices"

	"ergo.services/ergo/gen"
)

// forever is the time-out of a caller, in seconds. The sweep ends a call that is not answered.
const forever = 1 << 31

// caller is an ergo process that waits for the replies of one actor; see exposed.
type caller struct {
	exposed *exposed
	process gen.Process
	slot    *slot
}

// spawnCaller starts a caller. e.callers and e.coming already count it.
func (e *exposed) spawnCaller() {
	_, err := e.host.ergo.Spawn(func() gen.ProcessBehavior { return &caller{exposed: e} }, gen.ProcessOptions{})
	if err == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.coming--
	e.callers--
	e.finish()
}

// ProcessInit implements gen.ProcessBehavior.
func (c *caller) ProcessInit(process gen.Process, _ ...any) error {
	c.process = process
	return nil
}

// ProcessRun implements gen.ProcessBehavior. The start of the process calls it. It returns when the caller is not
// needed any more.
func (c *caller) ProcessRun() error {
	e := c.exposed
	for {
		c.drop()
		c.slot = &slot{}
		reply, err := c.process.CallPID(e.port, c.slot, forever)
		e.mu.Lock()
		served := c.slot.serves
		delete(e.open, c.slot.ref)
		e.mu.Unlock()
		if served != nil {
			e.reply(served, reply, err)
		}
		e.mu.Lock()
		again := served != nil && e.err == nil && len(e.slots)+e.coming < max(idleCallers, e.calls)
		if again {
			e.coming++
		}
		e.mu.Unlock()
		if !again {
			return gen.TerminateReasonNormal
		}
	}
}

// drop empties the mailbox. Only an actor that takes the caller for the client of the call sends it messages.
func (c *caller) drop() {
	for m := pop(c.process.Mailbox()); m != nil; m = pop(c.process.Mailbox()) {
		if m.Type == gen.MailboxMessageTypeRegular {
			c.exposed.host.lose(m.From.String(), "a caller of "+string(c.exposed.name), gen.ErrUnsupported)
		}
		gen.ReleaseMailboxMessage(m)
	}
}

// ProcessTerminate implements gen.ProcessBehavior.
func (c *caller) ProcessTerminate(error) {
	e := c.exposed
	e.mu.Lock()
	defer e.mu.Unlock()
	e.slots = slices.DeleteFunc(e.slots, func(s *slot) bool { return s == c.slot })
	e.callers--
	e.finish()
}
