package node

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/supervisor"
)

// diary notes the order in which servers begin and end.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) take() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return strings.Join(lines, " ")
}

// scribe is a server that notes its beginning and its end in the diary. Its argument is its name.
type scribe struct{ d *diary }

func (scribe) ModuleName() etf.Atom { return "scribe" }

func (s scribe) Init(p *genserv.Process, args etf.Term) genserv.InitResult[etf.Atom] {
	name := args.(etf.Atom)
	if name == "bad" {
		return genserv.StopInit[etf.Atom](etf.Atom("no_luck"))
	}
	p.TrapExit(true)
	s.d.note("+" + string(name))
	return genserv.Ok(name)
}

// HandleCall starts another scribe without a link when the request is helper.
func (s scribe) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From,
	name etf.Atom) genserv.Result[etf.Atom] {
	if etf.IsAtom(request, "helper") {
		pid, _ := p.Spawn(genserv.Child{Module: genserv.Of(s), Args: etf.Atom("helper")})
		return genserv.Reply(etf.Term(pid), name)
	}
	return genserv.Stop(request, name)
}

func (scribe) HandleInfo(_ *genserv.Process, _ etf.Term, name etf.Atom) genserv.Result[etf.Atom] {
	return genserv.NoReply(name)
}

func (s scribe) Terminate(_ *genserv.Process, _ etf.Term, name etf.Atom) {
	s.d.note("-" + string(name))
}

// office is a supervisor of scribes. Its arguments are their names; a list among them is a supervisor below it.
type office struct{ d *diary }

func (office) ModuleName() etf.Atom { return "office" }

func (o office) Init(args etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	for _, t := range args.(etf.List) {
		if inner, ok := t.(etf.List); ok {
			specs = append(specs, supervisor.ChildSpec{ID: etf.Atom("inner"),
				Start: supervisor.StartLink(supervisor.Of(o), inner)})
			continue
		}
		specs = append(specs, supervisor.ChildSpec{ID: t, Start: supervisor.StartLink(genserv.Of(scribe(o)),
			t).As(t.(etf.Atom))})
	}
	return supervisor.Flags{Intensity: 2}, specs, nil
}

func app(name etf.Atom, d *diary, children ...etf.Term) App {
	return App{Name: name, Vsn: "1", Applications: []etf.Atom{"kernel", "stdlib"}, Modules: []etf.Atom{"office"},
		Start: genserv.Child{Name: name + "_sup", Module: supervisor.Of(office{d}), Args: append(etf.List{}, children...)},
		Stop:  func() { d.note("stopped:" + string(name)) }}
}

func names(t *testing.T, n *Node) []etf.Atom {
	t.Helper()
	infos, err := n.Applications().List(t.Context())
	require.NoError(t, err)
	var names []etf.Atom
	for _, info := range infos {
		names = append(names, info.Name)
	}
	return names
}

func TestApplicationsStartAndEndInOrder(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	require.NoError(t, n.Applications().Start(ctx, app("one", d, etf.Atom("a"), etf.Atom("b"))))
	two := app("two", d, etf.Atom("c"), etf.List{etf.Atom("d"), etf.Atom("e")}, etf.Atom("f"))
	two.Applications = append(two.Applications, "one")
	require.NoError(t, n.Applications().Start(ctx, two))
	require.Equal(t, []etf.Atom{"two", "one", "sasl", "stdlib", "kernel"}, names(t, n))
	require.Equal(t, "+a +b +c +d +e +f", d.take())
	require.NoError(t, n.Applications().Stop(ctx, "one"), "OTP does not look who needs it")
	require.Equal(t, "-b -a stopped:one", d.take())
	require.NoError(t, n.Applications().Start(ctx, app("one", d)), "the loaded one counts")
	require.Equal(t, []etf.Atom{"one", "two", "sasl", "stdlib", "kernel"}, names(t, n))
	require.Equal(t, "+a +b", d.take())
	require.NoError(t, n.Stop(ctx))
	require.Equal(t, "-b -a stopped:one -f -e -d -c stopped:two", d.take())
}

