package erlang

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// startTogether makes the real node one of a release whose relup has both nodes wait for each other, and the Go node,
// too: both use the same files.
func startTogether(t *testing.T) *upgradeLab {
	t.Helper()
	lab := newUpgradeLab(t)
	lab.erl.Eval(t, "application:stop(demo), application:unload(demo), application:stop(sasl).")
	require.Equal(t, "ok", lab.erl.Eval(t, "demo_lab:release("+lab.path()+")."))
	nodes := etf.List{etf.Atom(lab.erl.Name()), lab.n.Name()}
	lab.n.Export("demo_srv", "nodes", 0, func(context.Context, etf.List) (etf.Term, error) { return nodes, nil })
	lab.erl.Eval(t, "persistent_term:put(demo_nodes, "+etf.Format(nodes)+").")
	_, err := lab.n.ReleaseHandler().SetUnpacked(t.Context(), "releases/2/demorel.rel",
		[]codechange.Lib{{App: "demo", Vsn: "2", Dir: lab.dir}})
	require.NoError(t, err)
	return lab
}

// install starts an upgrade of the Go node and returns where its outcome will be.
func (lab *upgradeLab) install(vsn string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := lab.n.ReleaseHandler().Install(context.Background(), vsn, codechange.Options{})
		done <- err
	}()
	return done
}

// arrived waits until the Go node has all its servers in their new version: it is then at sync_nodes.
func (lab *upgradeLab) arrived(version string) {
	lab.t.Helper()
	require.Eventually(lab.t, func() bool { return lab.get("srv_a") == "{"+version+",srv_a,0}" }, time.Minute,
		5*time.Millisecond)
}

func TestARealNodeAndAGoNodeAreUpgradedTogether(t *testing.T) {
	lab := startTogether(t)
	done := lab.install("2")
	lab.arrived("2")
	select {
	case err := <-done:
		t.Fatalf("the Go node did not wait: %v", err)
	default:
	}
	require.Equal(t, `{ok,"1",[]}`, lab.erl.Eval(t, `release_handler:install_release("2").`),
		"driven by its own release_handler")
	require.NoError(t, <-done)
	require.Equal(t, "2", lab.n.ReleaseHandler().Running().Vsn)
	require.Equal(t, `{2,srv_a,0}`, lab.erl.Eval(t, "gen_server:call(srv_a, get)."))

	// And down, the real node first, whose message then is there before the Go node has begun.
	lab.erl.Eval(t, `Main = self(), spawn(fun() -> Main ! {down, release_handler:install_release("1")} end), ok.`)
	require.Eventually(t, func() bool {
		return lab.erl.Eval(t, "gen_server:call(srv_a, get).") == "{1,srv_a,0}"
	}, time.Minute, 5*time.Millisecond)
	require.NoError(t, <-lab.install("1"))
	require.Equal(t, `{ok,"1",[]}`, lab.erl.Eval(t, "receive {down, R} -> R end."))
	require.Equal(t, "{1,srv_a,0}", lab.get("srv_a"))
}

func TestTheGoNodeGoesBackIfTheOtherOneGoesDownWhileItWaits(t *testing.T) {
	lab := startTogether(t)
	done := lab.install("2")
	lab.arrived("2")
	lab.erl.Kill(t)
	var failed *codechange.Error
	require.ErrorAs(t, <-done, &failed)
	require.Equal(t, "{sync_error,{nodedown,"+etf.Format(etf.Atom(lab.erl.Name()))+"}}", etf.Format(failed.Reason))
	require.Equal(t, "{1,srv_a,0}", lab.get("srv_a"))
	require.Equal(t, "1", lab.n.ReleaseHandler().Running().Vsn)

	// Nor does it wait for one that is not there at all.
	require.ErrorAs(t, <-lab.install("2"), &failed)
	require.Equal(t, "{sync_error,{nodedown,"+etf.Format(etf.Atom(lab.erl.Name()))+"}}", etf.Format(failed.Reason))
	require.NoError(t, os.Remove(lab.dir+"/releases/2/relup"))
	require.ErrorAs(t, <-lab.install("2"), &failed)
	require.Equal(t, `{enoent,"`+lab.dir+`/releases/1/relup"}`, etf.Format(failed.Reason))
}
