package erlang

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

var chaos = flag.Duration("chaos", soak.Size(2*time.Second, 20*time.Second),
	"how long processes of a tree are killed at random")

// chaosModule calls the servers of a tree from many processes while others end processes of it at random. Every call
// has to answer with the name of the server, or to exit with a reason that the server, its end or its absence can
// have.
const chaosModule = `
-module(chaos).
-export([run/3]).

run(Node, Names, Ms) ->
    Self = self(),
    End = erlang:monotonic_time(millisecond) + Ms,
    Callers = [spawn_monitor(fun() -> exit({done, call(Node, Names, End, #{})}) end) || _ <- lists:seq(1, 8)],
    Killers = [spawn_monitor(fun() -> exit({done, kill(Node, End, #{})}) end) || _ <- lists:seq(1, 2)],
    [Calls, Kills] = [lists:foldl(fun({P, R}, M) ->
        receive {'DOWN', R, process, P, {done, C}} -> merge(M, C); {'DOWN', R, process, P, Why} -> exit(Self, Why) end
      end, #{}, L) || L <- [Callers, Killers]],
    {maps:to_list(Calls), maps:to_list(Kills)}.

merge(M, C) -> maps:fold(fun(K, N, Acc) -> Acc#{K => N + maps:get(K, Acc, 0)} end, M, C).

count(Key, M) -> maps:update_with(Key, fun(N) -> N + 1 end, 1, M).

call(Node, Names, End, M) ->
    case erlang:monotonic_time(millisecond) < End of
        false -> M;
        true ->
            Name = lists:nth(rand:uniform(length(Names)), Names),
            Result = try gen_server:call({Name, Node}, who, 60000) of Name -> answer; Other -> {wrong, Name, Other}
                     catch exit:{Reason, {gen_server, call, _}} -> Reason end,
            call(Node, Names, End, count(Result, M))
    end.

kill(Node, End, M) ->
    case erlang:monotonic_time(millisecond) < End of
        false -> M;
        true ->
            Pids = lists:flatten(children({grove_sup, Node})),
            Pids =:= [] orelse exit(lists:nth(rand:uniform(length(Pids)), Pids), Reason = lists:nth(rand:uniform(4), [kill, kill, shutdown, oops])),
            case rand:uniform(10) of 1 -> catch supervisor:start_child({leaves, Node}, [list_to_atom("leaf" ++ integer_to_list(rand:uniform(20)))]); _ -> ok end,
            receive after rand:uniform(5) -> ok end,
            kill(Node, End, count(Pids =/= [], M))
    end.

%% The processes of a tree but for the one at its top.
children(Sup) ->
    try supervisor:which_children(Sup) of
        L -> [[P, case T of supervisor -> children(P); worker -> [] end] || {_, P, T, _} <- L, is_pid(P)]
    catch exit:_ -> [] end.
`

// leaf is a server that knows its name. Every second one traps exits.
type leaf struct{}

func (leaf) ModuleName() etf.Atom { return "leaf" }

func (leaf) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Term] {
	name := args.(etf.Atom)
	p.TrapExit(name[len(name)-1]%2 == 0)
	return genserv.Ok(args)
}

func (leaf) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, name etf.Term) genserv.Result[etf.Term] {
	return genserv.Reply(name, name)
}

// HandleInfo ends a leaf that traps exits when somebody asks for it, as OTP's own servers do it.
func (leaf) HandleInfo(_ *genserv.Process, msg etf.Term, name etf.Term) genserv.Result[etf.Term] {
	if t, ok := etf.AsTuple(msg, "EXIT", 3); ok {
		return genserv.Stop(t[2], name)
	}
	return genserv.NoReply(name)
}

// grove is a supervisor with flags and children of its own.
type grove struct {
	flags supervisor.Flags
	specs []supervisor.ChildSpec
}

func (grove) ModuleName() etf.Atom { return "grove" }

func (g grove) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return g.flags, g.specs, nil
}

// leafSpec is a leaf that has 20 ms to shut down.
func leafSpec(name etf.Atom) supervisor.ChildSpec {
	return supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(genserv.Of(leaf{}), name).As(name),
		Shutdown: 20 * time.Millisecond}
}

func startNamedLeaf(p *genserv.Process, args etf.List) (supervisor.Started, error) {
	pid, err := p.SpawnLink(genserv.Child{Name: args[0].(etf.Atom), Module: genserv.Of(leaf{}), Args: args[0]})
	return supervisor.Started{Pid: pid}, err
}

const frailIntensity, frailPeriod = 3, 1

// groveApp is a tree with a supervisor of each strategy. Only frail has to give up now and then.
func groveApp() node.App {
	sup := func(name etf.Atom, strategy supervisor.Strategy, intensity int,
		specs ...supervisor.ChildSpec) supervisor.ChildSpec {
		flags := supervisor.Flags{Strategy: strategy, Intensity: intensity, Period: frailPeriod * time.Second}
		return supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(supervisor.Of(grove{flags, specs})).As(name)}
	}
	top := []supervisor.ChildSpec{
		leafSpec("root"),
		sup("pair", supervisor.OneForAll, 1e6, leafSpec("pair1"), leafSpec("pair2"), leafSpec("pair3")),
		sup("line", supervisor.RestForOne, 1e6, leafSpec("line1"), leafSpec("line2"), leafSpec("line3")),
		sup("frail", supervisor.OneForOne, frailIntensity, leafSpec("frail1"), leafSpec("frail2")),
		sup("leaves", supervisor.SimpleOneForOne, 1e6, supervisor.ChildSpec{ID: etf.Atom("leaf"),
			Restart: supervisor.Transient,
			Start:   supervisor.Start{Module: "leaf", Function: "start_link", Func: startNamedLeaf}}),
	}
	flags := supervisor.Flags{Strategy: supervisor.OneForOne, Intensity: 1e6, Period: time.Second}
	return node.App{Name: "grove", Start: genserv.Child{Name: "grove_sup", Module: supervisor.Of(grove{flags, top})}}
}

