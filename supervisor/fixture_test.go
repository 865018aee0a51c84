package supervisor_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// puppet is testdata/puppet.erl in Go.
type puppet struct{}

func (puppet) ModuleName() etf.Atom { return "puppet" }

func (puppet) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.List] {
	list := args.(etf.List)
	var options etf.List
	if len(list) == 3 {
		options = list[2].(etf.List)
	}
	p.TrapExit(len(options) > 0)
	outcome, err := p.Call(context.Background(), list[0], etf.Tuple{etf.Atom("starting"), list[1], p.Self()})
	if err != nil {
		panic(err)
	}
	switch t := outcome.(type) {
	case etf.Atom:
		if t == "ignore" {
			return genserv.Ignore[etf.List]()
		}
	case etf.Tuple:
		switch t[0] {
		case etf.Atom("stop"):
			return genserv.StopInit[etf.List](t[1])
		case etf.Atom("error"):
			return genserv.Fail[etf.List](t[1])
		}
	}
	return genserv.Ok(options)
}

func (puppet) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, options etf.List) genserv.Result[etf.List] {
	return genserv.Reply(etf.Atom("ok"), options)
}

func (puppet) HandleCast(p *genserv.Process, request etf.Term, options etf.List) genserv.Result[etf.List] {
	t := request.(etf.Tuple)
	if t[0] == etf.Term(etf.Atom("unlink")) {
		p.Unlink(t[1].(etf.Pid))
		return genserv.NoReply(options)
	}
	return genserv.Stop(t[1], options)
}

func (puppet) HandleInfo(_ *genserv.Process, _ etf.Term, options etf.List) genserv.Result[etf.List] {
	return genserv.NoReply(options)
}

func (puppet) Terminate(p *genserv.Process, reason etf.Term, options etf.List) {
	if reason != etf.Term(genserv.Shutdown) || len(options) == 0 {
		return
	}
	if t, ok := options[0].(etf.Tuple); ok {
		panic(genserv.Exit{Reason: t[1]})
	}
	p.Receive(genserv.Infinity, func(etf.Term) bool { return false }) // deaf
}

// starts are the functions of puppet.erl that start one.
var starts = []supervisor.Start{
	supervisor.StartLink(genserv.Of(puppet{})),
	{Module: "puppet", Function: "start_info", Func: func(p *genserv.Process, args etf.List) (supervisor.Started, error) {
		pid, err := p.SpawnLink(genserv.Child{Module: genserv.Of(puppet{}), Args: args})
		return supervisor.Started{Pid: pid, Info: etf.Tuple{etf.Atom("info"), args[1]}}, err
	}},
	{Module: "puppet", Function: "start_error", Func: func(_ *genserv.Process, args etf.List) (supervisor.Started, error) {
		return supervisor.Started{}, &genserv.Exit{Reason: args[0]}
	}},
	{Module: "puppet", Function: "start_exit", Func: func(_ *genserv.Process, args etf.List) (supervisor.Started, error) {
		panic(genserv.Exit{Reason: args[0]})
	}},
	{Module: "puppet", Function: "start_crash", Func: func(_ *genserv.Process, args etf.List) (supervisor.Started, error) {
		panic(args[0])
	}},
}

// scripted is testdata/scripted_sup.erl in Go: its Init returns what the director says.
type scripted struct{ n *node.Node }

func (scripted) ModuleName() etf.Atom { return "scripted_sup" }

func (s scripted) Init(director etf.Term) (flags supervisor.Flags, specs []supervisor.ChildSpec, err error) {
	value, err := s.n.Call(context.Background(), director, etf.Atom("init"))
	if err != nil {
		panic(err)
	}
	t, ok := value.(etf.Tuple)
	switch {
	case !ok && etf.IsAtom(value, "ignore"):
		return flags, nil, genserv.ErrIgnore
	case etf.IsAtom(t[0], "error"):
		return flags, nil, &genserv.Exit{Reason: t[1]}
	}
	t = t[1].(etf.Tuple)
	for _, spec := range t[1].(etf.List) {
		specs = append(specs, childSpec(spec.(etf.Map)))
	}
	return supFlags(t[0].(etf.Map)), specs, nil
}

func supFlags(m etf.Map) (f supervisor.Flags) {
	for _, pair := range m {
		switch pair.Key.(etf.Atom) {
		case "strategy":
			f.Strategy = supervisor.Strategy(pair.Value.(etf.Atom))
		case "intensity":
			if f.Intensity = int(pair.Value.(etf.Int)); f.Intensity == 0 {
				f.Intensity = supervisor.NoRestarts
			}
		case "period":
			f.Period = time.Duration(pair.Value.(etf.Int)) * time.Second
		case "auto_shutdown":
			f.AutoShutdown = supervisor.AutoShutdown(pair.Value.(etf.Atom))
		}
	}
	return f
}

