package typed_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// lab is a node with one server named server.
type lab struct {
	*node.Node
	t   *testing.T
	log syncBuffer
}

func host(t *testing.T, code genserv.Module, args etf.Term) *lab {
	t.Helper()
	l := &lab{t: t}
	var err error
	l.Node, err = node.Start(t.Context(), node.Config{Name: "typed@localhost", Cookie: "secret", NoListen: true,
		Logger: slog.New(slog.NewTextHandler(&l.log, nil))})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Stop(context.Background())) })
	_, err = l.Spawn(t.Context(), genserv.Child{Name: "server", Module: code, Args: args})
	require.NoError(t, err)
	return l
}

// call makes a call with a request in Erlang syntax, and returns the answer in it.
func (l *lab) call(request string) string {
	l.t.Helper()
	reply, err := l.Call(l.t.Context(), etf.Atom("server"), l.parse(request))
	require.NoError(l.t, err, request)
	return etf.Format(reply)
}

func (l *lab) parse(source string) etf.Term {
	l.t.Helper()
	term, err := etf.Parse(source)
	require.NoError(l.t, err)
	return term
}

func (l *lab) cast(request string) {
	l.t.Helper()
	require.NoError(l.t, l.Cast(l.t.Context(), etf.Atom("server"), l.parse(request)))
}

func (l *lab) send(msg string) {
	l.t.Helper()
	require.NoError(l.t, l.Send(l.t.Context(), etf.Atom("server"), l.parse(msg)))
}

type transfer struct {
	_        struct{} `etf:"tuple"`
	From, To string
	N        int
}

type move struct {
	_    struct{} `etf:"record=move"`
	X, Y int
}

type order struct {
	_     struct{} `etf:"struct=Elixir.Shop.Order"`
	Item  string
	Count *int
}

type options struct {
	Key  string
	Size int `etf:"size"`
}

type process = genserv.Process

// shapes has a handler for each shape of a request. Its state counts the requests.
func shapes() *typed.Mux[int] {
	m := typed.NewMux[int]("shapes")
	typed.OnCall(m, "get", func(_ *process, n int, _ struct{}) (int, int, error) { return n, n + 1, nil })
	typed.OnCall(m, "get", func(_ *process, n int, key string) (string, int, error) {
		return "<" + key + ">", n + 1, nil
	})
	typed.OnCall(m, "transfer", func(_ *process, n int, t transfer) (typed.OK[string], int, error) {
		return typed.OK[string]{Value: fmt.Sprint(t.From, t.To, t.N)}, n + 1, nil
	})
	typed.OnCall(m, "move", func(_ *process, n int, to move) (move, int, error) {
		return move{X: to.Y, Y: to.X}, n + 1, nil
	})
	typed.OnCall(m, "Elixir.Shop.Order", func(_ *process, n int, o order) (order, int, error) { return o, n + 1, nil })
	typed.OnCall(m, "put", func(_ *process, n int, o options) (struct{}, int, error) {
		if o.Size < 0 {
			return struct{}{}, -1, &typed.Error{Reason: etf.Tuple{etf.Atom("bad_size"), etf.Int(o.Size)}}
		}
		return struct{}{}, n + o.Size, nil
	})
	typed.OnCall(m, "any", func(_ *process, n int, t etf.Term) (etf.Term, int, error) { return t, n, nil })
	typed.OnCall(m, "atoms", func(_ *process, n int, l []etf.Atom) (int, int, error) { return len(l), n, nil })
	typed.OnCall(m, "half", func(_ *process, n int, f float64) (float64, int, error) { return f / 0, n + 100, nil })
	typed.OnCall(m, "fail", func(_ *process, n int, text string) (int, int, error) { return 0, -1, errors.New(text) })
	return m
}

