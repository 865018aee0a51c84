package node

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// The end of a process is a signal like the others of that process, and the last one. DOWN and EXIT go out after
// everything else that the process has sent. But a kill comes from another goroutine than the one that runs the
// callback, which may be sending at the same time. So process.sending counts the signals that are on their way into a
// mailbox or a connection. exit marks the process as ending; after that it begins no signal. The goroutine that finds
// no signal under way any more finishes the end. No goroutine waits for that: the mark wakes a send that waits for
// room, and the send gives up.
const (
	endingMark int64 = 1 << 62 // no signal may be begun
	endedMark  int64 = 1 << 61 // the end has been finished, or is being
)

// beginSend is called before the process sends a signal, or changes its links, monitors or aliases. false means that
// the process is ending and must not do so. After true the caller has to call endSend soon.
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

// beginSend calls beginSend of the process if the caller is a process.
func (c caller) beginSend() bool { return c.process == nil || c.process.beginSend() }

func (c caller) endSend() {
	if c.process != nil {
		c.process.endSend()
	}
}

// exit ends the process, which takes no more messages. When the signals that it is sending have gone, its name becomes
// free, and its links and monitors get the reason. exit may be called from any goroutine and does not wait. Only the
// first call counts. A callback that still runs is not interrupted, but what it does afterwards has no effect.
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
	p.n.handledBefore.Add(p.box.taken)
	p.box = mailbox{}
	p.urgent.Store(0)
	p.arrivedLocked()
	life := p.ctx
	p.mu.Unlock()
	p.sending.Or(endingMark)
	if life != nil {
		life.cancel(errProcessEnded)
	}
	p.finishExit()
}

// finishExit does the rest of exit, unless a signal is still under way or another goroutine does it. Links come first,
// as in OTP (erts_continue_exit_process).
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

// done returns a channel that is closed when the process has ended and its links and monitors have got the reason.
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

// processContext is a context for what a process waits for. It ends with the process.
type processContext struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
}

// context returns the context that ends when the process does. It is made on first use.
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

// whileAlive returns a context for a send that waits. It ends with ctx and when the process is killed.
func (p *process) whileAlive(ctx context.Context) (_ context.Context, release func()) {
	life := p.context()
	if ctx == p.n.ctx {
		return life, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(life, func() { cancel(context.Cause(life)) })
	return ctx, func() { stop(); cancel(nil) }
}
