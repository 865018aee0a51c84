//go:build unix

package beam

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

// Session is a process on the node that evaluates expressions one after another and keeps the variables they bind, as a
// shell does. Its self() stays the same from one expression to the next, so an expression can receive what an earlier
// one asked for. Only after a time-out or an exit signal does the next expression run in a new process. The methods may
// be called from several goroutines; evaluations then wait for each other.
type Session struct {
	node *Node
	id   uint32
	turn chan struct{} // holds one token: the right to evaluate
}

func newSession(n *Node, id uint32) *Session {
	s := &Session{node: n, id: id, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// Try evaluates source in the language of the node and returns the printed value on one line. The final dot of an
// Erlang expression may be left out. The error is an *EvalError if the node raised one, and matches ctx.Err() if ctx
// ended first. Try may be called from any goroutine.
func (s *Session) Try(ctx context.Context, source string) (string, error) {
	return s.try(ctx, s.node.lang, source)
}

func (s *Session) try(ctx context.Context, lang byte, source string) (string, error) {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return "", fmt.Errorf("%s: the session is busy: %w", excerpt.Head(source), ctx.Err())
	}
	defer func() { s.turn <- struct{}{} }()
	return s.node.ch.evaluate(ctx, lang, s.id, source)
}

// Eval is Try within the time of the node's options. If there is no value, it ends the test.
func (s *Session) Eval(t testing.TB, source string) string {
	t.Helper()
	return s.eval(t, s.node.lang, source)
}

// EvalErlang evaluates an Erlang expression on either kind of node. Its variables are not those of Elixir.
func (s *Session) EvalErlang(t testing.TB, source string) string {
	t.Helper()
	return s.eval(t, opErlang, source)
}

func (s *Session) eval(t testing.TB, lang byte, source string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), s.node.timeout)
	defer cancel()
	value, err := s.try(ctx, lang, source)
	if err != nil {
		t.Fatalf("%s: %v", s.node.name, err)
	}
	return value
}

// Call evaluates a call of function in module. The arguments are source texts: e.Call(t, "gen_server", "call",
// "{echo,'go@host'}", "hi") or x.Call(t, "GenServer", "call", "{:echo, :go@host}", ":hi").
func (s *Session) Call(t testing.TB, module, function string, args ...string) string {
	t.Helper()
	between := ":"
	if s.node.lang == opElixir {
		between = "."
	}
	return s.Eval(t, module+between+function+"("+strings.Join(args, ", ")+")")
}

// Raises evaluates source and returns what it raised. A value ends the test, and so does a node that does not answer.
func (s *Session) Raises(t testing.TB, source string) *EvalError {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), s.node.timeout)
	defer cancel()
	value, err := s.Try(ctx, source)
	var raised *EvalError
	if !errors.As(err, &raised) {
		t.Fatalf("%s: %s should have raised something; value %q, error %v", s.node.name, excerpt.Head(source), value, err)
	}
	return raised
}

// Compile compiles the Erlang source of a module on the node and loads it. An older version of the module becomes old
// code. Compile errors end the test. Compile works on an Elixir node too; use Eval to define an Elixir module.
func (s *Session) Compile(t testing.TB, module, source string) {
	t.Helper()
	encoded := base64.StdEncoding.EncodeToString([]byte(source))
	s.EvalErlang(t, fmt.Sprintf("gonodetest_driver:compile(%q, %q, base64:decode(%q))", s.node.dir, module, encoded))
}