// restarts is a log handler that keeps when the supervisor frail tried to restart something and when it gave up.
type restarts struct {
	mu     sync.Mutex
	tries  map[string][]time.Time // by the pid of the supervisor
	gaveUp map[string]time.Time
}

func (*restarts) Enabled(context.Context, slog.Level) bool { return true }
func (r *restarts) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "pid" {
			return &restartsOf{r, a.Value.String()}
		}
	}
	return r
}
func (r *restarts) WithGroup(string) slog.Handler           { return r }
func (*restarts) Handle(context.Context, slog.Record) error { return nil }

// restartsOf is restarts for one process.
type restartsOf struct {
	*restarts
	pid string
}

func (r *restartsOf) Handle(_ context.Context, record slog.Record) error {
	terms := map[string]string{}
	record.Attrs(func(a slog.Attr) bool {
		if t, ok := a.Value.Any().(genserv.LogTerm); ok {
			terms[a.Key] = etf.Format(t.Term)
		}
		return true
	})
	if terms["supervisor"] != "{local,frail}" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch terms["errorContext"] {
	case "child_terminated":
		r.tries[r.pid] = append(r.tries[r.pid], time.Now())
	case "shutdown":
		r.gaveUp[r.pid] = time.Now()
	}
	return nil
}

// check compares when frail gave up with its intensity, in whole seconds as OTP counts.
func (r *restarts) check(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid, tries := range r.tries {
		for i, at := range tries {
			within := 0
			for _, earlier := range tries[:i+1] {
				if at.Sub(earlier) < (frailPeriod-1)*time.Second+time.Millisecond {
					within++
				}
			}
			require.LessOrEqual(t, within, frailIntensity+1, "%s restarted too often", pid)
		}
		if end, ok := r.gaveUp[pid]; ok {
			within := 0
			for _, at := range tries {
				if end.Sub(at) < (frailPeriod+1)*time.Second+time.Second {
					within++
				}
			}
			require.Greater(t, within, frailIntensity, "%s gave up too early", pid)
		}
	}
	t.Logf("frail was started %d times and gave up %d times", len(r.tries), len(r.gaveUp))
}

func TestATreeThatIsKilledAtRandomAnswersOrExits(t *testing.T) {
	r := &restarts{tries: map[string][]time.Time{}, gaveUp: map[string]time.Time{}}
	cfg := config(t)
	cfg.Logger = slog.New(r)
	n := start(t, cfg)
	require.NoError(t, n.Applications().Start(t.Context(), groveApp()))
	e := beam.StartErl(t, beam.WithTimeout(*chaos+2*time.Minute))
	e.Compile(t, "chaos", chaosModule)
	names := "[root,pair1,pair2,pair3,line1,line2,line3,frail1,frail2,nobody,leaf1,leaf2]"
	result, err := etf.Parse(e.Eval(t, fmt.Sprintf("chaos:run('%s', %s, %d)", n.Name(), names, chaos.Milliseconds())))
	require.NoError(t, err)
	t.Logf("calls and kills: %s", etf.Format(result))
	right := map[string]bool{"answer": true, "noproc": true, "killed": true, "shutdown": true, "oops": true}
	answers := 0
	for _, c := range result.(etf.Tuple)[0].(etf.List) {
		outcome := etf.Format(c.(etf.Tuple)[0])
		require.True(t, right[outcome], "a call ended with %s", outcome)
		if outcome == "answer" {
			answers = int(c.(etf.Tuple)[1].(etf.Int))
		}
	}
	require.Greater(t, answers, 100)
	r.check(t)
	checkGrove(t, n, e)
}

// checkGrove sees that the tree is whole and that nothing else is there: no process and no name is left of those that
// have been killed.
func checkGrove(t *testing.T, n *node.Node, e *beam.Node) {
	t.Helper()
	ctx := t.Context()
	var leaves int
	require.Eventually(t, func() bool {
		counts, err := supervisor.CountChildren(ctx, n, etf.Atom("grove_sup"))
		all, err2 := supervisor.CountChildren(ctx, n, etf.Atom("leaves"))
		leaves = all.Workers
		frail, err3 := supervisor.CountChildren(ctx, n, etf.Atom("frail"))
		return err == nil && err2 == nil && err3 == nil && counts.Active == 5 && frail.Active == 2 &&
			all.Active == all.Workers
	}, time.Minute, 10*time.Millisecond)
	list, err := n.SupervisedProcesses(ctx)
	require.NoError(t, err)
	require.Len(t, list, 1+5+8+leaves)
	// Besides them there are the master of the application and the processes that every node has.
	alive := func() string {
		return e.Eval(t, fmt.Sprintf("{length(rpc:call('%[1]s', erlang, processes, [])),length(rpc:call('%[1]s', erlang, "+
			"registered, []))}", n.Name()))
	}
	const services = 4
	require.Equal(t, fmt.Sprintf("{%d,%d}", len(list)+1+services, len(list)+services), alive())
	require.NoError(t, n.Applications().Stop(ctx, "grove"))
	require.Equal(t, fmt.Sprintf("{%d,%d}", services, services), alive())
}
