package genserv_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

var (
	self   = etf.Pid{Node: "go@here", ID: 100, Creation: 7}
	client = etf.Pid{Node: "go@here", ID: 1, Creation: 7}
	remote = etf.Pid{Node: "erl@there", ID: 9, Serial: 2, Creation: 3}
)

// testEnv is a node with one process on it and with a clock that stands still until it is moved. It notes what happens,
// as {What, [Argument]}.
type testEnv struct {
	loop    *genserv.Loop
	next    driver.Next
	mailbox []etf.Term
	events  []etf.Term
	from    genserv.From

	trap   bool
	ended  bool
	refs   uint32
	timers []*fakeTimer
	sent   []sent
	asked  []etf.Tuple // {What, Argument, ...}
	fail   error       // what Send returns
	once   error       // what the next Send returns

	clientName  etf.Atom
	clientEnded bool

	handler slog.Handler
	call    func(ctx context.Context, to, request etf.Term) (etf.Term, error)
}

type sent struct{ to, msg etf.Term }

type fakeTimer struct {
	d       time.Duration
	to, msg etf.Term
	over    bool
}

func (w *testEnv) note(what etf.Atom, args ...etf.Term) {
	w.events = append(w.events, etf.Tuple{what, etf.List(args)})
}

// take returns what was noted since the last time.
func (w *testEnv) take() []etf.Term {
	events := w.events
	w.events = nil
	return events
}

// start makes the process and drives it until it waits.
func (w *testEnv) start(m genserv.Module, args etf.Term, o driver.Options) {
	w.loop = genserv.NewLoop(m, w, o)
	ack, next, _ := w.loop.Start(args)
	w.note("ack", ack)
	w.drive(next)
}

// send puts messages into the mailbox and drives the process until it waits.
func (w *testEnv) send(msgs ...etf.Term) {
	if w.ended {
		return
	}
	w.mailbox = append(w.mailbox, msgs...)
	w.drive(w.next)
}

// drive is what a node does with a loop.
func (w *testEnv) drive(next driver.Next) {
	for !next.Stopped {
		switch {
		case next.Again:
			next = w.loop.Timeout()
		case len(w.mailbox) > 0:
			msg := w.mailbox[0]
			w.mailbox = w.mailbox[1:]
			next = w.loop.Handle(msg)
		case next.Wait == 0:
			next = w.loop.Timeout()
		default:
			w.next = next
			return
		}
	}
	w.next = next
	w.end(next.Reason)
}

func (w *testEnv) end(reason etf.Term) {
	if !w.ended {
		w.ended = true
		w.note("exit", reason)
	}
}

// exit sends an exit signal, with the client as the parent.
func (w *testEnv) exit(reason etf.Term) {
	switch {
	case w.ended:
	case etf.IsAtom(reason, "kill"):
		w.end(genserv.Killed)
	case w.trap:
		w.send(etf.Tuple{etf.Atom("EXIT"), client, reason})
	case reason != etf.Term(genserv.Normal):
		w.end(reason)
	}
}

func (w *testEnv) Self() etf.Pid { return self }

func (w *testEnv) Send(to, msg etf.Term) error {
	if err := cmp.Or(w.once, w.fail); err != nil {
		w.once = nil
		return err
	}
	w.sent = append(w.sent, sent{to, msg})
	switch to {
	case etf.Term(self):
		w.mailbox = append(w.mailbox, msg)
	case etf.Term(client):
		reply := msg.(etf.Tuple)
		w.note("reply", reply...)
	}
	return nil
}

// asks notes a request of the process, as {What, Argument, ...}.
func (w *testEnv) asks(what etf.Atom, args ...etf.Term) error {
	w.asked = append(w.asked, append(etf.Tuple{what}, args...))
	return w.fail
}

func (w *testEnv) Reply(to, tag, reply etf.Term) error { return w.Send(to, etf.Tuple{tag, reply}) }

func (w *testEnv) SendPriority(to, msg etf.Term) error { return w.Send(to, msg) }
func (w *testEnv) Link(pid etf.Pid, _ bool)            { _ = w.asks("link", pid) }
func (w *testEnv) Unlink(pid etf.Pid)                  { _ = w.asks("unlink", pid) }
func (w *testEnv) Exit(pid, why etf.Term, _ bool)      { _ = w.asks("exit", pid, why) }
func (w *testEnv) Register(name etf.Atom) error        { return w.asks("register", name) }
func (w *testEnv) Unregister(name etf.Atom) error      { return w.asks("unregister", name) }
func (w *testEnv) Demonitor(ref etf.Ref)               { _ = w.asks("demonitor", ref) }
func (w *testEnv) Unalias(ref etf.Ref) bool            { return w.asks("unalias", ref) == nil }
func (w *testEnv) Detach(reason etf.Term)              { _ = w.asks("detach", reason) }
func (w *testEnv) MakeRef() (etf.Ref, error)           { return w.ref("make_ref") }
func (w *testEnv) Alias(bool) (etf.Ref, error)         { return w.ref("alias") }
func (w *testEnv) Context() context.Context            { return context.Background() }

