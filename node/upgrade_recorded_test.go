package node

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// The files testdata/upgrade/Case.otpNN.txt record what processes of real nodes received when
// release_handler:upgrade_app/2 and downgrade_app/3 upgraded them by demo.appup. This is the same application in Go.
// Its servers stand for the behaviours, and the test notes what their code changes get in the words of the files.
type (
	playState struct{ term etf.Term }
	play1     struct{ play }
	play2     struct{ play }
	play      struct {
		module etf.Atom
		*stage
	}
	playSup struct {
		vsn int
		*stage
	}
	stage struct {
		mu        sync.Mutex
		callbacks []string
		steps     []string
		names     map[etf.Pid]string
		fails     string
		free      chan struct{} // closed when the servers that hang or hold go on
		held      chan struct{} // gets a value when a server holds
	}
)

func (p play) ModuleName() etf.Atom  { return p.module }
func (playSup) ModuleName() etf.Atom { return "demo_sup" }
func (s playSup) worker(name, module etf.Atom) supervisor.ChildSpec {
	return supervisor.ChildSpec{ID: name, Start: supervisor.StartLink(genserv.Of(play1{play{module, s.stage}}),
		name).As(name)}
}

func (s playSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	specs := []supervisor.ChildSpec{s.worker("srv_a", "demo_srv"), s.worker("srv_b", "demo_srv"),
		s.worker("fsm", "demo_fsm")}
	if s.vsn == 2 {
		specs = append(specs, s.worker("w1", "demo_new"))
	}
	return supervisor.Flags{}, append(specs, s.worker("ev", "demo_eh"), s.worker("sp", "demo_sp")), nil
}

func term(text string) etf.Term {
	t, err := etf.Parse(text)
	if err != nil {
		panic(err)
	}
	return t
}

func (p play) begin(args etf.Term) genserv.InitResult[playState] {
	state := map[etf.Atom]string{"demo_srv": "{v1," + etf.Format(args) + ",0}", "demo_fsm": "{idle,d1}", "demo_eh": "h1",
		"demo_sp": "s1", "demo_new": "n"}
	return genserv.Ok(playState{term(state[p.module])})
}

func (p play1) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[playState] {
	return p.begin(args)
}
func (p play2) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[playState] {
	return p.begin(args)
}

func (play) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s playState) genserv.Result[playState] {
	return genserv.Reply(s.term, s)
}

// HandleCast holds the server.
func (p play) HandleCast(_ *genserv.Process, _ etf.Term, s playState) genserv.Result[playState] {
	p.held <- struct{}{}
	<-p.free
	return genserv.NoReply(s)
}

// CodeChange is code_change of src2 in the recording.
func (p play2) CodeChange(vsn etf.Term, old any, extra etf.Term) (playState, error) {
	s := old.(playState)
	return p.changed(vsn, s, extra)
}

func (p play2) Downgrade(vsn etf.Term, s playState, extra etf.Term) (any, error) {
	return p.changed(etf.Tuple{etf.Atom("down"), vsn}, s, extra)
}

func (p play2) changed(vsn etf.Term, s playState, extra etf.Term) (playState, error) {
	name := "?"
	told := etf.Tuple{etf.Atom("code_change_in_new_code"), nil, vsn, s.term, extra}
	next := s
	switch p.module {
	case "demo_srv":
		name = string(s.term.(etf.Tuple)[1].(etf.Atom))
		told[1] = etf.Atom(name)
		next = playState{term("{v2," + name + ",0,lib2}")}
		if len(s.term.(etf.Tuple)) == 4 {
			next = playState{term("{v1," + name + ",0}")}
		}
	case "demo_fsm":
		name, told = "fsm", etf.Tuple{etf.Atom("fsm_new_code"), vsn, etf.Atom("idle"), etf.Atom("d1"), extra}
	case "demo_eh":
		name, told = "ev", etf.Tuple{etf.Atom("eh_new_code"), vsn, s.term, extra}
	case "demo_sp":
		name, told = "sp", etf.Tuple{etf.Atom("sp_new_code"), p.module, vsn, extra}
	}
	p.mu.Lock()
	p.callbacks = append(p.callbacks, name+": "+etf.Format(told))
	p.mu.Unlock()
	if name != "srv_b" {
		return next, nil
	}
	switch p.fails {
	case "error":
		return next, &genserv.Exit{Reason: etf.Atom("nope")}
	case "crash":
		panic(etf.Atom("boom"))
	case "hang":
		<-p.free
	}
	return next, nil
}

