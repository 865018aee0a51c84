package erlang

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// marionette is the server of testdata/marionette.erl.
type marionette struct{}

func (marionette) ModuleName() etf.Atom { return "marionette" }

func (marionette) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.List] {
	return genserv.Ok(etf.List{})
}

func (m marionette) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s etf.List) genserv.Result[etf.List] {
	switch request {
	case etf.Atom("seen"):
		return genserv.Reply(backwards(s), s)
	case etf.Atom("hibernate"):
		return genserv.Reply(etf.Atom("hibernates"), s).Hibernate()
	case etf.Atom("silence"):
		return genserv.NoReply(s)
	}
	if t, ok := request.(etf.Tuple); ok && len(t) == 2 {
		switch t[0] {
		case etf.Atom("do"):
			return genserv.Reply(m.all(p, t[1]), s)
		case etf.Atom("timeout"):
			return genserv.Reply(etf.Atom("ok"), s).WithTimeout(millis(t[1]))
		case etf.Term(etf.Atom("hand")):
			p.Send(t[1], etf.Tuple{etf.Atom("from"), from.Term()})
			return genserv.NoReply(s)
		case etf.Atom("end_with"):
			return genserv.Stop(t[1], s)
		}
	}
	return genserv.Reply(etf.Tuple{etf.Atom("other"), request}, s)
}

func (m marionette) HandleCast(p *genserv.Process, request etf.Term, s etf.List) genserv.Result[etf.List] {
	if t, ok := request.(etf.Tuple); ok && etf.IsAtom(t[0], "do") {
		m.all(p, t[1])
		return genserv.NoReply(s)
	}
	return m.HandleInfo(p, request, s)
}

func (marionette) HandleInfo(_ *genserv.Process, msg etf.Term, s etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(append(etf.List{msg}, s...))
}

func (marionette) Terminate(p *genserv.Process, _ etf.Term, _ etf.List) {
	if t, ok := p.Get(etf.Atom("linger")); ok {
		p.Send(t.(etf.Tuple)[1], etf.Tuple{etf.Atom("lingers"), p.Self()})
		pause(p, t.(etf.Tuple)[0])
	}
}

func backwards(l etf.List) etf.List {
	r := make(etf.List, 0, len(l))
	for i := len(l) - 1; i >= 0; i-- {
		r = append(r, l[i])
	}
	return r
}

func millis(t etf.Term) time.Duration {
	if ms, ok := t.(etf.Int); ok {
		return time.Duration(ms) * time.Millisecond
	}
	return time.Hour
}

// pause is timer:sleep/1.
func pause(p *genserv.Process, d etf.Term) {
	p.Receive(millis(d), func(etf.Term) bool { return false })
}

func (m marionette) all(p *genserv.Process, ops etf.Term) etf.List {
	done := etf.List{}
	for _, op := range ops.(etf.List) {
		value, err := m.op(p, op)
		switch {
		case err != nil:
			value = etf.Tuple{etf.Atom("failed"), why(err)}
		case value == nil:
			value = etf.Atom("ok")
		}
		done = append(done, value)
	}
	return done
}

// why is the reason that Erlang would give for an error.
func why(err error) etf.Term {
	var exit *genserv.Exit
	switch {
	case errors.Is(err, genserv.ErrNoProc):
		return etf.Atom("noproc")
	case errors.Is(err, genserv.ErrNoConnection):
		return etf.Atom("noconnection")
	case errors.Is(err, genserv.ErrTimeout):
		return etf.Atom("timeout")
	case errors.Is(err, genserv.ErrCallingSelf):
		return etf.Atom("calling_self")
	case errors.As(err, &exit):
		return exit.Reason
	case errors.Is(err, node.ErrBadArgument):
		return etf.Atom("badarg")
	}
	return etf.Binary(err.Error())
}

// was is a value that may not have been there.
func was(value etf.Term, ok bool) (etf.Term, error) {
	if !ok {
		return etf.Atom("undefined"), nil
	}
	return value, nil
}

func patience(d etf.Term) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), millis(d))
}

