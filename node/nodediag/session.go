package nodediag

import (
	"context"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// session makes calls over a connection, one after the other. Nothing else is answered.
type session struct {
	conn    *dist.Conn
	self    etf.Pid // stands for the caller
	calls   uint32
	answers chan etf.Term // what was sent to self
}

func newSession(conn *dist.Conn) *session {
	p := conn.Peer()
	s := &session{conn: conn, self: etf.Pid{Node: p.Local, ID: 1, Creation: p.LocalCreation},
		answers: make(chan etf.Term, 1)}
	go func() { _ = conn.Serve(s) }()
	return s
}

// close ends the connection and waits for its goroutine.
func (s *session) close() {
	_ = s.conn.Close(nil)
	<-s.conn.Done()
}

// call is gen_server:call/2 of a registered process, without a monitor.
func (s *session) call(ctx context.Context, to etf.Atom, request etf.Term) (etf.Term, error) {
	s.calls++
	tag := etf.Ref{Node: s.self.Node, Creation: s.self.Creation, Len: 3, Words: [etf.MaxRefWords]uint32{s.calls}}
	if err := s.conn.Send(ctx, &dist.RegSend{From: s.self, To: to}, driver.CallMessage(s.self, tag, request)); err != nil {
		return nil, err
	}
	for {
		select {
		case answer := <-s.answers:
			if t, ok := answer.(etf.Tuple); ok && len(t) == 2 && etf.Equal(t[0], tag) {
				return t[1], nil
			}
		case <-s.conn.Done():
			return nil, s.conn.Err()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Handle implements dist.Handler: an answer that nobody waits for is dropped.
func (s *session) Handle(m dist.Message, payload etf.Term) error {
	if m, ok := m.(*dist.Send); ok && m.To == s.self {
		select {
		case s.answers <- payload:
		default:
		}
	}
	return nil
}

// Drained implements dist.Handler.
func (s *session) Drained() dist.Work { return nil }