func TestTheTypeOfTheArgumentSaysWhatRequestsLookLike(t *testing.T) {
	l := host(t, genserv.Of(shapes()), nil)
	for _, test := range [][2]string{
		{"get", "0"},
		{"{get, key}", `<<"<key>">>`},
		{`{transfer, "ann", <<"ben">>, 5}`, `{ok,<<"annben5">>}`},
		{"{move, 1, 2}", "{move,2,1}"},
		{`#{'__struct__' => 'Elixir.Shop.Order', item => <<"x">>, count => nil}`,
			`#{'__struct__' => 'Elixir.Shop.Order',item => <<"x">>,count => nil}`},
		{`{put, #{key => <<"a">>, size => 10, more => true}}`, "ok"},
		{`{put, #{key => <<"a">>, size => -1}}`, "{error,{bad_size,-1}}"},
		{"get", "15"},
		{"{any, {[x|y], 1.5}}", "{[x|y],1.5}"},
		{"{atoms, [a, b, c]}", "3"},
		{`{fail, "out of paper"}`, `{error,<<"out of paper">>}`},
		{"get", "16"},
	} {
		require.Equal(t, test[1], l.call(test[0]), test[0])
	}
}

func TestWhatIsUnknownOrDoesNotFitIsAnAnswerAndNoCrash(t *testing.T) {
	l := host(t, genserv.Of(shapes()), nil)
	for _, request := range []string{"what", "{get}", "{get, 1, 2}", "{}", "[]", "{1, 2}", "{move, 1}", "#{a => 1}",
		"<<1>>", "#{'__struct__' => 'Elixir.Other'}", "#{'__struct__' => 1}", "put", "'any'", "add"} {
		require.Equal(t, "{error,unknown_request}", l.call(request), request)
	}
	for request, text := range map[string]string{
		"{get, 1}":                        "etf: unmarshal 1 into string: want a binary, a list of code points or an atom",
		"{transfer, a, b, 1.0}":           "etf: unmarshal .N 1.0 into int: want an integer",
		"{move, 1, 18446744073709551616}": "etf: unmarshal .Y 18446744073709551616 into int: out of range",
		"{put, []}":                       "etf: unmarshal [] into typed_test.options: want a map",
		"{atoms, [a, 1]}":                 "etf: unmarshal [1] 1 into etf.Atom: that is another kind of term",
	} {
		require.Equal(t, etf.Format(etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("bad_argument"), etf.Binary(text)}}),
			l.call(request), request)
	}
	require.Equal(t, `{error,{bad_reply,<<"etf: marshal (float64): Erlang has no +Inf">>}}`, l.call("{half, 1.0}"))
	require.Equal(t, "100", l.call("get"), "the handler had done its work")
}

// events is a server with casts and messages; its state is what it has seen.
func events() *typed.Mux[string] {
	m := typed.NewMux[string]("events")
	typed.OnInit(m, func(_ *process, first string) (string, error) {
		if first == "" {
			return "", &genserv.Exit{Reason: etf.Atom("empty")}
		}
		return first, nil
	})
	typed.OnCall(m, "seen", func(_ *process, s string, _ struct{}) (string, string, error) { return s, s, nil })
	note := func(_ *process, s string, what string) (string, error) {
		if what == "bad" {
			return "lost", errors.New("too bad")
		}
		return s + "," + what, nil
	}
	typed.OnCast(m, "note", note)
	typed.OnInfo(m, "note", note)
	typed.OnInfo(m, "timeout", func(_ *process, s string, _ struct{}) (string, error) { return s + ",timeout", nil })
	typed.OnInfo(m, "DOWN", func(_ *process, s string, d genserv.Down) (string, error) {
		return s + ",down " + etf.Format(d.Reason), nil
	})
	typed.OnInfo(m, "EXIT", func(_ *process, s string, e typed.Exited) (string, error) {
		return s + ",exit " + etf.Format(e.Reason), nil
	})
	typed.HandleCast(m, "wait", func(_ *process, s string, d time.Duration) genserv.Result[string] {
		return genserv.NoReply(s).WithTimeoutMessage(d, etf.Atom("timeout"))
	})
	typed.HandleCall(m, "watch", func(p *process, s string, pid etf.Pid, _ genserv.From) genserv.Result[string] {
		p.TrapExit(true)
		if _, err := p.Monitor(pid); err != nil {
			return typed.Reply(err, s)
		}
		p.Link(pid)
		return typed.Reply(nil, s)
	})
	return m
}

func (l *lab) await(text string) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return l.call("seen") == `<<"`+text+`">>` }, 5*time.Second, time.Millisecond,
		"want %s, have %v", text, l.call("seen"))
}

