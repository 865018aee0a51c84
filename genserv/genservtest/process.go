package genservtest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Self is the pid of the server, and Caller that of the process that calls it.
var (
	Self   = etf.Pid{Node: "test@localhost", ID: 100, Creation: 1}
	Caller = etf.Pid{Node: "test@localhost", ID: 1, Creation: 1}
)

// ErrNoNode is the error of what needs a node: calls of other servers, and starts.
var ErrNoNode = errors.New("genservtest: this needs a node")

// ErrNoReply is the error of a call that the server has not answered when it waits for the next message.
var ErrNoReply = errors.New("genservtest: no reply yet")

// Sent is a message that the server has sent. The replies to Call are not among them.
type Sent struct{ To, Msg etf.Term }

// Timer is a message that the server has asked for with SendAfter, or a time-out message.
type Timer struct {
	After   time.Duration
	To, Msg etf.Term
}

// Process is a server with its process. It must be used by one goroutine at a time.
type Process struct {
	loop    *genserv.Loop
	next    driver.Next
	mailbox []etf.Term
	sent    []Sent
	replies map[etf.Int]etf.Term
	calls   etf.Int
	timers  []*Timer
	refs    uint32
	trap    bool
	ctx     context.Context
	end     context.CancelFunc
}

// Start makes a process of m and runs its Init. The error is that of a start: genserv.ErrIgnore, or a *genserv.Exit
// with the reason. Without a name or a parent; log goes nowhere.
func Start(m genserv.Module, args etf.Term) (*Process, error) {
	p := &Process{replies: map[etf.Int]etf.Term{}}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.loop = genserv.NewLoop(m, proc{p}, driver.Options{})
	_, next, err := p.loop.Start(args)
	if err != nil {
		p.end()
		return nil, err
	}
	p.run(next)
	return p, nil
}

// Call gives the server a request of gen_server:call and returns its reply. The error is ErrNoReply if it has not
// answered, or a *genserv.Exit if it has ended instead.
func (p *Process) Call(request etf.Term) (etf.Term, error) {
	p.calls++
	tag := p.calls
	p.Send(driver.CallMessage(Caller, tag, request))
	if reply, ok := p.replies[tag]; ok {
		delete(p.replies, tag)
		return reply, nil
	}
	if p.next.Stopped {
		return nil, &genserv.Exit{Reason: p.next.Reason}
	}
	return nil, ErrNoReply
}

// Cast gives the server a request of gen_server:cast.
func (p *Process) Cast(request etf.Term) { p.Send(driver.CastMessage(request)) }

// Send gives the server any other message, and runs it until it waits for the next one.
func (p *Process) Send(msg etf.Term) {
	if !p.next.Stopped {
		p.mailbox = append(p.mailbox, msg)
		p.run(p.next)
	}
}

// Timeout lets the time pass that the server waits for a message: WithTimeout. It does nothing if there is none.
func (p *Process) Timeout() {
	if !p.next.Stopped && p.next.Wait >= 0 {
		p.run(p.loop.Timeout())
	}
}

// Fire lets the first of the timers go off; false means that there is none. A message to the server itself is handled.
func (p *Process) Fire() bool {
	if len(p.timers) == 0 {
		return false
	}
	t := p.timers[0]
	p.timers = p.timers[1:]
	p.deliver(t.To, t.Msg)
	if !p.next.Stopped {
		p.run(p.next)
	}
	return true
}

// Timers returns the timers that run, the one that goes off first in front.
func (p *Process) Timers() []Timer {
	list := make([]Timer, len(p.timers))
	for i, t := range p.timers {
		list[i] = *t
	}
	return list
}

// Sent returns what the server has sent since the last call of Sent.
func (p *Process) Sent() []Sent {
	sent := p.sent
	p.sent = nil
	return sent
}

// State returns the state as sys:get_state shows it.
func (p *Process) State() etf.Term { return p.loop.State() }

// Ended returns the exit reason; ok is false while the server runs.
func (p *Process) Ended() (reason etf.Term, ok bool) { return p.next.Reason, p.next.Stopped }

// run does what a node does with a loop, until it waits.
func (p *Process) run(next driver.Next) {
	for !next.Stopped && (next.Again || len(p.mailbox) > 0 || next.Wait == 0) {
		if next.Again || len(p.mailbox) == 0 {
			next = p.loop.Timeout()
			continue
		}
		msg := p.mailbox[0]
		p.mailbox = p.mailbox[1:]
		next = p.loop.Handle(msg)
	}
	if p.next = next; next.Stopped {
		p.end()
	}
}

func (p *Process) deliver(to, msg etf.Term) {
	if pid, ok := to.(etf.Pid); ok && pid == Self {
		p.mailbox = append(p.mailbox, msg)
		return
	}
	p.sent = append(p.sent, Sent{to, msg})
}

// take removes the first message that match accepts from the mailbox.
func (p *Process) take(match func(etf.Term) bool) etf.Term {
	i := slices.IndexFunc(p.mailbox, match)
	if i < 0 {
		return nil
	}
	msg := p.mailbox[i]
	p.mailbox = slices.Delete(p.mailbox, i, i+1)
	return msg
}

// proc implements driver.Proc.
type proc struct{ p *Process }

func (r proc) Self() etf.Pid            { return Self }
func (r proc) Log() *slog.Logger        { return nil }
func (r proc) Context() context.Context { return r.p.ctx }

func (r proc) Send(to, msg etf.Term) error {
	if _, err := etf.Append(nil, msg); err != nil {
		return err
	}
	r.p.deliver(to, msg)
	return nil
}

func (r proc) SendPriority(to, msg etf.Term) error { return r.Send(to, msg) }

func (r proc) Reply(to, tag, reply etf.Term) error {
	n, ok := tag.(etf.Int)
	if pid, _ := to.(etf.Pid); !ok || pid != Caller {
		return r.Send(to, etf.Tuple{tag, reply})
	}
	_, err := etf.Append(nil, reply)
	if err == nil {
		r.p.replies[n] = reply
	}
	return err
}

func (r proc) After(d time.Duration, to, msg etf.Term) func() bool {
	t := &Timer{d, to, msg}
	at, _ := slices.BinarySearchFunc(r.p.timers, t, func(a, b *Timer) int {
		if a.After <= b.After {
			return -1
		}
		return 1
	})
	r.p.timers = slices.Insert(r.p.timers, at, t)
	return func() bool {
		i := slices.Index(r.p.timers, t)
		if i >= 0 {
			r.p.timers = slices.Delete(r.p.timers, i, i+1)
		}
		return i >= 0
	}
}
