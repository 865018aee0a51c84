package erlang

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/integration/erlang/shop"
	"github.com/gonode-otp/gonode/internal/soak"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// shopRun is a shop under load that is upgraded and downgraded.
type shopRun struct {
	t    *testing.T
	shop *shop.Shop
	n    *node.Node
	erl  *beam.Node
	rand *rand.Rand
	vsn  int // that runs
	// killed counts the children that sabotage has ended.
	killed int
}

// diskFiles are the files of the machine.
type diskFiles struct{}

func (diskFiles) ReadFile(name string) ([]byte, error)       { return os.ReadFile(name) }
func (diskFiles) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (diskFiles) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }

// shopReleases makes a root directory with both releases, and the relup between them.
func shopReleases(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, shop.WriteFiles(root))
	old := []appup.Base{{File: filepath.Join(root, "releases/1/shop")}}
	made, err := appup.Make(diskFiles{}, filepath.Join(root, "releases/2/shop"), old, old,
		appup.Options{Path: []string{filepath.Join(root, "lib/*/ebin")}})
	require.NoError(t, err)
	require.Empty(t, made.Warnings)
	require.NoError(t, os.WriteFile(filepath.Join(root, "releases/2/relup"), []byte(made.Relup.Text()), 0o644))
	return root
}

func startShop(t *testing.T, seed uint64) *shopRun {
	t.Helper()
	r := &shopRun{t: t, shop: &shop.Shop{}, rand: rand.New(rand.NewPCG(seed, 0)), vsn: 1}
	versions, err := r.shop.Versions()
	require.NoError(t, err)
	var apps []codechange.AppVsn
	for _, name := range shop.Apps {
		apps = append(apps, codechange.AppVsn{App: name, Vsn: "1"})
	}
	require.NoError(t, versions.CodeServer().Boot(apps))
	t.Cleanup(func() { require.NoError(t, r.shop.Close()) })
	cfg := config(t)
	cfg.Upgrade = &node.Upgrade{Versions: versions, Root: shopReleases(t), Name: "shop", Vsn: "1"}
	r.n = start(t, cfg)
	require.NoError(t, r.shop.Start(t.Context(), r.n))
	_, err = r.n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/shop.rel", nil)
	require.NoError(t, err)
	r.erl = beam.StartErl(t)
	source, err := os.ReadFile("testdata/shop_load.erl")
	require.NoError(t, err)
	r.erl.Compile(t, "shop_load", string(source))
	return r
}

func (r *shopRun) startClients() {
	var servers, pools etf.List
	for _, s := range shop.Servers {
		switch {
		case s.Kind == shop.Dynamic:
			pools = append(pools, s.Name+"_sup")
		case s.Since == 1:
			servers = append(servers, etf.Tuple{s.Name, etf.Atom(strconv.FormatBool(s.Kind == shop.Frail))})
		}
	}
	r.erl.Eval(r.t, at(r.n, fmt.Sprintf("put(clients, shop_load:start('gonode@host', %s, %s)), ok.",
		etf.Format(servers), etf.Format(pools))))
}

// served waits until the servers have served some more calls.
func (r *shopRun) served(more int64) {
	r.t.Helper()
	want := r.shop.Served.Load() + more
	require.Eventually(r.t, func() bool { return r.shop.Served.Load() >= want }, time.Minute, time.Millisecond)
}

// sabotage chooses what goes wrong in the next upgrade; nil is nothing.
func (r *shopRun) sabotage() *shop.Sabotage {
	if r.rand.IntN(4) == 0 {
		return nil
	}
	acts := []shop.Act{shop.Error, shop.Panic, shop.Exit, shop.Goexit, shop.Hang}
	if r.rand.IntN(4) == 0 {
		return &shop.Sabotage{Module: "checkpoint", Act: acts[r.rand.IntN(3)], Pass: r.rand.Int64N(3)}
	}
	for {
		s := shop.Servers[r.rand.IntN(len(shop.Servers))]
		if s.Kind == shop.Same || s.Since == 2 {
			continue // no code change
		}
		act := acts[r.rand.IntN(len(acts))]
		if (s.Kind == shop.Dynamic || s.Kind == shop.Frail) && r.rand.IntN(2) == 0 {
			act = shop.Kill
		}
		return &shop.Sabotage{Module: s.Name, Act: act}
	}
}

