package erlang

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// Servers that call each other, see testdata/relay.erl. The state has another type in version 2.
type (
	relay struct {
		name  etf.Atom
		watch *relayWatch
	}
	relay1 struct{ relay }
	relay2 struct{ relay }

	relayState1 struct {
		Next etf.Term
		N    int
	}
	relayState2 struct {
		Next etf.Term
		N    int
		More string
	}

	// relayWatch finds code changes that are made while a callback of one of the servers runs that change together.
	relayWatch struct{ running, early atomic.Int64 }
)

func (r relay) ModuleName() etf.Atom { return r.name }

func (r relay1) Init(_ *genserv.Process, next etf.Term) genserv.InitResult[relayState1] {
	return genserv.Ok(relayState1{Next: next})
}

func (r relay2) Init(_ *genserv.Process, next etf.Term) genserv.InitResult[relayState2] {
	return genserv.Ok(relayState2{Next: next})
}

// answer serves a call; an answer of nil means that somebody else gives it.
func (r relay) answer(p *genserv.Process, request etf.Term, from genserv.From, vsn int, next etf.Term,
	n *int) etf.Term {
	r.watch.running.Add(1)
	defer r.watch.running.Add(-1)
	if etf.IsAtom(request, "get") {
		return etf.Tuple{etf.Int(vsn), etf.Int(*n)}
	}
	*n++
	answer := etf.Tuple{etf.Int(vsn), etf.Int(*n)}
	if cast, ok := next.(etf.Tuple); ok && cast[0] == etf.Term(etf.Atom("cast")) {
		p.Cast(cast[1], etf.Tuple{etf.Atom("work"), from.Term(), answer})
		return nil
	}
	for _, to := range next.(etf.List) {
		r.call(p, to, etf.Atom("work"))
	}
	return answer
}

func (relay) call(p *genserv.Process, to etf.Term, request etf.Atom) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := p.Call(ctx, to, request); err != nil {
		panic(genserv.Exit{Reason: etf.Binary(err.Error())})
	}
}

// passBack serves {work, From, Answer}: it asks the server that has sent it, and answers.
func (r relay) passBack(p *genserv.Process, request, next etf.Term) {
	r.watch.running.Add(1)
	defer r.watch.running.Add(-1)
	work := request.(etf.Tuple)
	r.call(p, next.(etf.Tuple)[1], "get")
	from, _ := genserv.FromTerm(work[1])
	p.Reply(from, work[2])
}

func (r relay1) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s relayState1) genserv.Result[relayState1] {
	if answer := r.answer(p, request, from, 1, s.Next, &s.N); answer != nil {
		return genserv.Reply(answer, s)
	}
	return genserv.NoReply(s)
}

func (r relay2) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s relayState2) genserv.Result[relayState2] {
	if answer := r.answer(p, request, from, 2, s.Next, &s.N); answer != nil {
		return genserv.Reply(answer, s)
	}
	return genserv.NoReply(s)
}

func (r relay1) HandleCast(p *genserv.Process, request etf.Term, s relayState1) genserv.Result[relayState1] {
	r.passBack(p, request, s.Next)
	s.N++
	return genserv.NoReply(s)
}

func (r relay2) HandleCast(p *genserv.Process, request etf.Term, s relayState2) genserv.Result[relayState2] {
	r.passBack(p, request, s.Next)
	s.N++
	return genserv.NoReply(s)
}

// changes watches a code change, which fails in the server that extra names.
func (r relay) changes(extra etf.Term) error {
	if r.watch.running.Load() != 0 {
		r.watch.early.Add(1)
	}
	if extra == etf.Term(r.name) {
		return &genserv.Exit{Reason: etf.Atom("nope")}
	}
	return nil
}

func (r relay2) CodeChange(_ etf.Term, old any, extra etf.Term) (relayState2, error) {
	s := old.(relayState1)
	return relayState2{Next: s.Next, N: s.N, More: "changed"}, r.changes(extra)
}

