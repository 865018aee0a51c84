package supervisor_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// fixed is a supervisor with flags and child specs of its own.
type fixed struct {
	flags supervisor.Flags
	specs []supervisor.ChildSpec
}

func (fixed) ModuleName() etf.Atom { return "fixed" }

func (f fixed) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return f.flags, f.specs, nil
}

func tillSpec(id string) supervisor.ChildSpec {
	return supervisor.ChildSpec{ID: etf.Atom(id), Start: supervisor.StartLink(genserv.Of(till{}), etf.Int(1))}
}

// A start function that returns a *genserv.Failure has raised it, as a panic does and as a function of node.Export has.
func TestAStartFunctionFailsAlikeByAnErrorAndByAPanic(t *testing.T) {
	ctx := t.Context()
	n, _ := alone(t)
	var fails func() error
	f := supervisor.Start{Module: "m", Function: "f",
		Func: func(*genserv.Process, etf.List) (supervisor.Started, error) { return supervisor.Started{}, fails() }}
	sup, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{}, f)})
	require.NoError(t, err)
	start := func(do func() error) etf.Term {
		fails = do
		_, err := supervisor.StartChild(ctx, n, sup, supervisor.ChildSpec{ID: etf.Atom("a"), Start: f})
		var refused *supervisor.RequestError
		require.ErrorAs(t, err, &refused)
		return refused.Reason.(etf.Tuple)[0] // behind it is the child spec
	}
	stack := etf.List{etf.Tuple{etf.Atom("m"), etf.Atom("g"), etf.Int(0), etf.List{}}}
	failure := &genserv.Failure{Class: "error", Reason: etf.Atom("undef"), Stack: stack}
	raised := etf.Tuple{etf.Atom("EXIT"), etf.Tuple{etf.Atom("undef"), stack}}
	require.Equal(t, raised, start(func() error { return failure }))
	require.Equal(t, raised, start(func() error { return fmt.Errorf("start: %w", failure) }))
	exit := start(func() error { panic(&genserv.Exit{Reason: etf.Atom("oops")}) })
	require.Equal(t, etf.Tuple{etf.Atom("EXIT"), etf.Atom("oops")}, exit)
	require.Equal(t, exit, start(func() error { return &genserv.Failure{Class: "exit", Reason: etf.Atom("oops")} }))
	require.Equal(t, etf.Atom("badarg"), start(func() error { return fmt.Errorf("%w: no number", node.ErrBadArgument) }))
}

func TestChildrenAreManagedFromGo(t *testing.T) {
	ctx := t.Context()
	n, _ := alone(t)
	sup, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{specs: []supervisor.ChildSpec{tillSpec("a")}})})
	require.NoError(t, err)
	b, err := supervisor.StartChild(ctx, n, sup, tillSpec("b"))
	require.NoError(t, err)
	children, err := supervisor.WhichChildren(ctx, n, sup)
	require.NoError(t, err)
	require.Len(t, children, 2)
	require.Equal(t, supervisor.Child{ID: etf.Atom("b"), Pid: b, Type: supervisor.TypeWorker,
		Modules: []etf.Atom{"till"}}, children[0])

	refused := func(err error, request etf.Atom, reason etf.Term) {
		t.Helper()
		require.Equal(t, &supervisor.RequestError{Request: request, Reason: reason}, err)
	}
	_, err = supervisor.StartChild(ctx, n, sup, tillSpec("b"))
	refused(err, "start_child", etf.Tuple{etf.Atom("already_started"), b})
	refused(supervisor.DeleteChild(ctx, n, sup, etf.Atom("b")), "delete_child", etf.Atom("running"))
	require.NoError(t, supervisor.TerminateChild(ctx, n, sup, etf.Atom("b")))
	counts, err := supervisor.CountChildren(ctx, n, sup)
	require.NoError(t, err)
	require.Equal(t, supervisor.Counts{Specs: 2, Active: 1, Workers: 2}, counts)
	again, err := supervisor.RestartChild(ctx, n, sup, etf.Atom("b"))
	require.NoError(t, err)
	require.NotEqual(t, b, again)
	require.NoError(t, supervisor.TerminateChild(ctx, n, sup, etf.Atom("b")))
	require.NoError(t, supervisor.DeleteChild(ctx, n, sup, etf.Atom("b")))
	_, err = supervisor.RestartChild(ctx, n, sup, etf.Atom("b"))
	refused(err, "restart_child", etf.Atom("not_found"))
	require.EqualError(t, err, "supervisor: restart_child: not_found")
}