// upgrade goes to the other version, or fails on the way and stays.
func (r *shopRun) upgrade(i int) {
	r.t.Helper()
	s, to := r.sabotage(), 3-r.vsn
	r.shop.Arm(s)
	what := fmt.Sprintf("%d: to version %d", i, to)
	if s != nil {
		what += fmt.Sprintf(", %s of %s after %d", s.Act, s.Module, s.Pass)
	}
	o := codechange.Options{SuspendTimeout: time.Minute, CodeChangeTimeout: time.Minute}
	if s != nil && s.Act == shop.Hang {
		o.CodeChangeTimeout = 50 * time.Millisecond
	}
	report, err := r.n.ReleaseHandler().Install(r.t.Context(), strconv.Itoa(to), o)
	fired := s != nil && s.Fired()
	if s != nil {
		s.End()
	}
	r.t.Logf("%s: fired %t, %v, in %v", what, fired, err, report.Total)
	if fired && s.Act == shop.Kill {
		if s.Module == "cart" || s.Module == "parcel" {
			r.killed++
		}
		fired = err != nil
	}
	if fired {
		require.Error(r.t, err, what)
		r.asItWas(what, s, report)
	} else {
		require.NoError(r.t, err, what)
		r.vsn = to
	}
	r.checks(what)
}

// asItWas checks the report of an upgrade that failed.
func (r *shopRun) asItWas(what string, s *shop.Sabotage, report *codechange.Report) {
	r.t.Helper()
	require.True(r.t, report.Undone, what)
	for _, not := range report.NotUndone {
		require.Contains(r.t, not, "terminate_child(catalog_sup,offers) has ended servers", what)
	}
	for _, left := range report.Left {
		require.Contains(r.t, left, "shop:checkpoint", what)
	}
	for _, p := range report.Processes {
		if p.Undone != codechange.UndoneLater || s.Act != shop.Hang || p.Module != s.Module {
			require.Contains(r.t, []codechange.Undone{"", codechange.UndoneRestored, codechange.UndoneDowngraded,
				codechange.UndoneAnew}, p.Undone,
				"%s: %+v", what, p)
		}
	}
}

// checks that everything is as the version has it.
func (r *shopRun) checks(what string) {
	r.t.Helper()
	require.Equal(r.t, strconv.Itoa(r.vsn), r.n.ReleaseHandler().Running().Vsn, what)
	for _, s := range shop.Servers {
		switch {
		case s.Kind == shop.Dynamic:
			r.checkChildren(what, s.Name+"_sup")
		case s.Since <= r.vsn:
			vsn, _, _ := r.ask(what, s.Name)
			require.Equal(r.t, r.vsn, vsn, "%s: %s", what, s.Name)
		default:
			_, err := r.n.Call(r.t.Context(), s.Name, etf.Atom("balance"))
			require.ErrorIs(r.t, err, genserv.ErrNoProc, what)
		}
	}
	for _, app := range shop.Apps {
		r.checkSpecs(what, app)
	}
	pulses, listeners, connections := int64(2), int64(2*r.vsn), 2
	require.Eventually(r.t, func() bool {
		return r.shop.Pulses.Load() == pulses && r.shop.Listeners.Load() == listeners && r.shop.Connections() == connections
	}, time.Minute, time.Millisecond, what)
}

// ask asks a server for its version and balance, again if it has just been killed.
func (r *shopRun) ask(what string, to etf.Term) (vsn int, sum, entries int64) {
	r.t.Helper()
	var answer etf.Term
	require.Eventually(r.t, func() (ok bool) {
		var err error
		answer, err = r.n.Call(r.t.Context(), to, etf.Atom("balance"))
		return err == nil
	}, time.Minute, time.Millisecond, "%s: %v", what, to)
	t := answer.(etf.Tuple)
	return int(t[0].(etf.Int)), int64(t[1].(etf.Int)), int64(t[2].(etf.Int))
}

// checkChildren checks which version dynamic children run.
func (r *shopRun) checkChildren(what string, sup etf.Atom) {
	r.t.Helper()
	children, err := supervisor.WhichChildren(r.t.Context(), r.n, sup)
	require.NoError(r.t, err)
	for _, c := range children {
		answer, err := r.n.Call(r.t.Context(), c.Pid, etf.Atom("balance"))
		var ended *genserv.Exit
		if errors.Is(err, genserv.ErrNoProc) || errors.As(err, &ended) {
			continue
		}
		require.NoError(r.t, err, what)
		require.Equal(r.t, etf.Int(r.vsn), answer.(etf.Tuple)[0], "%s: a child of %s", what, sup)
	}
}

// checkSpecs checks the child specs of an application.
func (r *shopRun) checkSpecs(what string, app etf.Atom) {
	r.t.Helper()
	want := map[etf.Atom]bool{}
	for _, s := range shop.Servers {
		if s.App == app && s.Since <= r.vsn {
			want[s.Name] = true
			if s.Kind == shop.Dynamic {
				delete(want, s.Name)
				want[s.Name+"_sup"] = true
			}
		}
	}
	children, err := supervisor.WhichChildren(r.t.Context(), r.n, app+"_sup")
	require.NoError(r.t, err)
	require.Len(r.t, children, len(want), what)
	for _, c := range children {
		require.True(r.t, want[c.ID.(etf.Atom)], "%s: %v", what, c)
		if c.Type == supervisor.TypeSupervisor {
			continue
		}
		answer, err := r.n.Call(r.t.Context(), app+"_sup", etf.Tuple{etf.Atom("get_childspec"), c.ID})
		require.NoError(r.t, err)
		require.Contains(r.t, etf.Format(answer), fmt.Sprintf("shutdown => %d", shop.ShutdownOf(r.vsn).Milliseconds()), what)
	}
}

