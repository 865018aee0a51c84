package node

import (
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
)

// seqTrace is the part that a process takes in a sequential trace, see seq_trace(3): the token of the message that it
// has received last goes with what it sends. Without a token it costs one look. The fields behind token are guarded
// by the mutex of the process.
type seqTrace struct {
	token atomic.Pointer[etf.Tuple] // {Flags, Label, Serial, From, Previous} as it came; nil without one
	clock etf.Int                   // greatest serial so far, of what was sent or received
	last  etf.Int                   // serial of the token
}

// traced is a message on its way to the callbacks with the token that the process has from then on; with untouched,
// as what a timer sends, it is the one that it had.
type traced struct {
	etf.Term
	token etf.Tuple
}

var keepToken = etf.Tuple(nil)

// withToken returns msg as it goes into a mailbox. The receiver of one without a token has none from then on.
func withToken(msg, token etf.Term) etf.Term {
	if t, ok := token.(etf.Tuple); ok {
		return &traced{msg, t}
	}
	return msg
}

// withoutToken returns a message of a mailbox as callbacks see it.
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

// endsTrace reports whether a message without a token takes the token of its receiver away. A DOWN does not, as in
// OTP 27; in 25 it does.
func endsTrace(msg etf.Term) bool {
	down, ok := msg.(etf.Tuple)
	return !ok || len(down) != 5 || !etf.IsAtom(down[0], "DOWN")
}

// setToken makes token that of the process. erts: remove_message in the receive of the emulator.
func (p *process) setToken(token etf.Tuple) {
	serial, _ := token[2].(etf.Int)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq.last = serial
	p.seq.clock = max(p.seq.clock, serial)
	p.seq.token.Store(&token)
}

// token returns the token of the next thing that the process sends, nil without one. erts: seq_trace_update_serial.
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
