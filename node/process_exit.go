package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// The end of a process is a signal like the others of that process, and the last one: what tells of it, DOWN and EXIT,
// goes out behind whatever else the process has sent. A kill comes from another goroutine than the one that runs the
// callback, though, which may be about to send. So process.sending counts the signals that are on their way into a
// mailbox or a connection. exit marks the process as ending, from when on none is begun, and whoever finds none under
// way any more finishes the end. Nobody waits for that: a send that waits for room is woken by the mark and gives up.
const (
	endingMark int64 = 1 << 62 // no signal may be begun
	endedMark  int64 = 1 << 61 // the end has been finished, or is being
)

// beginSend is called before the process sends a signal, or changes what ties it to others. false means that it must
// not any more; else endSend has to follow, soon.
func (p *process) beginSend() bool {
	if p.sending.Add(1)&endingMark != 0 {
		p.endSend()
		return false
	}
	return true
}

func (p *process) endSend() {
	if p.sending.Add(-1) == endingMark {
		p.finishExit()
	}
}

// beginSend is that of the process, if the caller is one.
func (c caller) beginSend() bool { return c.process == nil || c.process.beginSend() }

func (c caller) endSend() {
	if c.process != nil {
		c.process.endSend()
	}
}

// exit ends the process: it takes no message any more, and when the signals that it is sending have gone, its name is
// free and everybody who is linked to it or monitors it learns the reason. It may be called from any goroutine and does
// not wait; the first call counts. A callback that still runs is not interrupted, but nothing it does afterwards
// counts.
func (p *process) exit(reason etf.Term) {
	reason = driver.SendableReason(reason)
	p.mu.Lock()
	if p.dead.Load() {
		p.mu.Unlock()
		return
	}
	p.reason = reason
	p.dead.Store(true)
	p.cancelTimeoutLocked()
	p.box = mailbox{}
	p.arrivedLocked()
	life := p.ctx
	p.mu.Unlock()
	p.sending.Or(endingMark)
	if life != nil {
		life.cancel(errProcessEnded)
	}
	p.finishExit()
}

// finishExit does what is left of exit if no signal is under way, and nobody else does it: links first, as in OTP
// (erts_continue_exit_process).
func (p *process) finishExit() {
	if !p.sending.CompareAndSwap(endingMark, endingMark|endedMark) {
		return
	}
	p.mu.Lock()
	p.detached = true
	links, inbound, monitors, aliases := p.links, p.inbound.take(), p.monitors, p.aliases
	p.links, p.monitors, p.aliases = nil, nil, nil
	starting, timers := p.starting, p.timers
	p.mu.Unlock()

	p.n.registry.remove(p)
	for ref := range aliases {
		p.n.aliases.remove(ref, p)
	}
	p.n.exitLinks(p, links, p.reason)
	p.n.fireInbound(p, inbound, p.reason)
	for _, m := range monitors {
		p.n.removeMonitor(m)
	}
	timers.dropTimersTo(p.pid)
	p.mu.Lock()
	p.exitDone = true
	exited := p.exited
	p.mu.Unlock()
	if exited != nil {
		close(exited)
	}
	if starting != nil {
		starting.answerStarter(&genserv.Exit{Reason: p.reason})
	}
}

// done returns a channel that is closed when the process has ended and everybody has been told.
func (p *process) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exitDone {
		return closedChan
	}
	if p.exited == nil {
		p.exited = make(chan struct{})
	}
	return p.exited
}

// processContext is the context of what a process waits for, and ends with it.
type processContext struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// context returns the context that ends when the process does. It is made when somebody asks for it.
func (p *process) context() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil {
		p.ctx = &processContext{}
		p.ctx.ctx, p.ctx.cancel = context.WithCancelCause(p.n.ctx)
		if p.dead.Load() {
			p.ctx.cancel(errProcessEnded)
		}
	}
	return p.ctx.ctx
}

// whileAlive returns a context for a send that waits, which ends with ctx and when the process is killed.
func (p *process) whileAlive(ctx context.Context) (_ context.Context, release func()) {
	life := p.context()
	if ctx == p.n.ctx {
		return life, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(life, func() { cancel(context.Cause(life)) })
	return ctx, func() { stop(); cancel(nil) }
}
