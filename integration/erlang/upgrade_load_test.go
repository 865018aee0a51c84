package erlang

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
)

// A crowd of servers that count, with another shape of state in version 2.
type (
	crowdState1 struct{ ID, N int }
	crowdState2 struct {
		ID, N int
		Since []int // what the count was when version 2 took over
	}
	crowd1 struct{}
	crowd2 struct{}
)

func (crowd1) ModuleName() etf.Atom { return "crowd" }
func (crowd2) ModuleName() etf.Atom { return "crowd" }

func (crowd1) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[crowdState1] {
	return genserv.Ok(crowdState1{ID: int(args.(etf.Int))})
}

func (crowd2) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[crowdState2] {
	return genserv.Ok(crowdState2{ID: int(args.(etf.Int))})
}

func (crowd1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	s crowdState1) genserv.Result[crowdState1] {
	if !etf.IsAtom(request, "get") {
		s.N++
	}
	return genserv.Reply(etf.Tuple{etf.Int(1), etf.Int(s.N)}, s)
}

func (crowd2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From,
	s crowdState2) genserv.Result[crowdState2] {
	if !etf.IsAtom(request, "get") {
		s.N++
	}
	return genserv.Reply(etf.Tuple{etf.Int(2), etf.Int(s.N)}, s)
}

// CodeChange fails for the server whose number is the extra.
func (crowd2) CodeChange(_ etf.Term, old any, extra etf.Term) (crowdState2, error) {
	s := old.(crowdState1)
	if extra == etf.Term(etf.Int(s.ID)) {
		return crowdState2{}, &genserv.Exit{Reason: etf.Atom("nope")}
	}
	return crowdState2{s.ID, s.N, []int{s.N}}, nil
}

func (crowd2) Downgrade(_ etf.Term, s crowdState2, _ etf.Term) (any, error) {
	return crowdState1{s.ID, s.N}, nil
}

// startCrowd starts a node with so many servers.
func startCrowd(t *testing.T, size int) (*node.Node, []etf.Pid) {
	t.Helper()
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "crowd", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(crowd1{})), app("2", genserv.Of(crowd2{})))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "crowd", Vsn: "1"}}))
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: t.TempDir(), Vsn: "1"}
	n := start(t, cfg)
	pids := make([]etf.Pid, size)
	for i := range pids {
		pids[i], err = n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(crowd1{}), Args: etf.Int(i + 1)})
		require.NoError(t, err)
	}
	return n, pids
}

// change executes an update of the crowd to a version.
func change(t *testing.T, n *node.Node, vsn string, extra int) (*codechange.Report, error) {
	t.Helper()
	mode := fmt.Sprintf(`{load,{crowd,brutal_purge,brutal_purge}}, {code_change,up,[{crowd,%d}]}`, extra)
	if vsn == "1" {
		mode = fmt.Sprintf(`{code_change,down,[{crowd,%d}]}, {load,{crowd,brutal_purge,brutal_purge}}`, extra)
	}
	script, err := etf.Parse(fmt.Sprintf(`[{load_object_code,{crowd,%q,[crowd]}}, point_of_no_return, {suspend,[crowd]}, %s, {resume,[crowd]}]`, vsn, mode))
	require.NoError(t, err)
	return n.ReleaseHandler().Eval(t.Context(), codechange.Script{Instructions: script.(etf.List),
		Libs: []codechange.Lib{{App: "crowd", Vsn: vsn}}}, codechange.Options{SuspendTimeout: time.Minute,
		CodeChangeTimeout: time.Minute})
}

// statesum is one number for all states, in order.
func statesum(t *testing.T, n *node.Node, pids []etf.Pid) uint64 {
	t.Helper()
	h := fnv.New64a()
	for _, pid := range pids {
		state, err := n.Call(t.Context(), etf.Atom("rex"), etf.Tuple{etf.Atom("call"), etf.Atom("sys"),
			etf.Atom("get_state"), etf.List{pid}, etf.Atom("user")})
		require.NoError(t, err)
		_, _ = h.Write([]byte(etf.Format(state)))
	}
	return h.Sum64()
}

