package erlang

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// foreigner is a node that is neither OTP's nor ours, with a server called peer: testdata/peers.
type foreigner struct {
	name    etf.Atom
	command []string // without the name
	links   bool     // it has mailboxes that can be linked
}

// peer is the server of a foreigner.
func (f foreigner) peer() etf.Term { return etf.Tuple{etf.Atom("peer"), f.name} }

// buildC makes the C node. The library comes with Erlang: erlang-dev on Debian.
func buildC(t *testing.T, root string) foreigner {
	const lane = "C node"
	usr := filepath.Join(root, "usr")
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		gonodetest.Missing(t, lane, "gcc is not installed")
	}
	if _, err := os.Stat(filepath.Join(usr, "include", "ei.h")); err != nil {
		gonodetest.Missing(t, lane, "erl_interface is not installed (erlang-dev): "+err.Error())
	}
	program := filepath.Join(t.TempDir(), "cnode")
	build := exec.CommandContext(t.Context(), gcc, "-Wall", "-I"+filepath.Join(usr, "include"), "-o", program,
		"testdata/peers/cnode.c", "-L"+filepath.Join(usr, "lib"), "-lei", "-lpthread")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return foreigner{"cnode@localhost", []string{program}, false}
}

// buildJava makes the Java node. Jinterface comes with Erlang: erlang-jinterface on Debian.
func buildJava(t *testing.T, root string) foreigner {
	const lane = "Jinterface node"
	javac, err := exec.LookPath("javac")
	if err != nil {
		gonodetest.Missing(t, lane, "javac is not installed")
	}
	jars, err := filepath.Glob(filepath.Join(root, "lib", "jinterface-*", "priv", "OtpErlang.jar"))
	require.NoError(t, err)
	if len(jars) == 0 {
		gonodetest.Missing(t, lane, "Jinterface is not installed (erlang-jinterface)")
	}
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), javac, "-cp", jars[0], "-d", dir, "testdata/peers/JavaNode.java")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := []string{"java", "-XX:TieredStopAtLevel=1", "-cp", jars[0] + ":" + dir, "JavaNode"}
	return foreigner{"jnode@localhost", run, true}
}

// start runs the node until the test ends. With dial it connects to that node by itself.
func (f foreigner) start(t *testing.T, dial ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	words := append(append(f.command[1:len(f.command):len(f.command)], string(f.name), gonodetest.Cookie(t)), dial...)
	cmd := exec.CommandContext(ctx, f.command[0], words...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("ERL_EPMD_PORT=%d", beam.PrivateEPMD(t).Port()))
	cmd.Stderr = t.Output()
	_, err := cmd.StdinPipe() // the end of it is the end of the program
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
}

// watchman is a server that tells a channel of every message it gets; a call of it is a function to be run in it.
type watchman struct{ seen chan etf.Term }

func (watchman) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[struct{}] {
	p.TrapExit(true)
	return genserv.Ok(struct{}{})
}

func (watchman) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s struct{}) genserv.Result[struct{}] {
	t := request.(etf.Tuple)
	switch t[0].(etf.Atom) {
	case "monitor":
		ref, err := p.Monitor(t[1])
		if err != nil {
			return genserv.Reply(etf.Term(etf.Atom(err.Error())), s)
		}
		return genserv.Reply(ref, s)
	case "demonitor":
		p.Demonitor(t[1].(etf.Ref))
	case "link":
		p.Link(t[1].(etf.Pid))
	case "stop":
		return genserv.Stop[struct{}](t[1], s)
	case "unlink":
		p.Unlink(t[1].(etf.Pid))
	}
	return genserv.Reply(etf.Term(etf.Atom("ok")), s)
}

func (w watchman) HandleInfo(_ *genserv.Process, msg etf.Term, s struct{}) genserv.Result[struct{}] {
	w.seen <- msg
	return genserv.NoReply(s)
}

// overForeigners runs a test with a node of each kind.
func overForeigners(t *testing.T, test func(t *testing.T, n *node.Node, f foreigner)) {
	for kind, build := range map[string]func(*testing.T, string) foreigner{"C": buildC, "Java": buildJava} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := build(t, erlangRoot(t))
			cfg := config(t)
			cfg.Name = "gonode@localhost"
			n := start(t, cfg)
			spawnSamples(t, n)
			test(t, n, f)
		})
	}
}

// erlangRoot is where Erlang is installed.
func erlangRoot(t *testing.T) string {
	erl, err := exec.LookPath("erl")
	if err != nil {
		gonodetest.Missing(t, gonodetest.LaneErlang, "erl is not installed")
	}
	ask := exec.CommandContext(t.Context(), erl, "-noinput", "-eval", "io:put_chars(code:root_dir()), halt().")
	root, err := ask.Output()
	require.NoError(t, err)
	return string(root)
}