func childSpec(m etf.Map) (c supervisor.ChildSpec) {
	for _, pair := range m {
		switch pair.Key.(etf.Atom) {
		case "id":
			c.ID = pair.Value
		case "start":
			mfa := pair.Value.(etf.Tuple)
			for _, start := range starts {
				if start.Module == mfa[0].(etf.Atom) && start.Function == mfa[1].(etf.Atom) {
					c.Start = start
				}
			}
			c.Start.Args = mfa[2].(etf.List)
		case "restart":
			c.Restart = supervisor.Restart(pair.Value.(etf.Atom))
		case "significant":
			c.Significant = etf.IsAtom(pair.Value, "true")
		case "shutdown":
			switch v := pair.Value.(type) {
			case etf.Int:
				c.Shutdown = time.Duration(v) * time.Millisecond
			case etf.Atom:
				c.Shutdown = map[etf.Atom]time.Duration{"brutal_kill": supervisor.BrutalKill, "infinity": genserv.Infinity}[v]
			}
		case "type":
			c.Type = supervisor.Type(pair.Value.(etf.Atom))
		case "modules":
			c.Modules = []etf.Atom{}
			for _, m := range pair.Value.(etf.List) {
				c.Modules = append(c.Modules, m.(etf.Atom))
			}
		}
	}
	return c
}

// starter is testdata/starter.erl in Go: the parent of the supervisor.
type starter struct{ n *node.Node }

func (starter) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

func (s starter) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	st struct{}) genserv.Result[struct{}] {
	t := request.(etf.Tuple)
	if t[0] == etf.Term(etf.Atom("exit")) {
		p.Exit(t[1].(etf.Pid), t[2])
		return genserv.Reply(etf.Atom("true"), st)
	}
	module := supervisor.Of(scripted(s), starts...)
	pid, err := p.SpawnLink(genserv.Child{Name: t[1].(etf.Atom), Module: module, Args: t[2]})
	return genserv.Reply(startAnswer(pid, err), st)
}

func (starter) HandleInfo(_ *genserv.Process, _ etf.Term, st struct{}) genserv.Result[struct{}] {
	return genserv.NoReply(st)
}

// startAnswer is what start_link returns in Erlang.
func startAnswer(pid etf.Pid, err error) etf.Term {
	switch err := err.(type) {
	case nil:
		return etf.Tuple{etf.Atom("ok"), pid}
	case *genserv.Exit:
		return etf.Tuple{etf.Atom("error"), err.Reason}
	case *genserv.AlreadyStarted:
		return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("already_started"), err.Pid}}
	}
	return etf.Atom("ignore")
}

// reports is a log handler that tells the director of a scenario what a supervisor reports.
type reports struct {
	mu       sync.Mutex
	n        *node.Node
	director etf.Term
}

func (r *reports) tell(n *node.Node, director etf.Term) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n, r.director = n, director
}

func (*reports) Enabled(context.Context, slog.Level) bool { return true }
func (r *reports) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r *reports) WithGroup(string) slog.Handler          { return r }

func (r *reports) Handle(ctx context.Context, record slog.Record) error {
	r.mu.Lock()
	n, director := r.n, r.director
	r.mu.Unlock()
	var label etf.Tuple
	var report etf.List
	record.Attrs(func(a slog.Attr) bool {
		if t, ok := a.Value.Any().(genserv.LogTerm); ok && a.Key == "label" {
			label = t.Term.(etf.Tuple)
		} else if ok {
			report = append(report, etf.Tuple{etf.Atom(a.Key), t.Term})
		}
		return true
	})
	if n == nil || label == nil || !etf.IsAtom(label[0], "supervisor") {
		return nil
	}
	return n.Send(ctx, director, etf.Tuple{etf.Atom("report"), label[1], report})
}

// testNode starts a node that hosts starters, and a function that says whom it reports to.
func testNode(t *testing.T, cfg node.Config) (*node.Node, *reports) {
	t.Helper()
	r := &reports{}
	cfg.Name, cfg.Logger = "supervised", slog.New(r)
	n, err := node.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, n.Stop(ctx))
	})
	n.Export("paired", "starter", 0, func(ctx context.Context, _ etf.List) (etf.Term, error) {
		return n.Spawn(ctx, genserv.Child{Module: genserv.Of(starter{n})})
	})
	return n, r
}

// alone is a node that no other can find.
func alone(t *testing.T) (*node.Node, *reports) {
	return testNode(t, node.Config{NoListen: true, Cookie: "alone"})
}