// stopClients stops the load and checks the books of both sides.
func (r *shopRun) stopClients() {
	r.t.Helper()
	result, err := etf.Parse(r.erl.Eval(r.t, "put(result, shop_load:stop(get(clients))), "+
		"{B, _, S, L, W} = get(result), "+
		"{B, S, L, [lists:flatten(io_lib:format(\"~p\", [X])) || X <- W]}."))
	require.NoError(r.t, err)
	all := result.(etf.Tuple)
	require.Equal(r.t, "[]", etf.Format(all[3]), "every call has the answer that it should have")
	sums, entries := map[etf.Atom]int64{}, map[etf.Atom]int64{}
	for _, b := range all[0].(etf.List) {
		b := b.(etf.Tuple)
		r.enter(b[0].(etf.Atom), int64(b[2].(etf.Int)), int64(b[3].(etf.Int)), entries, sums)
	}
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		_, sum, n := r.ask("at the end", name)
		require.Equal(r.t, sums[name], sum, "the sum of %s", name)
		require.Equal(r.t, entries[name], n, "the entries of %s", name)
	}
	require.LessOrEqual(r.t, int(all[2].(etf.Int)), r.killed, "children end only when somebody ends them")
	require.Equal(r.t, "[]", r.erl.Eval(r.t,
		"[C || {P, N, Sum} = C <- element(2, get(result)), "+
			"{_, Sum1, N1} <- [gen_server:call(P, balance)], {Sum1, N1} =/= {Sum, N}]."))
	r.t.Logf("%d calls, %s children were started, %s killed by sabotage", r.shop.Served.Load(),
		etf.Format(all[1]), etf.Format(all[2]))
}

// enter adds what a server was told, which it tells others.
func (r *shopRun) enter(name etf.Atom, entries, sum int64, allEntries, allSums map[etf.Atom]int64) {
	allEntries[name] += entries
	allSums[name] += sum
	for _, s := range shop.Servers {
		if s.Name == name {
			for _, next := range s.Next {
				r.enter(next, entries, sum, allEntries, allSums)
			}
		}
	}
}

// A program of 27 modules under load goes up and down, while its code changes fail in all ways: nobody notices.
func TestAShopGoesUpAndDownUnderLoadAndSabotage(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("GONODE_SHOP_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("GONODE_SHOP_SEED=%d", seed)
	r := startShop(t, seed)
	r.checks("at the start")
	r.erl.Eval(t, at(r.n, "gen_server:call({price,'gonode@host'}, balance)."))
	quiet := runtime.NumGoroutine()
	r.startClients()
	for i := range soak.Size(20, 200) {
		r.served(1000)
		r.upgrade(i + 1)
	}
	r.served(1000)
	r.stopClients()
	r.quiet(quiet)
}

// A server that answers by a message of its own is waited for by one that has to suspend itself again for a rollback,
// while callers of others never pause: all come to rest at the same time nevertheless.
func TestARollbackUnderLoadEndsThoughOneServerAnswersLater(t *testing.T) {
	r := startShop(t, 0)
	r.startClients()
	for range 5 {
		r.served(1000)
		s := &shop.Sabotage{Module: "checkpoint", Act: shop.Exit, Pass: 2}
		r.shop.Arm(s)
		report, err := r.n.ReleaseHandler().Install(t.Context(), "2", codechange.Options{SuspendTimeout: time.Minute})
		require.Error(t, err)
		require.True(t, s.Fired())
		r.asItWas("rollback", s, report)
	}
	r.stopClients()
}

// quiet waits until no more goroutines run than before the load.
func (r *shopRun) quiet(before int) {
	r.t.Helper()
	more := int(r.shop.Listeners.Load()) - 2
	defer func() {
		if r.t.Failed() {
			var b strings.Builder
			_ = pprof.Lookup("goroutine").WriteTo(&b, 1)
			r.t.Log(b.String())
		}
	}()
	require.Eventually(r.t, func() bool { return runtime.NumGoroutine() <= before+more+2 }, time.Minute, time.Millisecond,
		"goroutines: %d before, %d now", before, runtime.NumGoroutine())
	for _, app := range slices.Backward(shop.Apps) {
		require.NoError(r.t, r.n.Applications().Stop(context.Background(), app))
	}
	require.NoError(r.t, r.shop.Close())
	require.Zero(r.t, r.shop.Pulses.Load()+r.shop.Listeners.Load()+int64(r.shop.Connections()))
}
