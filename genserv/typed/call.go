package typed

import (
	"context"
	"errors"
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Caller makes calls: a *node.Node and a *genserv.Process.
type Caller interface {
	Call(ctx context.Context, to, request etf.Term) (etf.Term, error)
}

// Call makes a gen_server:call with a Go value for the request and another one for the answer, by etf.Marshal and
// etf.Unmarshal. Request makes requests of the usual shapes. to is what c's own Call takes.
//
// An answer {error, Reason} is an *Error, whatever R is. With struct{} for R the answer has to be the atom ok; with
// OK[T] it has to be {ok, Value}.
//
// Other errors are those of c's own Call, an *etf.MarshalError for the request, and an *etf.UnmarshalError for an
// answer that does not fit R; the server has done then what it was asked for.
func Call[R any](ctx context.Context, c Caller, to etf.Term, request any) (reply R, err error) {
	term, err := etf.Marshal(request)
	if err != nil {
		return reply, err
	}
	answer, err := c.Call(ctx, to, term)
	if err != nil {
		return reply, err
	}
	return answerOf[R](answer)
}

// answerOf makes an R of an answer.
func answerOf[R any](answer etf.Term) (reply R, err error) {
	if t, ok := answer.(etf.Tuple); ok && len(t) == 2 && etf.Equal(t[0], atomError) {
		return reply, &Error{Reason: t[1]}
	}
	if _, none := any(reply).(struct{}); none {
		if !etf.Equal(answer, atomOk) {
			err = fmt.Errorf("typed: the answer: %w", etf.Unmarshal(answer, new(ok)))
		}
		return reply, err
	}
	var into R
	if err := etf.Unmarshal(answer, &into); err != nil {
		return reply, fmt.Errorf("typed: the answer: %w", err)
	}
	return into, nil
}

// ok is the atom ok, and nothing else.
type ok struct{}

// UnmarshalETF implements etf.Unmarshaler.
func (*ok) UnmarshalETF(t etf.Term) error {
	if !etf.Equal(t, atomOk) {
		return errors.New("want ok")
	}
	return nil
}

// MultiCaller makes calls to servers of one name on several nodes: a *node.Node and a *genserv.Process.
type MultiCaller interface {
	MultiCall(ctx context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) ([]genserv.NodeReply, []etf.Atom)
}

// NodeReply is one answer to MultiCall.
type NodeReply[R any] struct {
	Node  etf.Atom
	Reply R
	Err   error // an *Error, or an answer that does not fit R
}

// MultiCall makes a gen_server:multi_call with Go values, as Call. Nodes that did not answer are in bad; an error is
// that of a request without a term.
func MultiCall[R any](ctx context.Context, c MultiCaller, nodes []etf.Atom, name etf.Atom, request any) (
	replies []NodeReply[R], bad []etf.Atom, err error) {
	term, err := etf.Marshal(request)
	if err != nil {
		return nil, nil, err
	}
	answers, bad := c.MultiCall(ctx, nodes, name, term)
	for _, a := range answers {
		reply, err := answerOf[R](a.Reply)
		replies = append(replies, NodeReply[R]{Node: a.Node, Reply: reply, Err: err})
	}
	return replies, bad, nil
}

// Caster makes casts: a *node.Node.
type Caster interface {
	Cast(ctx context.Context, to, request etf.Term) error
}

// Cast makes a gen_server:cast with a Go value for the request, by etf.Marshal. Request makes requests of the usual
// shapes. to is what c's own Cast takes. The errors are those of that, and an *etf.MarshalError for the request.
func Cast(ctx context.Context, c Caster, to etf.Term, request any) error {
	term, err := etf.Marshal(request)
	if err != nil {
		return err
	}
	return c.Cast(ctx, to, term)
}

// CastFrom is Cast from a server. As with Process.Cast, nobody learns whether the request arrived: the only error is an
// *etf.MarshalError for the request.
func CastFrom(p *genserv.Process, to etf.Term, request any) error {
	term, err := etf.Marshal(request)
	if err != nil {
		return err
	}
	p.Cast(to, term)
	return nil
}

// Request is a request of the usual shape: the atom name, or {name, A1, ..., An}. The arguments go through etf.Marshal.
func Request(name etf.Atom, args ...any) etf.Marshaler { return request{name, args} }

type request struct {
	name etf.Atom
	args []any
}

// MarshalETF implements etf.Marshaler.
func (r request) MarshalETF() (etf.Term, error) {
	if len(r.args) == 0 {
		return r.name, nil
	}
	t := make(etf.Tuple, 1, len(r.args)+1)
	t[0] = r.name
	for _, a := range r.args {
		term, err := etf.Marshal(a)
		if err != nil {
			return nil, err
		}
		t = append(t, term)
	}
	return t, nil
}