func TestCastsAndMessagesChangeTheStateOrAreLogged(t *testing.T) {
	l := host(t, genserv.Of(events()), etf.Binary("first"))
	l.cast("{note, a}")
	l.send("{note, b}")
	l.await("first,a,b")
	for _, each := range []func(string){l.cast, l.send} {
		for _, msg := range []string{"{note, bad}", "{note, {}}", "unknown", "{note, a, b}", "1"} {
			each(msg)
		}
	}
	l.await("first,a,b")
	log := l.log.String()
	for _, text := range []string{"a cast failed", "a message was not handled", "too bad", "module=events",
		"a message that does not fit its handler is dropped", "a cast for which there is no handler is dropped",
		"a message for which there is no handler is dropped", "message=unknown"} {
		require.Contains(t, log, text)
	}
}

func TestDownExitAndTimeoutAreMessagesWithHandlers(t *testing.T) {
	l := host(t, genserv.Of(events()), etf.Binary("first"))
	other, err := l.Spawn(t.Context(), genserv.Child{Name: "other", Module: genserv.Of(shapes())})
	require.NoError(t, err)
	_, err = typed.Call[etf.Term](t.Context(), l, etf.Atom("server"), typed.Request("watch", other))
	require.NoError(t, err)
	require.NoError(t, l.Terminate(t.Context(), other, genserv.Shutdown))
	seen := func() string { return l.call("seen") }
	require.Eventually(t, func() bool {
		return strings.Contains(seen(), ",down shutdown") && strings.Contains(seen(), ",exit shutdown")
	}, 5*time.Second, time.Millisecond)
	l.cast("{wait, 0}")
	require.True(t, strings.HasSuffix(seen(), `,timeout">>`), "it comes before whatever is waiting")
}

func TestArgumentsThatDoNotFitOrAnErrorOfInitRefuseTheStart(t *testing.T) {
	l := host(t, genserv.Of(events()), etf.Binary("first"))
	_, err := l.Spawn(t.Context(), genserv.Child{Module: genserv.Of(events()), Args: etf.Int(1)})
	require.ErrorContains(t, err, "bad_argument")
	_, err = l.Spawn(t.Context(), genserv.Child{Module: genserv.Of(events()), Args: etf.Binary("")})
	require.ErrorIs(t, err, &genserv.Exit{Reason: etf.Atom("empty")})
}

type callers []genserv.From

// server embeds a Mux and has further callbacks.
type server struct {
	*typed.Mux[callers]
	ended chan etf.Term
}

func (s server) Init(*process, etf.Term) genserv.InitResult[callers] {
	return genserv.Ok[callers](nil).Continue(etf.Atom("more"))
}

func (s server) HandleContinue(p *process, term etf.Term, waiting callers) genserv.Result[callers] {
	return genserv.NoReply(append(waiting, genserv.From{})).Hibernate()
}

func (s server) Terminate(_ *process, reason etf.Term, _ callers) { s.ended <- reason }

func (s server) FormatStatus(st genserv.Status, waiting callers) genserv.Status {
	st.State = etf.Int(len(waiting))
	return st
}

func newServer() server {
	s := server{typed.NewMux[callers]("waiting"), make(chan etf.Term, 1)}
	type result = genserv.Result[callers]
	typed.HandleCall(s.Mux, "wait", func(_ *process, w callers, _ struct{}, from genserv.From) result {
		return genserv.NoReply(append(w, from))
	})
	typed.OnCast(s.Mux, "wake", func(p *process, w callers, n int) (callers, error) {
		for _, from := range w[1:] {
			typed.ReplyTo(p, from, map[string]int{"n": n})
		}
		return w[:1], nil
	})
	typed.HandleCall(s.Mux, "stop", func(_ *process, w callers, why etf.Term, _ genserv.From) result {
		return genserv.StopReply(why, etf.Atom("bye"), w)
	})
	s.OnOtherCall(func(_ *process, request etf.Term, _ genserv.From, w callers) result {
		return genserv.Reply[callers](etf.Tuple{etf.Atom("what_is"), request}, w)
	})
	s.OnOtherCast(func(_ *process, request etf.Term, w callers) genserv.Result[callers] {
		return genserv.Stop(request, w)
	})
	s.OnOtherInfo(func(_ *process, msg etf.Term, w callers) genserv.Result[callers] {
		return genserv.Stop(msg, w)
	})
	return s
}