func (r relay2) Downgrade(_ etf.Term, s relayState2, extra etf.Term) (any, error) {
	return relayState1{s.Next, s.N}, r.changes(extra)
}

// relays are the servers of one shape on a Go node.
type relays struct {
	t     *testing.T
	n     *node.Node
	erl   *beam.Node
	watch *relayWatch
	names []string // those that a script is about
}

// startRelays starts the servers of all shapes.
func startRelays(t *testing.T, erl *beam.Node) *relays {
	t.Helper()
	shape := slices.Concat(slices.Collect(maps.Values(relayShapes))...)
	w := &relays{t: t, erl: erl, watch: &relayWatch{}}
	apps := []codechange.Application{{Name: "relays", Vsn: "1"}, {Name: "relays", Vsn: "2"}}
	for _, s := range shape {
		r := relay{etf.Atom(s[0]), w.watch}
		apps[0].Modules = append(apps[0].Modules, &codechange.Module{Vsn: "1", Code: genserv.Of(relay1{r})})
		apps[1].Modules = append(apps[1].Modules, &codechange.Module{Vsn: "2", Code: genserv.Of(relay2{r})})
	}
	versions, err := codechange.NewVersions(apps...)
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "relays", Vsn: "1"}}))
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Vsn: "1"}
	w.n = start(t, cfg)
	for i, s := range shape {
		next, err := etf.Parse(at(w.n, strings.ReplaceAll(s[1], "BEAM", erl.Eval(t, "node()."))))
		require.NoError(t, err)
		_, err = w.n.Spawn(t.Context(), genserv.Child{Name: etf.Atom(s[0]), Module: apps[0].Modules[i].Code, Args: next})
		require.NoError(t, err)
	}
	return w
}

// relayGroup are the low-level instructions of one group, see systools_rc: callers come first.
func relayGroup(names []string, vsn, fails string) []string {
	var suspend, load, change, resume []string
	for i, name := range names {
		suspend = append(suspend, name)
		change = append(change, fmt.Sprintf("{%s,%s}", name, fails))
		back := names[len(names)-1-i]
		resume = append(resume, back)
		load = append(load, fmt.Sprintf("{load,{%s,brutal_purge,brutal_purge}}", back))
	}
	list := func(words []string) string { return "[" + strings.Join(words, ",") + "]" }
	group := []string{"{suspend," + list(suspend) + "}"}
	if vsn == "2" {
		group = append(append(group, load...), "{code_change,up,"+list(change)+"}")
	} else {
		group = append(append(group, "{code_change,down,"+list(change)+"}"), load...)
	}
	return append(group, "{resume,"+list(resume)+"}")
}

// change executes a script of groups, which fails in one server if that is named.
func (w *relays) change(groups [][]string, vsn, fails string, o codechange.Options) (*codechange.Report, error) {
	w.t.Helper()
	load := fmt.Sprintf("{load_object_code,{relays,%q,[%s]}}", vsn, strings.Join(w.names, ","))
	script := []string{load, "point_of_no_return"}
	for _, names := range groups {
		script = append(script, relayGroup(names, vsn, fails)...)
	}
	term, err := etf.Parse("[" + strings.Join(script, ",") + "]")
	require.NoError(w.t, err)
	return w.n.ReleaseHandler().Eval(w.t.Context(), codechange.Script{Instructions: term.(etf.List),
		Libs: []codechange.Lib{{App: "relays", Vsn: vsn}}}, o)
}

// relayRounds is how often a walk is walked.
const relayRounds = 2