// ask calls the server of a foreigner.
func (f foreigner) ask(t *testing.T, n *node.Node, request etf.Term) etf.Term {
	t.Helper()
	reply, err := n.Call(within(t, 10*time.Second), f.peer(), request)
	require.NoError(t, err, request)
	return reply
}

// startWatchman starts a watchman and returns its pid and what makes it do something.
func startWatchman(t *testing.T, n *node.Node) (w watchman, pid etf.Pid, do func(what etf.Atom, to etf.Term) etf.Term) {
	w = watchman{make(chan etf.Term, 10)}
	pid = spawn(t, n, "", genserv.Of(w))
	return w, pid, func(what etf.Atom, to etf.Term) etf.Term {
		result, err := n.Call(within(t, 10*time.Second), pid, etf.Tuple{what, to})
		require.NoError(t, err)
		return result
	}
}

func TestNodesOfOtherLanguagesAreCalledAndWatchedAsFromABeam(t *testing.T) {
	overForeigners(t, func(t *testing.T, n *node.Node, f foreigner) {
		f.start(t)
		ctx := within(t, 10*time.Second)
		require.NoError(t, n.Ping(ctx, f.name))
		value := parse(t, `#{a => [1, 2.5, <<"x">>]}`)
		require.True(t, etf.Equal(value, f.ask(t, n, etf.Tuple{etf.Atom("echo"), value})))
		replies, bad := n.MultiCall(ctx, []etf.Atom{f.name, n.Name()}, "peer", parse(t, `{echo, hi}`))
		require.Equal(t, []node.NodeReply{{Node: f.name, Reply: etf.Atom("hi")}}, replies)
		require.Equal(t, []etf.Atom{n.Name()}, bad)
		require.Equal(t, etf.Int(42), f.ask(t, n, parse(t, `{call, counter, {add, 42}}`)))
		require.Equal(t, n.Name(), f.ask(t, n, parse(t, `{rpc, erlang, node, []}`)))
		if f.links {
			linksEndWithAReasonOnBothSides(t, n, f)
		}

		w, _, do := startWatchman(t, n)
		pid := f.ask(t, n, etf.Atom("self"))
		do("demonitor", do("monitor", f.peer()))
		byName, byPid := do("monitor", f.peer()), do("monitor", pid)
		do("link", pid)
		do("unlink", pid)
		do("link", pid)
		require.Equal(t, etf.Int(43), f.ask(t, n, parse(t, `{call, counter, {add, 1}}`)))
		require.Empty(t, w.seen)
		_, err := n.Call(ctx, f.peer(), etf.Atom("die"))
		require.ErrorIs(t, err, genserv.ErrNoConnection)
		require.ElementsMatch(t, []etf.Term{
			etf.Tuple{etf.Atom("DOWN"), byName, etf.Atom("process"), f.peer(), etf.Atom("noconnection")},
			etf.Tuple{etf.Atom("DOWN"), byPid, etf.Atom("process"), pid, etf.Atom("noconnection")},
			etf.Tuple{etf.Atom("EXIT"), pid, etf.Atom("noconnection")},
		}, []etf.Term{<-w.seen, <-w.seen, <-w.seen})

		f.name = "second@localhost"
		f.start(t, string(n.Name())) // this one connects by itself
		require.Equal(t, etf.Int(44), f.ask(t, n, parse(t, `{call, counter, {add, 1}}`)))
	})
}

// linksEndWithAReasonOnBothSides links a server and a mailbox of Jinterface, each in its turn the one that does it.
func linksEndWithAReasonOnBothSides(t *testing.T, n *node.Node, f foreigner) {
	w, pid, do := startWatchman(t, n)
	ok := func(request ...etf.Term) { require.Equal(t, etf.Atom("ok"), f.ask(t, n, etf.Tuple(request))) }
	signal := func() etf.Term { return f.ask(t, n, etf.Atom("signal")) }

	box := f.ask(t, n, etf.Atom("box"))
	do("link", box)
	ok(etf.Atom("exit"), etf.Atom("bang"))
	require.Equal(t, etf.Tuple{etf.Atom("EXIT"), box, etf.Atom("bang")}, <-w.seen)

	box = f.ask(t, n, etf.Atom("box"))
	do("link", box)
	do("unlink", box)
	ok(etf.Atom("link"), pid)
	ok(etf.Atom("unlink"), pid)
	ok(etf.Atom("exit"), etf.Atom("unheard"))
	require.Empty(t, w.seen)

	f.ask(t, n, etf.Atom("box"))
	ok(etf.Atom("link"), pid)
	require.Equal(t, etf.Atom("nothing"), signal())
	_, err := n.Call(within(t, 10*time.Second), pid, etf.Tuple{etf.Atom("stop"), etf.Atom("enough")})
	require.Error(t, err)
	require.Equal(t, etf.Atom("enough"), signal())
}

func parse(t *testing.T, text string) etf.Term {
	t.Helper()
	term, err := etf.Parse(text)
	require.NoError(t, err)
	return term
}