func (m marionette) op(p *genserv.Process, op etf.Term) (etf.Term, error) {
	if etf.IsAtom(op, "alias") {
		ref, err := p.Alias()
		return ref, err
	}
	t := op.(etf.Tuple)
	switch t[0].(etf.Atom) {
	case "return":
		return t[1], nil
	case "sleep":
		pause(p, t[1])
	case "await":
		p.Receive(genserv.Infinity, func(msg etf.Term) bool { return etf.Equal(msg, t[1]) })
	case "linger":
		p.Put(etf.Atom("linger"), etf.Tuple{t[1], t[2]})
	case "monitor":
		ref, err := p.Monitor(t[1])
		return ref, err
	case "demonitor":
		p.Demonitor(t[1].(etf.Ref))
	case "link":
		p.Link(t[1].(etf.Pid))
		return nil, nil
	case "unlink":
		p.Unlink(t[1].(etf.Pid))
		return nil, nil
	case "trap":
		p.TrapExit(etf.IsAtom(t[1], "true"))
	case "exit":
		p.Exit(t[1].(etf.Pid), t[2])
		return nil, nil
	case "send":
		return nil, p.TrySend(t[1], t[2])
	case "send_after":
		p.SendAfter(millis(t[1]), t[2], t[3])
	case "reply":
		from, _ := genserv.FromTerm(t[1])
		return nil, p.TryReply(from, t[2])
	case "register":
		return nil, p.Register(t[1].(etf.Atom))
	case "unregister":
		return nil, p.Unregister(t[1].(etf.Atom))
	case "put":
		return was(p.Put(t[1], t[2]))
	case "get":
		return was(p.Get(t[1]))
	case "erase":
		return was(p.Erase(t[1]))
	default:
		return m.more(p, t)
	}
	return nil, nil
}

func (marionette) more(p *genserv.Process, t etf.Tuple) (etf.Term, error) {
	switch t[0].(etf.Atom) {
	case "unalias":
		p.Unalias(t[1].(etf.Ref))
		return nil, nil
	case "is_alive":
		if pid := t[1].(etf.Pid); pid.Node != p.Self().Node {
			return nil, node.ErrBadArgument // which IsAlive has no way to tell
		}
		if p.IsAlive(t[1].(etf.Pid)) {
			return etf.Atom("true"), nil
		}
		return etf.Atom("false"), nil
	case "call":
		ctx, cancel := patience(t[3])
		defer cancel()
		return p.Call(ctx, t[1], t[2])
	case "cast":
		p.Cast(t[1], t[2]) // which tells more than Erlang's
	case "stop":
		ctx, cancel := patience(t[3])
		defer cancel()
		return nil, p.Terminate(ctx, t[1], t[2])
	case "start_link":
		child := genserv.Child{Module: genserv.Of(marionette{})}
		if !etf.IsAtom(t[1], "undefined") {
			child.Name = t[1].(etf.Atom)
		}
		return startResult(p.SpawnLink(child)), nil
	}
	return nil, nil
}

// startMarionettes starts a node on which others may start marionettes.
func startMarionettes(t *testing.T, name string) *node.Node {
	t.Helper()
	cfg := config(t)
	cfg.Name, cfg.Logger = name, slog.New(slog.DiscardHandler) // some of the states are large
	n := start(t, cfg)
	n.Export("marionette", "start", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name := args[0].(etf.Atom)
		if name == "undefined" {
			name = ""
		}
		return startResult(n.Spawn(ctx, genserv.Child{Name: name, Module: genserv.Of(marionette{})})), nil
	})
	return n
}

// TestAScepticFindsNoDifference has one script in Erlang try the same with servers on two OTP nodes and on two nodes
// in Go.
func TestAScepticFindsNoDifference(t *testing.T) {
	t.Parallel() // it mostly waits
	n, m := startMarionettes(t, "gonode"), startMarionettes(t, "gonode2")
	asker := beam.StartErl(t, beam.WithTimeout(2*time.Minute))
	otp := []*beam.Node{beam.StartErl(t), beam.StartErl(t)}
	for module, nodes := range map[string][]*beam.Node{"sceptic": {asker}, "sceptic_statem": {asker},
		"sceptic_sup": {asker}, "marionette": otp} {
		source, err := os.ReadFile("testdata/" + module + ".erl")
		require.NoError(t, err)
		for _, e := range nodes {
			e.Compile(t, module, string(source))
		}
	}
	for _, e := range append(otp, asker) {
		e.Eval(t, "logger:set_primary_config(level, none).")
	}
	run := func(a, b string) string { return "sceptic:run('" + a + "', '" + b + "')" }
	asker.Eval(t, "Go = "+run(string(n.Name()), string(m.Name()))+", OTP = "+run(otp[0].Name(), otp[1].Name())+
		", length(Go).")
	for _, line := range lines(t, asker.Eval(t,
		`lists:flatten([io_lib:format("~0P~n    Go:  ~0P~n    OTP: ~0P~n", [T, 99, G, 99, O, 99]) || {{T, G}, {_, O}} <- lists:zip(Go, OTP), G =/= O]).`)) {
		if line != "" {
			t.Error(line)
		}
	}
	require.Equal(t, "[]", asker.Eval(t, "[T || {T, R} <- OTP, not is_tuple(R) orelse element(1, R) =/= did]."))
	t.Log(asker.Eval(t, "length(OTP)."), "cases with OTP", asker.Release())
}
