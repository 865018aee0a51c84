//go:build linux

package erlang

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// The two ends of the wire of a split network.
const (
	hereAddr  = "10.213.7.1"
	thereAddr = "10.213.7.2"
	// nobody is a hardware address that no end has: what is sent to it is lost on the way.
	nobody = "02:00:00:00:00:99"
)

const netnsEnv = "GONODE_TEST_IN_NETNS"

// inNetns runs the test t once more in a network namespace of its own and reports whether this is that run. The
// namespaces vanish with the processes in them. It needs no root where a user may become root in a namespace of his
// own.
func inNetns(t *testing.T) bool {
	t.Helper()
	if os.Getenv(netnsEnv) != "" {
		return true
	}
	beam.OTPRelease(t) // skips where there is no Erlang
	unshare := []string{"unshare", "--net"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	// Everything that the test will do, and undone by its own end.
	try := append(unshare[:len(unshare):len(unshare)], "ip", "link", "add", "here", "type", "veth", "peer", "name",
		"there")
	if out, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil {
		gonodetest.SkipLane(t, "split network",
			strings.TrimSpace(fmt.Sprintf("no network namespace with ip and unshare: %v %s", err, out)))
	}
	args := append(unshare[1:], os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=5m",
		fmt.Sprintf("-test.v=%v", testing.Verbose()))
	cmd := exec.Command(unshare[0], args...)
	cmd.Env = append(os.Environ(), netnsEnv+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
	return false
}

// wire is a connection between the network namespace of the test and that of an Erlang node.
type wire struct {
	t   *testing.T
	dir string
	pid string // of a process in the other namespace
}

// program makes the script that starts Erlang in a namespace of its own, where an EPMD waits for it already.
func (w *wire) program(port int) string {
	find := func(env, name string) string {
		if path := os.Getenv(env); path != "" {
			return path
		}
		return name
	}
	path := filepath.Join(w.dir, "erl")
	script := fmt.Sprintf(`#!/bin/sh
exec unshare --net /bin/sh -c 'echo $$ >%[1]s/pid.new && mv %[1]s/pid.new %[1]s/pid
while [ ! -e %[1]s/wired ]; do sleep 0.01; done
%[2]s -port %[3]d & exec %[4]s "$@"' erl "$@"
`, w.dir, find("GONODE_EPMD", "epmd"), port, find("GONODE_ERL", "erl"))
	require.NoError(w.t, os.WriteFile(path, []byte(script), 0o700))
	return path
}

// lay waits for the other namespace and connects this one with it.
func (w *wire) lay() {
	require.Eventually(w.t, func() bool {
		pid, err := os.ReadFile(filepath.Join(w.dir, "pid"))
		w.pid = strings.TrimSpace(string(pid))
		return err == nil
	}, 20*time.Second, 5*time.Millisecond)
	w.here("link add here type veth peer name there netns " + w.pid)
	for _, command := range []string{"link set lo up", "addr add " + hereAddr + "/30 dev here", "link set here up"} {
		w.here(command)
	}
	for _, command := range []string{"link set lo up", "addr add " + thereAddr + "/30 dev there", "link set there up"} {
		w.there(command)
	}
	require.NoError(w.t, os.WriteFile(filepath.Join(w.dir, "wired"), nil, 0o600))
}

func (w *wire) run(name string, args ...string) {
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(w.t, err, "%s %v: %s", name, args, out)
}

// here and there give a command to ip in this namespace and in the other one.
func (w *wire) here(command string) { w.run("ip", strings.Fields(command)...) }

func (w *wire) there(command string) {
	w.run("nsenter", append([]string{"--target", w.pid, "--net", "ip"}, strings.Fields(command)...)...)
}

// cutTo lets everything that goes to there, or to here, be lost without a sound.
func (w *wire) cutTo(there, here bool) {
	if there {
		w.here("neigh replace " + thereAddr + " lladdr " + nobody + " nud permanent dev here")
	}
	if here {
		w.there("neigh replace " + hereAddr + " lladdr " + nobody + " nud permanent dev there")
	}
}

func (w *wire) heal(there, here bool) {
	if there {
		w.here("neigh del " + thereAddr + " dev here")
	}
	if here {
		w.there("neigh del " + hereAddr + " dev there")
	}
}

func TestASplitNetworkIsNoticedWithinTheTickTimeAndHeals(t *testing.T) {
	t.Parallel()
	if !inNetns(t) {
		return
	}
	const tick = 4 * time.Second
	w := &wire{t: t, dir: t.TempDir()}
	port := gonodetest.FreePort(t)
	laid := make(chan struct{})
	go func() {
		defer close(laid)
		w.lay()
	}()
	e := beam.StartErl(t, beam.WithName("there@"+thereAddr), beam.WithProgram(w.program(port)),
		beam.WithEPMDPort(port),
		beam.WithArgs("-kernel", "net_ticktime", "4"), beam.WithTimeout(2*time.Minute))
	<-laid
	n := start(t, node.Config{Name: "gonode@" + hereAddr, LongNames: true, Cookie: gonodetest.Cookie(t),
		EPMD:     node.EPMDEmbedded,
		EPMDPort: uint16(port), TickTime: tick})
	spawnSamples(t, n)
	spawn(t, n, "victim", genserv.Of(victim{}))
	srv := startSrv(t, e)
	events := watchNodes(t, n)
	e.Eval(t, "process_flag(trap_exit, true), net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}])")
	e.Eval(t, at(n, `S = {victim,'gonode@host'}, Watch = fun() ->
		V = gen_server:call(S, pid), link(V), M = monitor(process, S), Ref = gen_server:call(S, {monitor, whereis(srv)}), put(watched, {V, M, Ref}), ok end`))
	e.Eval(t, at(n, `Heard = fun() -> {V, M, _} = get(watched), [receive {'EXIT', V, A} -> A after 20000 -> none end,
		receive {'DOWN', M, process, _, B} -> B after 20000 -> none end,
		receive {nodedown, 'gonode@host', I} -> proplists:get_value(nodedown_reason, I) after 20000 -> none end] end`))
	e.Eval(t, "gen_server:call(S, {trap,true})")
	require.Equal(t, "ok", e.Eval(t, "Watch()"))
	require.True(t, next(t, events).Up)

	for _, cut := range []struct {
		name         string
		there, here  bool
		ours, theirs string // the reasons that the nodes give
	}{
		{"both ways", true, true, "net_tick_timeout", "net_tick_timeout"},
		// Who still hears something may hear the end of the connection from the other one before its own patience is over.
		{"towards the Erlang node", true, false, "net_tick_timeout|connection_closed", "net_tick_timeout"},
		{"towards the Go node", false, true, "net_tick_timeout", "net_tick_timeout|connection_closed"},
	} {
		t.Run(cut.name, func(t *testing.T) {
			waiting := make(chan error, 1)
			go func() {
				_, err := n.Call(within(t, 30*time.Second), srv, etf.Atom("silence"))
				waiting <- err
			}()
			stillServes(t, n, e)
			began := time.Now()
			w.cutTo(cut.there, cut.here)
			down := next(t, events)
			t.Logf("noticed after %v: %v", time.Since(began).Round(time.Millisecond), down.Cause)
			require.False(t, down.Up)
			require.Regexp(t, "^("+cut.ours+")$", string(down.Reason))
			require.Less(t, time.Since(began), 3*tick, "5 s where nothing else runs; dist/tick_test.go has the exact times")
			require.ErrorIs(t, <-waiting, genserv.ErrNoConnection)
			require.Regexp(t, `^\[noconnection,noconnection,(`+cut.theirs+`)\]$`, e.Eval(t, "Heard()"))

			w.heal(cut.there, cut.here)
			began = time.Now()
			require.Eventually(t, func() bool { return n.Ping(within(t, time.Second), etf.Atom(e.Name())) == nil },
				30*time.Second, 10*time.Millisecond)
			t.Logf("healed after %v", time.Since(began).Round(time.Millisecond))
			require.True(t, next(t, events).Up)
			require.Equal(t, "true", e.Eval(t,
				"(fun() -> {_, _, R} = get(watched), Me = self(), [{'EXIT',Me,noconnection}, "+
					"{'DOWN',R,process,_,noconnection}] = lists:sort(gen_server:call(S, seen)), true end)()"))
			require.Equal(t, "ok", e.Eval(t, "Watch()"))
		})
	}
}