func TestAnApplicationRefusesWhatMakesNoSense(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	refused := func(err error, reason string) {
		t.Helper()
		var e *ApplicationError
		require.ErrorAs(t, err, &e)
		require.Equal(t, reason, etf.Format(e.Reason))
	}
	one := app("one", d, etf.Atom("a"))
	one.Applications = []etf.Atom{"zero"}
	require.NoError(t, n.Applications().Load(one))
	refused(n.Applications().Load(one), "{already_loaded,one}")
	refused(n.Applications().Start(ctx, one), "{not_started,zero}")
	refused(n.Applications().Stop(ctx, "one"), "{not_started,one}")
	refused(n.Applications().Unload(ctx, "two"), "{not_loaded,two}")
	refused(n.Applications().Change(App{Name: "two"}), "{not_loaded,two}")
	require.NoError(t, n.Applications().Start(ctx, App{Name: "zero"}), "a library")
	require.NoError(t, n.Applications().Start(ctx, one))
	refused(n.Applications().Start(ctx, one), "{already_started,one}")
	refused(n.Applications().Unload(ctx, "one"), "{running,one}")
	refused(n.Applications().Start(ctx, app("bad", d, etf.Atom("b"), etf.Atom("bad"))),
		"{{shutdown,{failed_to_start_child,bad,no_luck}},{office,start,[normal,[b,bad]]}}")
	refused(n.Applications().Start(ctx, app("taken", d, etf.Atom("a"))),
		"{{shutdown,{failed_to_start_child,a,{already_started,"+etf.Format(n.registry.byName("a").pid)+
			"}}},{office,start,[normal,[a]]}}")
	require.Equal(t, "+a +b -b", d.take())
}

func TestSeveralWhoStartAnApplicationWaitForTheSameStart(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	require.NoError(t, n.Applications().Load(app("one", d, etf.Atom("a"))))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if err := n.Applications().Start(ctx, app("one", d)); err != nil {
				require.EqualError(t, err, "node: application: {already_started,one}")
			}
		})
	}
	wg.Wait()
	require.Equal(t, "+a", d.take())
}

func TestTheEndOfAnApplicationIsLoggedAndNoMore(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	require.NoError(t, n.Applications().Start(ctx, app("one", d, etf.Atom("a"))))
	sup := n.registry.byName("one_sup")
	n.exitSignal(n.self, sup.pid, kill, nil)
	require.Eventually(t, func() bool { return len(names(t, n)) == 3 }, time.Minute, time.Millisecond)
	require.Contains(t, d.take(), "stopped:one")
	require.Nil(t, n.registry.byName("a"))
	require.NoError(t, n.Applications().Start(ctx, app("one", d)), "it may start again")
	require.Equal(t, []etf.Atom{"one", "sasl", "stdlib", "kernel"}, names(t, n))
}

func TestTheNodeStopsWithAPermanentApplication(t *testing.T) {
	n, d := testNode(t, Config{}), &diary{}
	one := app("one", d, etf.Atom("a"))
	one.Type = AppPermanent
	require.NoError(t, n.Applications().Start(t.Context(), one))
	require.NoError(t, n.Applications().Start(t.Context(), app("two", d, etf.Atom("b"))))
	d.take()
	for range 3 { // one more than the intensity
		_, err := n.Call(t.Context(), etf.Atom("a"), etf.Atom("oops"))
		require.Error(t, err)
		_, err = supervisor.CountChildren(context.WithoutCancel(t.Context()), n, etf.Atom("one_sup"))
		_ = err // the last call fails, because the server has ended
	}
	<-n.Done()
	require.Equal(t, "-a +a -a +a -a stopped:one -b stopped:two", d.take())
}