// walk goes up, fails on the way up and down, and goes down, under the load of callers.
func (w *relays) walk(what string, groups [][]string, o codechange.Options) {
	w.t.Helper()
	last := groups[len(groups)-1]
	fails := last[len(last)-1]
	all := func(report *codechange.Report, undone bool) {
		w.t.Helper()
		require.Len(w.t, report.Processes, len(w.names))
		for _, p := range report.Processes {
			bad := []codechange.Outcome{codechange.OutcomeBusy, codechange.OutcomeEnded, codechange.OutcomeHung}
			require.NotContains(w.t, bad, p.Outcome, "%s", p.Name)
			require.NotEqual(w.t, codechange.UndoneForgot, p.Undone, "%s", p.Name)
			require.Equal(w.t, undone && p.Outcome == codechange.OutcomeChanged, p.Undone != "", "%s", p.Name)
		}
	}
	began := time.Now()
	for i := range 4 * relayRounds {
		step := [][2]string{{"2", fails}, {"2", "x"}, {"1", fails}, {"1", "x"}}[i%4]
		report, err := w.change(groups, step[0], step[1], o)
		if step[1] == fails {
			require.ErrorContains(w.t, err, "code_change_failed")
			all(report, true)
			continue
		}
		require.NoError(w.t, err)
		all(report, false)
	}
	w.t.Logf("%-35s a change took %v", what, (time.Since(began) / (4 * relayRounds)).Round(10*time.Microsecond))
}

// load has callers call the first server while something happens. No call is lost, and none is served twice.
func (w *relays) load(first string, during func()) {
	w.t.Helper()
	get := at(w.n, "element(2, gen_server:call({"+first+",'gonode@host'}, get)).")
	before := w.erl.Eval(w.t, get)
	w.erl.Eval(w.t, at(w.n, "put(callers, relay_x:callers({"+first+",'gonode@host'}, 4)), ok."))
	w.erl.Eval(w.t, "(fun Wait() -> "+strings.TrimSuffix(get, ".")+" > "+before+" orelse Wait() end)().")
	during()
	result := w.erl.Eval(w.t, "relay_x:stop(get(callers)).")
	answers, wrong, _ := strings.Cut(strings.Trim(result, "{}"), ",")
	require.Equal(w.t, "[]", wrong)
	require.Equal(w.t, w.erl.Eval(w.t, strings.TrimSuffix(before, ".")+" + "+answers+"."), w.erl.Eval(w.t, get))
}

// startRelayBeam starts a BEAM with the module relay_x, whose server calls one on the Go node.
func startRelayBeam(t *testing.T, twins ...string) *beam.Node {
	t.Helper()
	erl := beam.StartErl(t)
	source, err := os.ReadFile("testdata/relay.erl")
	require.NoError(t, err)
	for _, name := range append(twins, "relay_x", "relay_y") {
		erl.Compile(t, name, strings.ReplaceAll(string(source), "RELAY", name))
	}
	app, err := os.ReadFile("testdata/relay_app.erl")
	require.NoError(t, err)
	erl.Compile(t, "relay_app", string(app))
	return erl
}

// What servers call, each in the order in which the script names them: those that call come first.
var relayShapes = map[string][][2]string{
	"chain":   {{"ca", "[cb]"}, {"cb", "[cc]"}, {"cc", "[cd]"}, {"cd", "[]"}},
	"diamond": {{"da", "[db,dc]"}, {"db", "[dd]"}, {"dc", "[dd]"}, {"dd", "[]"}},
	"loop":    {{"la", "{cast,lb}"}, {"lb", "{back,la}"}},
	"beam":    {{"ra", "[{relay_x,BEAM}]"}, {"rb", "[{relay_y,BEAM}]"}, {"rc", "[]"}},
}

func TestServersThatCallEachOtherAreUpgradedUnderLoad(t *testing.T) {
	erl := startRelayBeam(t)
	w := startRelays(t, erl)
	for _, shape := range []string{"chain", "diamond", "loop"} {
		w.names = namesOf(relayShapes[shape])
		first := w.names[0]
		backwards := slices.Clone(w.names)
		slices.Reverse(backwards)
		for policy, busy := range busyPolicies {
			w.load(first, func() {
				w.walk(shape+" "+policy, [][]string{w.names}, codechange.Options{Busy: busy})
				w.walk(shape+" backwards "+policy, [][]string{backwards}, codechange.Options{Busy: busy})
			})
			require.Zero(t, w.watch.early.Load(), "all are suspended when the first is changed")
			w.load(first, func() {
				w.walk(shape+" each alone "+policy, oneByOne(w.names), codechange.Options{Busy: busy})
				w.walk(shape+" each alone backwards "+policy, oneByOne(backwards), codechange.Options{Busy: busy})
				w.walk(shape+" in place "+policy, oneByOne(backwards),
					codechange.Options{Busy: busy, Resume: codechange.ResumeInPlace})
			})
			w.watch.early.Store(0) // those that were not in the group may have been at work
		}
	}
}