func TestAMuxIsEmbeddedInAServerWithFurtherCallbacks(t *testing.T) {
	s := newServer()
	l := host(t, genserv.Of(s), nil)
	require.Equal(t, "{what_is,{x}}", l.call("{x}"))
	replies := make(chan string)
	for range 2 {
		go func() {
			m, err := typed.Call[map[string]int](t.Context(), l, etf.Atom("server"), typed.Request("wait"))
			replies <- fmt.Sprint(m, err)
		}()
	}
	answered := 0
	require.Eventually(t, func() bool {
		l.cast("{wake, 7}")
		select {
		case r := <-replies:
			require.Equal(t, "map[n:7] <nil>", r)
			answered++
		default:
		}
		return answered == 2
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, "bye", l.call("{stop, {shutdown, done}}"))
	require.Equal(t, "{shutdown,done}", etf.Format(<-s.ended))
	for _, send := range []func(string){l.cast, l.send} {
		_, err := l.Spawn(t.Context(), genserv.Child{Name: "server", Module: genserv.Of(s)})
		require.NoError(t, err)
		send("normal")
		require.Equal(t, etf.Term(genserv.Normal), <-s.ended)
		require.Eventually(t, func() bool {
			_, err := l.Call(t.Context(), etf.Atom("server"), etf.Atom("x"))
			return errors.Is(err, genserv.ErrNoProc)
		}, 5*time.Second, time.Millisecond)
	}
}

func TestAWrongRegistrationPanicsWithWhatIsWrong(t *testing.T) {
	type m = typed.Mux[int]
	for text, f := range map[string]func(*m){
		"typed: OnCall of the server counter: there are two handlers for {add, _}": func(m *m) {
			for range 2 {
				typed.OnCall(m, "add", func(_ *process, s, n int) (int, int, error) { return 0, 0, nil })
			}
		},
		"typed: HandleCall of the server counter: there are two handlers for get": func(m *m) {
			typed.OnCall(m, "get", func(_ *process, s int, _ struct{}) (int, int, error) { return 0, 0, nil })
			typed.HandleCall(m, "get", func(*process, int, struct{}, genserv.From) (r genserv.Result[int]) { return r })
		},
		"typed: HandleInfo of the server counter: there are two handlers for {transfer, _, _, _}": func(m *m) {
			typed.OnInfo(m, "transfer", func(_ *process, s int, _ transfer) (int, error) { return 0, nil })
			typed.HandleInfo(m, "transfer", func(*process, int, transfer) (r genserv.Result[int]) { return r })
		},
		"typed: OnCast add of the server counter: etf: unmarshal into chan int: no term goes into such a value": func(
			m *m) {
			typed.OnCast(m, "add", func(_ *process, s int, _ chan int) (int, error) { return 0, nil })
		},
		"typed: OnCall f of the server counter: etf: marshal (func()): there is no term for such a value": func(m *m) {
			typed.OnCall(m, "f", func(_ *process, s int, _ int) (func(), int, error) { return nil, 0, nil })
		},
		"typed: OnCall f of the server counter: etf: marshal .A[] (complex128): there is no term for such a value": func(
			m *m) {
			typed.OnCall(m, "f", func(_ *process, s, _ int) (r struct{ A []complex128 }, _ int, _ error) { return r, 0, nil })
		},
		"typed: OnCast '' of the server counter: the name of the request is empty": func(m *m) {
			typed.OnCast(m, "", func(_ *process, s int, _ int) (int, error) { return 0, nil })
		},
		"typed: OnInit of the server counter: there is one already": func(m *m) {
			for range 2 {
				typed.OnInit(m, func(_ *process, _ struct{}) (int, error) { return 0, nil })
			}
		},
		"typed: HandleInit of the server counter: etf: unmarshal into error: no term implements this interface": func(m *m) {
			typed.HandleInit(m, func(_ *process, _ error) (r genserv.InitResult[int]) { return r })
		},
	} {
		require.PanicsWithValue(t, text, func() { f(typed.NewMux[int]("counter")) })
	}
}