func (w *testEnv) Monitor(to etf.Term, o driver.MonitorOptions) (etf.Ref, error) {
	return w.ref("monitor", to, truth(o.Alias))
}

func (w *testEnv) TrapExit(on bool) bool {
	_ = w.asks("trap_exit", truth(on))
	old := w.trap
	w.trap = on
	return old
}

func (w *testEnv) NameOf(pid etf.Pid) (etf.Atom, bool) {
	err := w.asks("name_of", pid)
	return w.clientName, err == nil && !w.clientEnded
}

func (w *testEnv) Receive(d time.Duration, match func(etf.Term) bool) (etf.Term, error) {
	err := w.asks("receive", etf.Int(d.Milliseconds()))
	return w.receive(match), err
}

func (w *testEnv) Spawn(name etf.Atom, m driver.Module, args etf.Term, link bool) (etf.Pid, error) {
	err := w.asks("spawn", name, m.Name(), args, truth(link))
	return etf.Pid{Node: self.Node, ID: 200, Creation: self.Creation}, err
}

// ref answers with a new reference, unless it is to fail.
func (w *testEnv) ref(what etf.Atom, args ...etf.Term) (etf.Ref, error) {
	err := w.asks(what, args...)
	w.refs++
	return etf.Ref{Node: self.Node, Creation: self.Creation, Len: 3, Words: [5]uint32{w.refs}}, err
}

func truth(b bool) etf.Atom {
	if b {
		return "true"
	}
	return "false"
}

// receive never waits.
func (w *testEnv) receive(match func(etf.Term) bool) etf.Term {
	i := slices.IndexFunc(w.mailbox, match)
	if i < 0 {
		return nil
	}
	msg := w.mailbox[i]
	w.mailbox = slices.Delete(w.mailbox, i, i+1)
	return msg
}

func (w *testEnv) After(d time.Duration, to, msg etf.Term) func() bool {
	t := &fakeTimer{d: d, to: to, msg: msg}
	w.timers = append(w.timers, t)
	return func() bool {
		was := t.over
		t.over = true
		return !was
	}
}

// ring lets a timer go off, without anybody having looked at the mailbox yet.
func (w *testEnv) ring(t *fakeTimer) {
	if !t.over {
		t.over = true
		w.mailbox = append(w.mailbox, t.msg)
	}
}

// As a client it notes what it is asked for; only calls are answered, by the test.

func (w *testEnv) Call(ctx context.Context, to, request etf.Term) (etf.Term, error) {
	if w.call == nil {
		return nil, errors.New("nobody is there")
	}
	return w.call(ctx, to, request)
}

func (w *testEnv) MultiCall(_ context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) ([]genserv.NodeReply,
	[]etf.Atom) {
	w.note("multi_call", name, request)
	return []genserv.NodeReply{{Node: nodes[0], Reply: request}}, nodes[1:]
}

func (w *testEnv) Abcast(_ context.Context, nodes []etf.Atom, name etf.Atom, request etf.Term) []etf.Atom {
	w.note("abcast", name, request)
	return nodes
}

func (w *testEnv) Terminate(_ context.Context, to, reason etf.Term) error {
	w.note("stop", to, reason)
	return nil
}

// Locate knows one name.
func (w *testEnv) Locate(_ context.Context, to etf.Term) (etf.Term, error) {
	if etf.Equal(to, etf.Tuple{etf.Atom("global"), etf.Atom("known")}) {
		return remote, nil
	}
	return nil, &genserv.CallFailure{To: to, Err: genserv.ErrNoProc}
}

func (w *testEnv) Log() *slog.Logger {
	if w.handler == nil {
		return slog.New(reports{w})
	}
	return slog.New(w.handler)
}

// reports is a log handler that notes what OTP logs, with the terms as they were given.
type reports struct{ w *testEnv }

func (reports) Enabled(context.Context, slog.Level) bool { return true }
func (r reports) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r reports) WithGroup(string) slog.Handler          { return r }

func (r reports) Handle(_ context.Context, record slog.Record) error {
	terms := map[string]etf.Term{}
	record.Attrs(func(a slog.Attr) bool {
		if t, ok := a.Value.Any().(genserv.LogTerm); ok {
			terms[a.Key] = t.Term
		}
		return true
	})
	switch label := etf.Format(terms["label"]); label {
	case "{gen_server,terminate}":
		who := terms["client_info"]
		if info, ok := who.(etf.Tuple); ok {
			who = info[0]
		}
		r.w.note("report", terms["last_message"], terms["state"], terms["log"], terms["reason"], who)
	case "{gen_server,no_handle_info}":
		r.w.note("no_handle_info", terms["message"])
	case "{proc_lib,crash}":
		info := terms["error_info"].(etf.Tuple)
		r.w.note("crash", info[0], info[1])
	default:
		r.w.note("log", etf.Binary(record.Message))
	}
	return nil
}