var busyPolicies = map[string]codechange.BusyPolicy{
	"fail": codechange.BusyFail, "wait": codechange.BusyWait, "skip": codechange.BusySkip}

func namesOf(shape [][2]string) (names []string) {
	for _, s := range shape {
		names = append(names, s[0])
	}
	return names
}

// oneByOne makes a group of each server.
func oneByOne(names []string) (groups [][]string) {
	for _, name := range names {
		groups = append(groups, []string{name})
	}
	return groups
}

// The way from one server to the other leads over processes of the BEAM.
func TestServersThatCallEachOtherByWayOfABeamAreUpgradedUnderLoad(t *testing.T) {
	erl := startRelayBeam(t)
	w := startRelays(t, erl)
	erl.Eval(t, at(w.n, "{ok, _} = relay_x:start([{rb,'gonode@host'}]), ok."))
	erl.Eval(t, at(w.n, "{ok, _} = relay_y:start([{rc,'gonode@host'}]), ok."))
	w.names = namesOf(relayShapes["beam"])
	for policy, busy := range busyPolicies {
		w.load("ra", func() {
			w.walk(policy, [][]string{{"ra", "rb", "rc"}}, codechange.Options{Busy: busy})
			w.walk("backwards "+policy, [][]string{{"rc", "rb", "ra"}}, codechange.Options{Busy: busy})
		})
		require.Zero(t, w.watch.early.Load())
		w.load("ra", func() {
			w.walk("each alone backwards "+policy, oneByOne([]string{"rc", "rb", "ra"}), codechange.Options{Busy: busy})
		})
		w.watch.early.Store(0)
	}
}

// The same servers and callers on a BEAM, whose release handler suspends one after the other.
func TestTheTwinOfOTPUpgradesServersThatCallEachOtherInTheOrderOfTheScript(t *testing.T) {
	var all [][2]string
	for _, shape := range []string{"chain", "diamond"} {
		all = append(all, relayShapes[shape]...)
	}
	erl := startRelayBeam(t, namesOf(all)...)
	var specs []string
	for _, s := range all {
		specs = append(specs, "{"+s[0]+","+s[1]+"}")
	}
	erl.Eval(t, "relay_x:application(["+strings.Join(specs, ",")+"]).")
	for _, shape := range []string{"chain", "diamond"} {
		names := namesOf(relayShapes[shape])
		erl.Eval(t, "put(callers, relay_x:callers("+names[0]+", 4)), ok.")
		for i := range 4 {
			vsn := 2 - i%2
			group := strings.Join(names, ",")
			result := erl.Eval(t, fmt.Sprintf("relay_x:run([point_of_no_return, {suspend,[%s]},"+
				"{code_change,up,[{M,%d} || M <- [%s]]}, {resume,[%s]}]).", group, vsn, group, group))
			_, outcome, _ := strings.Cut(strings.Trim(result, "{}"), ",")
			require.Equal(t, "{ok,[]", outcome)
			require.Equal(t, fmt.Sprint(vsn), erl.Eval(t, "element(1, gen_server:call("+names[len(names)-1]+", get))."))
			t.Logf("%s: an upgrade of OTP took %s ms", shape, result)
		}
		_, wrong, _ := strings.Cut(strings.Trim(erl.Eval(t, "relay_x:stop(get(callers))."), "{}"), ",")
		require.Equal(t, "[]", wrong)
	}
	erl.Eval(t, "relay_x:stop_application().")
}
