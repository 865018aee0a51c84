package node

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// A server with another shape of state in version 2.
type (
	idle1 struct{}
	idle2 struct{}

	idleState2 struct{ N, M int }
)

func (idle1) ModuleName() etf.Atom { return "idle" }
func (idle2) ModuleName() etf.Atom { return "idle" }

func (idle1) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[int] {
	return genserv.Ok(int(args.(etf.Int)))
}

func (idle2) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[idleState2] {
	return genserv.Ok(idleState2{N: int(args.(etf.Int))})
}

func (idle1) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n int) genserv.Result[int] {
	return genserv.Reply(etf.Int(n), n)
}

func (idle2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s idleState2) genserv.Result[idleState2] {
	return genserv.Reply(etf.Int(-s.N), s)
}

// CodeChange fails for the server whose number is extra.
func (idle2) CodeChange(_ etf.Term, old any, extra etf.Term) (idleState2, error) {
	if etf.Term(etf.Int(old.(int))) == extra {
		return idleState2{}, &genserv.Exit{Reason: etf.Atom("nope")}
	}
	return idleState2{N: old.(int)}, nil
}

func (idle2) Downgrade(_ etf.Term, s idleState2, _ etf.Term) (any, error) { return s.N, nil }

// startIdle starts a node with size idle servers.
func startIdle(t testing.TB, size int) *Node {
	app := func(vsn string, code genserv.Module) codechange.Application {
		return codechange.Application{Name: "idle", Vsn: vsn, Modules: []*codechange.Module{{Vsn: vsn, Code: code}}}
	}
	versions, err := codechange.NewVersions(app("1", genserv.Of(idle1{})), app("2", genserv.Of(idle2{})))
	require.NoError(t, err)
	require.NoError(t, versions.CodeServer().Boot([]codechange.AppVsn{{App: "idle", Vsn: "1"}}))
	n, err := Start(t.Context(), Config{Name: "idle@localhost", Cookie: "secret", NoListen: true,
		Upgrade: &Upgrade{Versions: versions, Root: t.TempDir(), Vsn: "1"}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	for i := range size {
		_, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(idle1{}), Args: etf.Int(i + 1)})
		require.NoError(t, err)
	}
	return n
}

// changeIdle makes one update, up or down. The code change fails for the server with the number fails.
func changeIdle(t testing.TB, n *Node, vsn string, fails int) (*codechange.Report, error) {
	steps := fmt.Sprintf(`{load,{idle,brutal_purge,brutal_purge}}, {code_change,up,[{idle,%d}]}`, fails)
	if vsn == "1" {
		steps = `{code_change,down,[{idle,[]}]}, {load,{idle,brutal_purge,brutal_purge}}`
	}
	script, err := etf.Parse(fmt.Sprintf(`[{load_object_code,{idle,%q,[idle]}}, point_of_no_return, {suspend,[idle]},
		%s, {resume,[idle]}]`, vsn, steps))
	require.NoError(t, err)
	return n.ReleaseHandler().Eval(t.Context(), codechange.Script{Instructions: script.(etf.List),
		Libs: []codechange.Lib{{App: "idle", Vsn: vsn}}}, codechange.Options{})
}

// go test ./node -run '^$' -bench UpgradeOfIdleServers
func BenchmarkUpgradeOfIdleServers(b *testing.B) {
	const size = 10_000
	n := startIdle(b, size)
	var up, down, back time.Duration
	for b.Loop() {
		began := time.Now()
		report, err := changeIdle(b, n, "2", 0)
		up += time.Since(began)
		require.NoError(b, err)
		require.Len(b, report.Processes, size)
		began = time.Now()
		_, err = changeIdle(b, n, "1", 0)
		down += time.Since(began)
		require.NoError(b, err)
		began = time.Now()
		_, err = changeIdle(b, n, "2", size)
		back += time.Since(began)
		require.Error(b, err)
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
	b.ReportMetric(per(up), "ms/up")
	b.ReportMetric(per(down), "ms/down")
	b.ReportMetric(per(back), "ms/rollback")
	b.ReportMetric(0, "ns/op")
}
