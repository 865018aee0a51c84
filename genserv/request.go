package genserv

import (
	"context"
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// RequestID is a request of a process whose response comes as a message: the request id of gen_server:send_request/2.
type RequestID struct {
	to  etf.Term
	ref etf.Ref // a monitor, and an alias as long as it lasts
}

// SendRequest sends a request to what Call takes and goes on. The response comes to HandleInfo, where RequestID.Check
// recognizes it, or RequestID.Wait waits for it. If to cannot be reached, the response says so; an error means that to
// is no destination or the request no term. gen_server:send_request/2.
func (p *Process) SendRequest(to, request etf.Term) (RequestID, error) {
	whom, err := p.locate(context.Background(), to)
	if err != nil {
		return p.failedRequest(to, err)
	}
	id := RequestID{to: to}
	if id.ref, err = p.proc.Monitor(whom, driver.MonitorOptions{Alias: true}); err != nil {
		return id, err
	}
	tag := etf.ImproperList{Elems: []etf.Term{etf.Atom("alias")}, Tail: id.ref}
	err = p.TrySend(whom, driver.CallMessage(p.Self(), tag, orUndefined(request)))
	// A name of this node that nobody has is an error here as well; the monitor tells that.
	var encode *etf.EncodeError
	if errors.As(err, &encode) {
		id.Abandon(p)
		return id, err
	}
	return id, nil
}

// failedRequest makes the response to a request that could not be sent: gen:send_request/3 fakes a 'DOWN' as well.
func (p *Process) failedRequest(to etf.Term, err error) (RequestID, error) {
	id := RequestID{to: to}
	reason := etf.Atom("noproc")
	switch {
	case errors.Is(err, ErrNoProc):
	case errors.Is(err, ErrNoConnection), errors.Is(err, ErrTimeout):
		reason = "noconnection"
	default:
		return id, err
	}
	if id.ref, err = p.MakeRef(); err != nil {
		return id, err
	}
	return id, p.TrySend(p.Self(), etf.Tuple{etf.Atom("DOWN"), id.ref, etf.Atom("process"), to, reason})
}

// Check tells whether a message is the response to the request: the reply, or an error as from Call.
// gen_server:check_response/2.
func (id RequestID) Check(p *Process, msg etf.Term) (reply etf.Term, ok bool, err error) {
	if !id.answeredBy(msg) {
		return nil, false, nil
	}
	reply, err = p.response(msg, id)
	return reply, true, err
}

// Wait waits for the response to the request for at most d, and leaves everything else in the mailbox. The errors are
// those of Call. After a time-out the request is still under way. gen_server:wait_response/2.
func (id RequestID) Wait(p *Process, d time.Duration) (reply etf.Term, err error) {
	msg, ok := p.Receive(d, id.answeredBy)
	if !ok {
		return nil, timeout(id.to)
	}
	return p.response(msg, id)
}

// Receive is Wait, but abandons the request after a time-out. gen_server:receive_response/2.
func (id RequestID) Receive(p *Process, d time.Duration) (reply etf.Term, err error) {
	if msg, ok := p.Receive(d, id.answeredBy); ok {
		return p.response(msg, id)
	}
	p.Demonitor(id.ref)
	if msg, ok := p.Receive(0, id.answeredBy); ok { // it came at the last moment
		return p.response(msg, id)
	}
	return nil, timeout(id.to)
}

// Abandon gives the request up: the process sees no response to it any more, not even one that had arrived already.
func (id RequestID) Abandon(p *Process) {
	p.Demonitor(id.ref)
	p.Receive(0, id.answeredBy)
}

func (id RequestID) answeredBy(msg etf.Term) bool {
	ref, ok := responseRef(msg)
	return ok && ref == id.ref
}

// response takes a response apart and ends the monitor of the request.
func (p *Process) response(msg etf.Term, id RequestID) (reply etf.Term, err error) {
	t := msg.(etf.Tuple)
	if len(t) == 5 {
		return nil, callFailed(id.to, t[4])
	}
	p.Demonitor(id.ref)
	return t[1], nil
}

// responseRef returns the reference of {[alias|Ref], Reply} and of {'DOWN', Ref, process, Object, Reason}.
func responseRef(msg etf.Term) (ref etf.Ref, ok bool) {
	t, ok := msg.(etf.Tuple)
	switch {
	case ok && len(t) == 2:
		ref, ok = aliasPair(t[0]).(etf.Ref)
	case ok && len(t) == 5 && etf.IsAtom(t[0], "DOWN"):
		ref, ok = t[1].(etf.Ref)
	default:
		ok = false
	}
	return ref, ok
}