// startStage starts a node with the application in version 1 and version 2 beside it.
func startStage(t *testing.T, fails string) (*stage, *Node) {
	t.Helper()
	s := &stage{fails: fails, names: map[etf.Pid]string{}, free: make(chan struct{}), held: make(chan struct{}, 1)}
	app := func(vsn string, sup int, code func(etf.Atom) genserv.Module,
		more ...*codechange.Module) codechange.Application {
		return codechange.Application{Name: "demo", Vsn: vsn, Modules: append(more,
			&codechange.Module{Vsn: "srv" + vsn, Code: code("demo_srv")},
			&codechange.Module{Name: "demo_lib", Vsn: "lib" + vsn}, &codechange.Module{Code: code("demo_fsm")},
			&codechange.Module{Code: code("demo_eh")},
			&codechange.Module{Code: code("demo_sp")}, &codechange.Module{Vsn: "sup" + vsn,
				Code: supervisor.Of(playSup{sup, s})})}
	}
	second := func(m etf.Atom) genserv.Module { return genserv.Of(play2{play{m, s}}) }
	versions, err := codechange.NewVersions(
		app("1", 1, func(m etf.Atom) genserv.Module { return genserv.Of(play1{play{m, s}}) }),
		app("2", 2, second, &codechange.Module{Code: second("demo_new")}))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: "1"}}))
	root := t.TempDir()
	for vsn, more := range map[string]string{"1": "", "2": "demo_new,"} {
		dir := filepath.Join(root, "lib/demo-"+vsn+"/ebin")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "demo.app"),
			[]byte(`{application,demo,[{description,"d"},{vsn,"`+vsn+
				`"},{modules,[`+more+`demo_srv,demo_lib,demo_fsm,demo_eh,demo_sp,demo_sup]},{registered,[]},{applications,[kernel,stdlib]}]}.`), 0o644))
	}
	appup, err := os.ReadFile("testdata/upgrade/demo.appup")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(root, "lib/demo-2/ebin/demo.appup"), appup, 0o644))
	n := testNode(t, Config{Upgrade: &Upgrade{Versions: versions, Root: root, Name: "rel", Vsn: "1"}})
	require.NoError(t, n.Applications().Start(t.Context(), App{Name: "demo", Vsn: "1",
		Start: genserv.Child{Name: "demo_sup", Module: supervisor.Of(playSup{1, s})}}))
	for _, name := range []etf.Atom{"demo_sup", "srv_a", "srv_b", "fsm", "ev", "sp"} {
		s.names[n.registry.byName(name).pid] = string(name)
	}
	return s, n
}

// trace notes the system messages of OTP that correspond to a step, in the form of the files.
func (s *stage) trace(e codechange.TraceEvent) {
	if e.Request == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, s.names[e.Pid]+" <- "+etf.Format(e.Request))
}

// take returns what has been noted. Values that differ from build to build are replaced by names.
func (s *stage) take() (steps, callbacks []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	steps, callbacks = stable(s.steps), stable(s.callbacks)
	s.steps, s.callbacks = nil, nil
	return steps, callbacks
}

var (
	build    = regexp.MustCompile(`\d{20,}`) // the version of a module without -vsn
	pause    = regexp.MustCompile(`  \(\d+ us\)$`)
	crashed  = regexp.MustCompile(`\{boom,\[.*\]\}`)
	received = regexp.MustCompile(`^  (\w+) +<- \{system,\{caller,\[alias\|ref\]\},(suspend|resume|\{change_code,.*\})\}$`)
)