// Ten thousand servers are upgraded, brought back by a failure at the last but one, and downgraded, again and again,
// while a BEAM makes 5000 calls a second.
func TestACrowdIsUpgradedUnderLoadWithoutLosingACall(t *testing.T) {
	size, rate := soak.Size(3_000, 10_000), 5_000
	n, pids := startCrowd(t, size)
	erl := beam.StartErl(t)
	source, err := os.ReadFile("testdata/steady.erl")
	require.NoError(t, err)
	erl.Compile(t, "steady", string(source))
	list := make(etf.List, size)
	for i, pid := range pids {
		list[i] = pid
	}
	spawn(t, n, "crowd_list", genserv.Of(tells{list}))
	erl.Eval(t, at(n, `put(callers, steady:start(gen_server:call({crowd_list,'gonode@host'}, get), 50, `+
		fmt.Sprint(rate)+`)), ok.`))

	show := func(what string, r *codechange.Report) {
		t.Helper()
		erl.Eval(t, "receive after 300 -> ok end.") // the load goes on for a while
		t.Logf("%-8s of %d servers at %d calls/s: pause %v, in all %v", what, len(r.Processes), rate,
			r.Pause.Round(time.Microsecond), r.Total.Round(time.Microsecond))
	}
	for range soak.Size(1, 3) {
		report, err := change(t, n, "2", size-1)
		require.ErrorContains(t, err, "code_change_failed")
		undone := 0
		for _, p := range report.Processes {
			if p.Undone == codechange.UndoneRestored {
				undone++
			}
		}
		require.GreaterOrEqual(t, undone, size-2, "all before it had been changed")
		show("rollback", report)

		report, err = change(t, n, "2", 0)
		require.NoError(t, err)
		require.Len(t, report.Processes, size)
		show("up", report)
		report, err = change(t, n, "1", 0)
		require.NoError(t, err)
		require.Len(t, report.Processes, size)
		show("down", report)
	}
	result, err := etf.Parse(erl.Eval(t,
		`{Calls, Worst, Wrong, _} = R = steady:stop(get(callers)), put(counts, element(4, R)), {Calls, Worst, Wrong}.`))
	require.NoError(t, err)
	require.Empty(t, result.(etf.Tuple)[2], "every call has the one answer that was to come next")
	t.Logf("%s calls, the longest took %s µs", etf.Format(result.(etf.Tuple)[0]), etf.Format(result.(etf.Tuple)[1]))
	require.Equal(t, "[]", erl.Eval(t, `[{P,N} || {P,N} <- get(counts), gen_server:call(P, get) =/= {1,N}].`))

	before := statesum(t, n, pids)
	_, err = change(t, n, "2", size-1)
	require.Error(t, err)
	require.Equal(t, before, statesum(t, n, pids), "a rollback changes no state")
	_, err = change(t, n, "2", 0)
	require.NoError(t, err)
	require.NotEqual(t, before, statesum(t, n, pids))
	_, err = change(t, n, "1", 0)
	require.NoError(t, err)
	require.Equal(t, before, statesum(t, n, pids), "up and down again is what it was")
}

// tells is a server that answers with what it was given.
type tells struct{ term etf.Term }

func (tells) Init(*genserv.Process, etf.Term) genserv.InitResult[struct{}] {
	return genserv.Ok(struct{}{})
}

func (s tells) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, state struct{}) genserv.Result[struct{}] {
	return genserv.Reply(s.term, state)
}

// A thousand upgrades and downgrades, and as many that fail, leave nothing behind.
func TestAThousandUpgradesLeaveNoMemoryBehind(t *testing.T) {
	n, pids := startCrowd(t, 100)
	cycle := func() {
		_, err := change(t, n, "2", 50)
		require.Error(t, err)
		_, err = change(t, n, "2", 0)
		require.NoError(t, err)
		_, err = change(t, n, "1", 0)
		require.NoError(t, err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 20 {
		cycle()
	}
	before, goroutines := heap(), runtime.NumGoroutine()
	for range soak.Size(200, 1000) {
		cycle()
	}
	after := heap()
	t.Logf("heap %d kB before and %d kB after 1000 cycles of 100 servers", before>>10, after>>10)
	require.Less(t, after, before+256<<10)
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+2 }, time.Minute, time.Millisecond)
	for _, pid := range pids {
		answer, err := n.Call(context.Background(), pid, etf.Atom("get"))
		require.NoError(t, err)
		require.Equal(t, "{1,0}", strings.TrimSpace(etf.Format(answer)))
	}
}