func TestAnApplicationTakesWhatItHasStartedWithIt(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	require.NoError(t, n.Applications().Start(ctx, app("one", d, etf.Atom("a"))))
	helper, err := n.Call(ctx, etf.Atom("a"), etf.Atom("helper"))
	require.NoError(t, err)
	p := n.registry.byPid(helper.(etf.Pid))
	require.Equal(t, etf.Atom("one"), p.app)
	require.NoError(t, n.Applications().Stop(ctx, "one"))
	<-p.done()
	require.Equal(t, "+a +helper -a stopped:one", d.take(), "killed without a word")
}

func TestConfigurationSetAtRunTimeOutlivesAChange(t *testing.T) {
	n, d := testNode(t, Config{}), &diary{}
	one := app("one", d, etf.Atom("a"))
	one.Env = map[etf.Atom]etf.Term{"x": etf.Int(1), "y": etf.Int(1), "z": etf.Int(1)}
	require.NoError(t, n.Applications().Start(t.Context(), one))
	env := func(key etf.Atom) etf.Term { value, _ := n.Applications().Env("one", key); return value }
	n.Applications().SetEnv("one", "x", etf.Int(7))
	n.Applications().UnsetEnv("one", "y")
	one.Vsn, one.Env = "2", map[etf.Atom]etf.Term{"x": etf.Int(2), "y": etf.Int(2), "z": etf.Int(2)}
	require.NoError(t, n.Applications().Change(one))
	require.Equal(t, []etf.Term{etf.Int(7), nil, etf.Int(2)}, []etf.Term{env("x"), env("y"), env("z")})
	infos, err := n.Applications().List(t.Context())
	require.NoError(t, err)
	require.Equal(t, AppInfo{Name: "one", Vsn: "2"}, infos[0])
	require.Equal(t, "+a", d.take(), "nobody noticed")
}

func TestTheTreesAreWalkedInTheOrderOfTheReleaseHandler(t *testing.T) {
	n, d, ctx := testNode(t, Config{}), &diary{}, t.Context()
	require.NoError(t, n.Applications().Start(ctx, app("one", d, etf.Atom("a"))))
	require.NoError(t, n.Applications().Start(ctx, app("two", d, etf.Atom("b"), etf.List{etf.Atom("c"), etf.Atom("e")},
		etf.Atom("f"))))
	all, err := n.SupervisedProcesses(ctx)
	require.NoError(t, err)
	var walked []string
	for _, p := range all {
		walked = append(walked, string(p.Application)+":"+etf.Format(p.ID)+etf.Format(etf.Atoms(p.Modules...)))
		if p.Supervisor != (etf.Pid{}) {
			require.NotNil(t, n.registry.byPid(p.Supervisor))
		}
	}
	require.Equal(t, "one:a[scribe] one:undefined[office] two:f[scribe] two:inner[office] two:b[scribe] two:e[scribe] "+
		"two:c[scribe] two:undefined[office]",
		strings.Join(walked, " "))

	sup := n.registry.byName("two_sup")
	sup.runBetweenMessages(func(l *genserv.Loop) { l.Suspend() })
	_, err = n.SupervisedProcesses(ctx)
	var suspended *SuspendedSupervisorError
	require.ErrorAs(t, err, &suspended)
	require.Equal(t, sup.pid, suspended.Pid)
	sup.runBetweenMessages(func(l *genserv.Loop) { l.Resume() })
}

func TestAStartThatHangsIsGivenUpWhenTheNodeStops(t *testing.T) {
	n := testNode(t, Config{Logger: slog.New(slog.DiscardHandler)})
	s := stubborn{make(chan struct{}), make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		done <- n.Applications().Start(context.WithoutCancel(t.Context()),
			App{Name: "slow", Start: genserv.Child{Module: genserv.Of(s)}})
	}()
	<-s.inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = n.Stop(ctx)
	require.Error(t, <-done)
	close(s.release)
	<-n.Done()
}