func stable(lines []string) []string {
	out := slices.Clone(lines)
	for i := range out {
		out[i] = crashed.ReplaceAllString(build.ReplaceAllString(out[i], "BUILD"), "{boom,stack}")
	}
	return out
}

// recording is one upgrade or downgrade in a file.
type recording struct {
	steps, callbacks []string
	result, get      string
}

func readRecordings(t *testing.T, file string) (all []*recording) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	r := &recording{}
	for _, line := range stable(strings.Split(string(text), "\n")) {
		m := received.FindStringSubmatch(line)
		callback, isCallback := strings.CutPrefix(line, "     ")
		_, result, isResult := strings.Cut(line, "grade_app => ")
		switch {
		case m != nil:
			r.steps = append(r.steps, m[1]+" <- "+m[2])
		case isCallback:
			r.callbacks = append(r.callbacks, callback)
		case isResult:
			r.result = pause.ReplaceAllString(result, "")
			all = append(all, r)
		case strings.HasPrefix(line, "  call get: "):
			if len(all) > 0 && all[len(all)-1] == r {
				r.get = strings.TrimPrefix(line, "  call get: ")
				r = &recording{}
			}
		}
	}
	return all
}

// inGroups sorts the steps of servers that get the same message at the same time. They get it all at once here, and
// one by one in OTP.
func inGroups(steps []string) []string {
	out := slices.Clone(steps)
	word := func(s string) string { return s[strings.LastIndex(s, " ")+1:] }
	for begin := 0; begin < len(out); {
		end := begin + 1
		for end < len(out) && word(out[end]) == word(out[begin]) && !strings.Contains(out[begin], "change_code") {
			end++
		}
		slices.Sort(out[begin:end])
		begin = end
	}
	return out
}

// of returns the steps of one server.
func of(name string, steps []string) (own []string) {
	for _, s := range steps {
		if strings.HasPrefix(s, name+" ") {
			own = append(own, s)
		}
	}
	return own
}

func recorded(t *testing.T, name string) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/upgrade/" + name + ".otp*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// result is what upgrade_app returns.
func (s *stage) result(report *codechange.Report, err error) string {
	if err == nil {
		list := etf.List{}
		for _, u := range report.Unpurged {
			list = append(list, etf.Tuple{u.Module, u.Purge})
		}
		return "{ok," + etf.Format(list) + "}"
	}
	failed, _ := err.(*codechange.Error)
	text := etf.Format(failed.Term())
	for pid, name := range s.names {
		text = strings.ReplaceAll(text, etf.Format(pid), name)
	}
	return stable([]string{text})[0]
}

// Up and down, every server gets what it got on the real nodes, in the same order, and so does its code change.
func TestAnUpgradeGoesAsItWasRecorded(t *testing.T) {
	for _, file := range recorded(t, "none") {
		for _, resume := range []codechange.ResumePolicy{codechange.ResumeInPlace, codechange.ResumeLate} {
			s, n := startStage(t, "")
			o := codechange.Options{Trace: s.trace, Resume: resume}
			ways := readRecordings(t, file)
			require.Len(t, ways, 2)
			for i, want := range ways {
				var report *codechange.Report
				var err error
				if i == 0 {
					report, err = n.releases.UpgradeApp(t.Context(), "demo", "lib/demo-2", o)
				} else {
					report, err = n.releases.DowngradeApp(t.Context(), "demo", "1", "lib/demo-1", o)
				}
				require.Equal(t, want.result, s.result(report, err), file)
				steps, callbacks := s.take()
				require.Len(t, want.steps, 18)
				require.Equal(t, want.callbacks, callbacks, file)
				if resume == codechange.ResumeInPlace {
					require.Equal(t, inGroups(want.steps), inGroups(steps), file)
				}
				for _, name := range s.names {
					require.Equal(t, of(name, want.steps), of(name, steps), file)
				}
				require.Equal(t, want.get, "[{srv_a,"+ask(t, n, "srv_a", etf.Atom("get"))+"}]")
			}
			require.Nil(t, n.registry.byName("w1"))
		}
	}
}

