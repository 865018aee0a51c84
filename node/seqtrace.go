package node

import (
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
)

// seqTrace is the state of a process in a sequential trace, see seq_trace(3). What the process sends carries the token
// of the message that it has received last. Without a token this costs one atomic load. The mutex of the process
// guards the fields after token.
type seqTrace struct {
	token atomic.Pointer[etf.Tuple] // {Flags, Label, Serial, From, Previous} as it came; nil without one
	clock etf.Int                   // greatest serial so far, of what was sent or received
	last  etf.Int                   // serial of the token
}

// traced is a message on its way to the callbacks, with the token that the process has from then on. A nil
// token (keepToken), as in a message of a timer, leaves the token of the process as it is.
type traced struct {
	etf.Term
	token etf.Tuple
}

var keepToken = etf.Tuple(nil)

// withToken returns msg as it goes into a mailbox. A message without a token ends the trace of its receiver,
// see endsTrace.
func withToken(msg, token etf.Term) etf.Term {
	if t, ok := token.(etf.Tuple); ok {
		return &traced{msg, t}
	}
	return msg
}

// withoutToken returns a message of a mailbox as callbacks get it.
func withoutToken(msg etf.Term) etf.Term {
	if t, ok := msg.(*traced); ok {
		return t.Term
	}
	return msg
}

// takeToken notes the token of a message that the process is about to handle, and returns the message itself.
func (p *process) takeToken(msg etf.Term) etf.Term {
	t, ok := msg.(*traced)
	switch {
	case !ok:
		if p.seq.token.Load() != nil && endsTrace(msg) {
			p.seq.token.Store(nil)
		}
		return msg
	case t.token != nil:
		p.setToken(t.token)
	}
	return t.Term
}

// endsTrace reports whether a message without a token clears the token of its receiver. A DOWN does not, as in OTP 27;
// in OTP 25 it does.
func endsTrace(msg etf.Term) bool {
	down, ok := msg.(etf.Tuple)
	return !ok || len(down) != 5 || !etf.IsAtom(down[0], "DOWN")
}

// setToken sets the token of the process. erts: remove_message in the receive of the emulator.
func (p *process) setToken(token etf.Tuple) {
	serial, _ := token[2].(etf.Int)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq.last = serial
	p.seq.clock = max(p.seq.clock, serial)
	p.seq.token.Store(&token)
}

// token returns the token for the next signal that the process sends, or nil. erts: seq_trace_update_serial.
func (p *process) token() etf.Term {
	if p.seq.token.Load() == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.seq.token.Load()
	if t == nil {
		return nil
	}
	p.seq.clock++
	return etf.Tuple{(*t)[0], (*t)[1], p.seq.clock, p.pid, p.seq.last}
}

func (c caller) token() etf.Term {
	if c.process == nil || c.timer {
		return nil
	}
	return c.process.token()
}
