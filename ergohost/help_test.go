package ergohost_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logs keeps the log lines of the ergo node.
type logs struct {
	mu    sync.Mutex
	lines []string
}

func (l *logs) Log(m gen.MessageLog) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(m.Format, m.Args...))
}

func (*logs) Terminate() {}

// pair is a Host with its ergo node and its cluster node.
type pair struct {
	ergo gen.Node
	node *node.Node
	host *ergohost.Host
	logs *logs
}

func join(t testing.TB, opts ergohost.Options) *pair {
	t.Helper()
	p := &pair{logs: &logs{}}
	options := gen.NodeOptions{}
	options.Network.Mode = gen.NetworkModeDisabled
	options.Log.DefaultLogger.Disable = true
	options.Log.Loggers = []gen.Logger{{Name: "test", Logger: p.logs}}
	var err error
	p.ergo, err = ergohost.StartErgo("guest@localhost", options)
	require.NoError(t, err)
	t.Cleanup(p.ergo.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.logs.all())
		}
	})
	p.node, err = node.Start(t.Context(), node.Config{Name: "gonode", Cookie: gonodetest.Cookie(t),
		EPMD: node.EPMDExternal, EPMDPort: uint16(beam.PrivateEPMD(t).Port())})
	require.NoError(t, err)
	p.host, err = ergohost.Join(t.Context(), p.ergo, p.node, opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, p.host.Close(ctx))
		require.NoError(t, p.node.Stop(ctx))
	})
	return p
}

// add is the request {add, N}.
type add struct {
	_ struct{} `etf:"record=add"`
	N int
}

// actor carries out its requests, and records them.
type actor struct {
	act.Actor
	count int
	seen  etf.List
	held  []func()
	tell  chan<- any // for values that are not sent to a BEAM
}

func (a *actor) Init(args ...any) error {
	for _, arg := range args {
		switch arg := arg.(type) {
		case chan any:
			a.tell = arg
		case bool:
			a.SetTrapExit(arg)
		}
	}
	return nil
}

func (a *actor) HandleCall(from gen.PID, ref gen.Ref, request any) (any, error) {
	switch request := request.(type) {
	case add:
		a.count += request.N
		return a.count, nil
	case etf.Atom:
		switch request {
		case "seen":
			seen := a.seen
			a.seen = etf.List{}
			return seen, nil
		case "hold":
			n := len(a.held)
			a.held = append(a.held, func() { _ = a.SendResponse(from, ref, n) })
			return nil, nil
		case "silence":
			return nil, nil
		case "refuse":
			return nil, a.SendResponseError(from, ref, errors.New("no"))
		case "astray":
			return nil, a.SendResponseError(from, ref, gen.ErrProcessUnknown)
		case "misfit":
			return make(chan int), nil
		case "last":
			return etf.Atom("words"), gen.TerminateReasonNormal
		case "crash":
			panic("oops")
		case "ping":
			return etf.Atom("pong"), nil
		}
	case etf.Tuple:
		switch request[0] {
		case etf.Atom("stop"):
			return nil, &genserv.Exit{Reason: request[1]}
		case etf.Atom("fail"):
			return nil, errors.New("failed")
		case etf.Atom("call"):
			got, err := a.CallWithTimeout(gen.Atom(request[1].(etf.Atom)), request[2], 5)
			if err != nil {
				return etf.Tuple{etf.Atom("error"), ergohost.Reason(err)}, nil
			}
			return got, nil
		case etf.Atom("send"):
			return etf.Atom("ok"), a.Send(gen.Atom(request[1].(etf.Atom)), request[2])
		case etf.Atom("cast"):
			return etf.Atom("ok"), a.Send(gen.Atom(request[1].(etf.Atom)), ergohost.Cast{Request: request[2]})
		case etf.Atom("monitor"):
			return etf.Atom("ok"), a.Monitor(gen.Atom(request[1].(etf.Atom)))
		case etf.Atom("link"):
			return etf.Atom("ok"), a.Link(gen.Atom(request[1].(etf.Atom)))
		case etf.Atom("block"):
			<-a.blocked()
			return etf.Atom("ok"), nil
		}
	}
	return etf.Tuple{etf.Atom("unknown"), etf.Binary(fmt.Sprintf("%T", request))}, nil
}

// blocked is a channel that the test closes.
func (a *actor) blocked() <-chan struct{} {
	v, _ := a.Env("block")
	return v.(chan struct{})
}

func (a *actor) HandleMessage(_ gen.PID, message any) error {
	switch message := message.(type) {
	case ergohost.Cast:
		if message.Request == any(etf.Atom("release")) {
			for _, answer := range a.held {
				answer()
			}
			a.held = nil
			return nil
		}
		if t, ok := message.Request.(etf.Term); ok {
			a.seen = append(a.seen, etf.Tuple{etf.Atom("cast"), t})
		}
	case ergohost.Info:
		if t, ok := message.Message.(etf.Term); ok {
			a.seen = append(a.seen, etf.Tuple{etf.Atom("info"), t})
		}
	default:
		a.say(message)
	}
	return nil
}

func (a *actor) HandleInspect(gen.PID, ...string) map[string]string {
	return map[string]string{"count": fmt.Sprint(a.count)}
}

func (a *actor) Terminate(reason error) { a.say(reason) }

func (a *actor) say(what any) {
	if a.tell != nil {
		a.tell <- what
	}
}

func newActor() gen.ProcessBehavior { return &actor{} }

// spawn starts an actor that is exposed under a name.
func (p *pair) spawn(t testing.TB, name gen.Atom, options gen.ProcessOptions, args ...any) gen.PID {
	t.Helper()
	pid, err := p.ergo.SpawnRegister(name, p.host.Exposed(name, newActor), options, args...)
	require.NoError(t, err)
	return pid
}

// at returns how a BEAM names a process of the pair.
func (p *pair) at(name string) string { return fmt.Sprintf("{%s,'%s'}", name, p.node.Name()) }

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func eventually(t testing.TB, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 30*time.Second, time.Millisecond)
}

func (l *logs) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lines...)
}

// eval evaluates an Erlang expression.
func eval(t testing.TB, e *beam.Node, format string, args ...any) string {
	t.Helper()
	return e.Eval(t, fmt.Sprintf(format, args...))
}