// A code change fails. Up to that point everything is as recorded, and the result is the same. Afterwards the servers
// here have their old state and go on, which those of the real nodes did not.
func TestAnUpgradeThatFailsGoesAsItWasRecorded(t *testing.T) {
	for _, fails := range []string{"error", "crash", "hang"} {
		for _, file := range recorded(t, fails) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				s, n := startStage(t, fails)
				want := readRecordings(t, file)[0]
				report, err := n.releases.UpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{Trace: s.trace})
				close(s.free)
				require.Equal(t, want.result, s.result(report, err))
				require.Equal(t, "{v1,srv_a,0}", ask(t, n, "srv_a", etf.Atom("get")))
				require.Equal(t, "{v1,srv_b,0}", ask(t, n, "srv_b", etf.Atom("get")))
				steps, callbacks := s.take()
				require.Equal(t, want.callbacks, callbacks)
				for _, name := range s.names {
					own := of(name, want.steps)
					if name == "srv_a" {
						own = append(own, "srv_a <- resume")
					}
					require.Equal(t, own, of(name, steps)[:len(own)], name)
				}
				require.Equal(t, "[{srv_a,no_reply}]", want.get)
			})
		}
	}
}

// A busy server is skipped. The others get what they got on the real nodes. Here the busy one keeps its old code.
func TestAnUpgradePastABusyServerGoesAsItWasRecorded(t *testing.T) {
	for _, file := range recorded(t, "busy") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s, n := startStage(t, "")
			want := readRecordings(t, file)[0]
			require.NoError(t, n.Cast(t.Context(), etf.Atom("srv_b"), etf.Atom("hold")))
			<-s.held
			report, err := n.releases.UpgradeApp(t.Context(), "demo", "lib/demo-2",
				codechange.Options{Trace: s.trace, Busy: codechange.BusySkip})
			require.NoError(t, err)
			require.Equal(t, "{ok,[]}", want.result)
			require.Equal(t, []codechange.Unpurged{{Module: "demo_srv", Purge: "soft_purge"}}, report.Unpurged,
				"OTP tells nobody")
			steps, callbacks := s.take()
			require.Equal(t, want.callbacks, callbacks)
			for _, name := range []string{"srv_a", "fsm", "ev", "sp", "demo_sup"} {
				require.Equal(t, of(name, want.steps), of(name, steps))
			}
			require.Empty(t, of("srv_b", steps))
			close(s.free)
			require.Equal(t, "{v1,srv_b,0}", ask(t, n, "srv_b", etf.Atom("get")))
			require.Equal(t, want.get, "[{srv_a,"+ask(t, n, "srv_a", etf.Atom("get"))+"}]")
		})
	}
}

// The scripts are those of the relup that systools made from the same file.
func TestTheScriptsOfTheRecordingAreThoseOfSystools(t *testing.T) {
	_, n := startStage(t, "")
	src, err := os.ReadFile("testdata/upgrade/relup")
	require.NoError(t, err)
	relup := term(strings.TrimSuffix(strings.TrimSpace(string(src)), ".")).(etf.Tuple)
	script := func(list int) string { return etf.Format(relup[list].(etf.List)[0].(etf.Tuple)[2]) }
	_, up, err := n.releases.UpgradeScript(context.Background(), "demo", "lib/demo-2")
	require.NoError(t, err)
	require.Equal(t, script(1), etf.Format(up))
	_, err = n.releases.UpgradeApp(t.Context(), "demo", "lib/demo-2", codechange.Options{})
	require.NoError(t, err)
	down, err := n.releases.DowngradeScript(t.Context(), "demo", "1", "lib/demo-1")
	require.NoError(t, err)
	require.Equal(t, script(2), etf.Format(down))
}