func TestDynamicChildrenAreManagedFromGo(t *testing.T) {
	ctx := t.Context()
	n, _ := alone(t)
	spec := tillSpec("till")
	spec.Start.Args = nil
	flags := supervisor.Flags{Strategy: supervisor.SimpleOneForOne}
	sup, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{flags, []supervisor.ChildSpec{spec}})})
	require.NoError(t, err)
	pid, err := supervisor.StartDynamic(ctx, n, sup, etf.Int(40))
	require.NoError(t, err)
	reply, err := n.Call(ctx, pid, etf.Int(2))
	require.NoError(t, err)
	require.Equal(t, etf.Int(42), reply)
	require.NoError(t, supervisor.TerminateChild(ctx, n, sup, pid))
	children, err := supervisor.WhichChildren(ctx, n, sup)
	require.NoError(t, err)
	require.Empty(t, children)
}

// which_child is a request of OTP 28; testdata is for what OTP 25 knows.
func TestOneChildIsShownByItself(t *testing.T) {
	ctx := t.Context()
	n, _ := alone(t)
	which := func(sup etf.Pid, id etf.Term) string {
		answer, err := n.Call(ctx, sup, etf.Tuple{etf.Atom("which_child"), id})
		require.NoError(t, err)
		return etf.Format(answer)
	}
	sup, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{specs: []supervisor.ChildSpec{tillSpec("a")}})})
	require.NoError(t, err)
	require.Regexp(t, `^{ok,{a,<[\d.]+>,worker,\[till\]}}$`, which(sup, etf.Atom("a")))
	require.Equal(t, "{error,not_found}", which(sup, etf.Atom("b")))
	flags := supervisor.Flags{Strategy: supervisor.SimpleOneForOne}
	simple, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{flags, []supervisor.ChildSpec{tillSpec("a")}})})
	require.NoError(t, err)
	pid, err := supervisor.StartDynamic(ctx, n, simple)
	require.NoError(t, err)
	require.Equal(t, "{ok,{undefined,"+etf.Format(pid)+",worker,[till]}}", which(simple, pid))
	require.Equal(t, "{error,not_found}", which(simple, sup))
	require.Equal(t, "{error,simple_one_for_one}", which(simple, etf.Atom("a")))
	require.NoError(t, supervisor.TerminateChild(ctx, n, simple, pid))
	require.Equal(t, "{error,not_found}", which(simple, pid))
}

func TestWhatIsNoSupervisorIsTold(t *testing.T) {
	ctx := t.Context()
	n, _ := alone(t)
	_, err := supervisor.WhichChildren(ctx, n, etf.Atom("nobody"))
	require.ErrorIs(t, err, genserv.ErrNoProc)
	_, err = n.Spawn(ctx, genserv.Child{Name: "parrot", Module: genserv.Of(parrot{})})
	require.NoError(t, err)
	var answer *supervisor.AnswerError
	_, err = supervisor.WhichChildren(ctx, n, etf.Atom("parrot"))
	require.ErrorAs(t, err, &answer)
	require.EqualError(t, err, "supervisor: parrot is no supervisor: it answered which_children")
	_, err = supervisor.CountChildren(ctx, n, etf.Atom("parrot"))
	require.ErrorAs(t, err, &answer)
	_, err = supervisor.StartChild(ctx, n, etf.Atom("parrot"), tillSpec("a"))
	require.ErrorAs(t, err, &answer)
}

// parrot answers what it is asked.
type parrot struct{}

func (parrot) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (parrot) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(request, n)
}

// TestManyDynamicChildrenEndAtOnce would take minutes if each end were looked for among all the others.
func TestManyDynamicChildrenEndAtOnce(t *testing.T) {
	const many = 5000
	ctx := t.Context()
	n, _ := alone(t)
	spec := tillSpec("till")
	flags := supervisor.Flags{Strategy: supervisor.SimpleOneForOne}
	spec.Start.Args = nil
	sup, err := n.Spawn(ctx, genserv.Child{Module: supervisor.Of(fixed{flags, []supervisor.ChildSpec{spec}})})
	require.NoError(t, err)
	for i := range many {
		_, err := supervisor.StartDynamic(ctx, n, sup, etf.Int(i))
		require.NoError(t, err)
	}
	counts, err := supervisor.CountChildren(ctx, n, sup)
	require.NoError(t, err)
	require.Equal(t, supervisor.Counts{Specs: 1, Active: many, Workers: many}, counts)
	_, err = n.Spawn(ctx, genserv.Child{Module: genserv.Of(inside(func(p *genserv.Process) {
		ref, _ := p.Monitor(sup)
		p.Send(sup, driver.SystemMessage(p.Self(), ref, etf.Tuple{etf.Atom("terminate"), genserv.Shutdown}))
		p.Receive(genserv.Infinity, func(msg etf.Term) bool { return len(msg.(etf.Tuple)) == 5 })
	}))})
	require.ErrorIs(t, err, genserv.ErrIgnore)
	_, err = supervisor.CountChildren(context.WithoutCancel(ctx), n, sup)
	require.ErrorIs(t, err, genserv.ErrNoProc)
}