func TestTheControllerOutlivesRequestsThatMakeNoSense(t *testing.T) {
	n := testNode(t, Config{})
	pid := n.registry.byName(application.ControllerName).pid
	for _, request := range []string{
		"hello", "{}", "{1}", "[]", "7", "{start_application}", "{start_application,a}", "{start_application,7,temporary}",
		"{start_application,kernel,7}", "{stop_application,7}", "{stop_application,a,b}",
		"{load_application,{application,a,[]}}",
		"{unload_application,<<1>>}", "{set_env}", "{set_env,1,2,3,4}", "{set_env,a,1,x,[]}", "{set_env,[{a,b}],[]}",
		"{set_env,[{a,[{1,2}]}],[]}",
		"{set_env,hello,[]}", "{set_env,[hello],[]}", "{set_env,[{a,[hello]}],[]}", "{unset_env,a,1,[]}", "{unset_env,a}",
		"{is_running,1.5}",
		"{application_started,a,b}",
	} {
		term, err := etf.Parse(request)
		require.NoError(t, err)
		require.NoError(t, n.Cast(t.Context(), pid, term))
		answer, err := n.Call(t.Context(), pid, term)
		require.NoError(t, err, request)
		if request != "{is_running,1.5}" {
			require.True(t, strings.HasPrefix(etf.Format(answer), "{error,"), "%s: %s", request, etf.Format(answer))
		}
	}
	require.NoError(t, n.Cast(t.Context(), pid, etf.Tuple{etf.Atom("application_started"), etf.Atom("kernel"),
		etf.Int(1)}))
	require.Equal(t, []etf.Atom{"sasl", "stdlib", "kernel"}, names(t, n))
}

func TestApplicationsAreStartedWithThoseThatTheyNeed(t *testing.T) {
	n, d := testNode(t, Config{}), &diary{}
	load := func(name etf.Atom, needs ...etf.Atom) {
		a := app(name, d, name+"1")
		a.Applications = needs
		require.NoError(t, n.Applications().Load(a))
	}
	load("a")
	load("b", "a")
	load("c", "a")
	load("d", "b", "nosuch")
	load("e", "f")
	load("f", "e")
	all := func(arg etf.Term) string {
		answer, failure := n.functions.Apply(t.Context(), "application", "ensure_all_started", etf.List{arg})
		require.Nil(t, failure)
		return etf.Format(answer)
	}
	require.Equal(t, "{ok,[a,b,c]}", all(etf.Atoms("b", "c", "a")))
	require.Equal(t, "+a1 +b1 +c1", d.take())
	require.Equal(t, "{ok,[]}", all(etf.Atom("c")))
	require.NoError(t, n.Applications().Stop(t.Context(), "b"))
	d.take()
	require.Equal(t, `{error,{nosuch,{"no such file or directory","nosuch.app"}}}`, all(etf.Atom("d")))
	require.Equal(t, "+b1 -b1 stopped:b", d.take(), "what was started for it is stopped again")
	require.Equal(t, "{error,{e,circular_dependency}}", all(etf.Atom("e")), "OTP does not come back from this one")
}

func TestAnApplicationThatNeedsSaslStarts(t *testing.T) {
	n := testNode(t, Config{})
	one := app("one", &diary{})
	one.Applications = append(one.Applications, "sasl")
	require.NoError(t, n.Applications().Start(t.Context(), one))
}

func TestAnApplicationWithoutANameThatIsAnAtomIsRefused(t *testing.T) {
	n := testNode(t, Config{})
	for _, name := range []etf.Atom{"", "\xff"} {
		require.ErrorContains(t, n.Applications().Start(t.Context(), App{Name: name}), "bad_application")
		require.ErrorContains(t, n.Applications().Load(App{Name: name}), "bad_application")
		if name != "" {
			_, err := n.Spawn(t.Context(), genserv.Child{Name: name, Module: genserv.Of(adder{})})
			require.ErrorIs(t, err, ErrBadArgument)
		}
	}
	require.NoError(t, n.Err())
}
