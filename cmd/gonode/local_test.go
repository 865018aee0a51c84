package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/node"
)

func TestEveryVerbAgainstANodeOnAMachineWithoutEPMD(t *testing.T) {
	alone(t)
	fails(t, exitConnect, []string{"names"}, "no EPMD answers at localhost:", "epmd -daemon")
	fails(t, exitConnect, []string{"ping", "gonode"}, "cannot connect to gonode@"+shortHost(t), "no EPMD answers")
	r := startRun(t)
	require.Contains(t, r.err.String(), "embedded epmd on port "+os.Getenv("ERL_EPMD_PORT"))
	name := "gonode@" + shortHost(t)

	require.Regexp(t, `^gonode\t\d+$`, prints(t, "names"))
	require.Regexp(t, `^\[\{"name":"gonode","port":\d+\}\]$`, prints(t, "names", "127.0.0.1", "-o", "json"))
	require.Equal(t, "pong", prints(t, "ping", name))
	require.Equal(t, `"pong"`, prints(t, "ping", "gonode", "-o", "json"), "a name without a host is one of this host")
	require.Equal(t, "{a,[1,2.5],<<\"x\">>}", prints(t, "call", "gonode", "echo", `{a, [1, 2.5], <<"x">>}.`))
	require.Equal(t, `{"k":[1,2.5,"x"]}`, prints(t, "call", name, "echo", `#{k => [1, 2.5, <<"x">>]}`, "-o", "json"))
	require.Equal(t, "-1", prints(t, "call", name, "echo", "--", "-1"))
	for range 5 {
		require.Empty(t, prints(t, "cast", name, "counter", "{add, 8}"))
	}
	require.Equal(t, "42", prints(t, "call", name, "counter", "{add, 2}", "--sname", "me", "--timeout", "0"))

	in := gonodeWith(t, "#{list =>\n  [1, 2]}. % done\n", "call", name, "echo", "-")
	require.Equal(t, result{0, "#{list => [1,2]}\n", ""}, in)

	require.Empty(t, r.out.String(), "run has no data")
	require.Zero(t, r.end())
	require.True(t, strings.HasSuffix(r.err.String(), "stopping\n"))
	fails(t, exitConnect, []string{"ping", name}, "no EPMD answers")
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	alone(t)
	startRun(t)
	host := shortHost(t)
	fails(t, exitConnect, []string{"ping", "nosuch"}, "cannot connect to nosuch@"+host+": the EPMD of "+host+
		" knows no nosuch; gonode names "+host)
	fails(t, exitRemote, []string{"call", "gonode", "nosuch", "x"}, "there is no process nosuch on gonode@"+host)
	fails(t, exitRemote, []string{"call", "gonode", "My.Server", "x"}, "there is no process 'My.Server' on",
		"registered as Elixir.My.Server")
	require.Empty(t, prints(t, "cast", "gonode", "nosuch", "x"), "as in Erlang, a cast does not tell")
	fails(t, exitConnect, []string{"cast", "nosuch", "x", "x"}, "knows no nosuch")
	t.Setenv(cookieVar, "another")
	r := fails(t, exitHandshake, []string{"ping", "gonode"}, "same cookie",
		"the cookie of this side is from GONODE_COOKIE")
	require.NotContains(t, r.err, "another\n")
	fails(t, exitHandshake, []string{"cast", "gonode", "counter", "reset"}, "same cookie")
}

func TestASecondNodeOfTheSameNameSaysWhoHoldsIt(t *testing.T) {
	alone(t)
	startRun(t, "--sname", "calc")
	_, port, _ := strings.Cut(prints(t, "names"), "\t")
	fails(t, exitFailure, []string{"run", "--sname", "calc"}, `the name "calc" is taken`, "listens on port "+port,
		"--sname")
	fails(t, exitFailure, []string{"run", "--epmd", "embedded"}, "with --epmd auto or external")
	second := startRun(t, "--sname", "calc2", "--epmd", "external")
	require.NotContains(t, second.err.String(), "embedded")
	require.Equal(t, "pong", prints(t, "ping", "calc2"))
	require.Equal(t, "calc", strings.Split(prints(t, "names"), "\t")[0], "sorted by name")
}

func TestWhereTheNodeListensIsUpToTheUser(t *testing.T) {
	alone(t)
	fails(t, exitConnect, []string{"run", "--epmd", "external"}, "no EPMD answers at 127.0.0.1:",
		"start one there (epmd -daemon)")
	port := gonodetest.FreePort(t)
	startRun(t, "--listen", "127.0.0.1", "--port-min", strconv.Itoa(port), "--epmd", "embedded")
	require.Equal(t, fmt.Sprintf("gonode\t%d", port), prints(t, "names"))
	fails(t, exitFailure, []string{"run", "--sname", "b", "--listen", "127.0.0.1", "--port-min", strconv.Itoa(port)},
		"gonode: no port to listen on within", "in use")
	next := startRun(t, "--sname", "c", "--listen", "127.0.0.1", "--port-min", strconv.Itoa(port), "--port-max",
		strconv.Itoa(port+20))
	require.Contains(t, next.err.String(), "listening on 127.0.0.1:")
}

func TestLongNamesFindEachOther(t *testing.T) {
	alone(t)
	r := startRun(t, "--name", "calc@127.0.0.1", "--visible")
	require.Contains(t, r.err.String(), "node calc@127.0.0.1 is up: visible, ")
	require.Contains(t, r.err.String(), " erl -name a@127.0.0.1 ")
	require.Contains(t, r.err.String(), " iex --name b@127.0.0.1 ")
	require.Equal(t, "pong", prints(t, "ping", "calc@127.0.0.1"))
	require.Equal(t, "pong", prints(t, "ping", "calc", "--name", "me@127.0.0.1"), "the host is that of the own name")
	fails(t, exitHandshake, []string{"ping", "calc"}, "handshake")
	fails(t, exitHandshake, []string{"ping", "calc@localhost"},
		"the node that answers is calc@127.0.0.1, not the one that was dialled")
}

func TestACookieIsMadeOnlyIfThereIsNone(t *testing.T) {
	home := alone(t)
	t.Setenv(cookieVar, "")
	file := filepath.Join(home, ".erlang.cookie")
	r := startRun(t)
	require.Contains(t, r.err.String(), "made a new cookie in "+file+"\n")
	require.Contains(t, r.err.String(), "cookie from "+file+"\n")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o400), info.Mode())
	made, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NotContains(t, r.err.String(), string(made))
	require.NotContains(t, r.err.String(), "cookie \"", "erl finds the cookie by itself")
	require.Equal(t, "pong", prints(t, "ping", "gonode"))
	require.Zero(t, r.end())
	require.NotContains(t, startRun(t).err.String(), "made")
}

func TestTheCookieOfTheConfigurationDirectoryIsUsed(t *testing.T) {
	home := alone(t)
	t.Setenv(cookieVar, "")
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "settings"))
	file := filepath.Join(home, "settings", "erlang", ".erlang.cookie")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o400))
	r := startRun(t)
	require.Contains(t, r.err.String(), "cookie from "+file+"\n")
	t.Setenv("XDG_CONFIG_HOME", "")
	require.NoFileExists(t, filepath.Join(home, ".erlang.cookie"))
	t.Setenv(cookieVar, secret+"\n")
	require.Equal(t, "pong", prints(t, "ping", "gonode"), "a line end behind the cookie is none of it")
}

func TestTheCookieHasOneOrderOfSources(t *testing.T) {
	home := alone(t)
	right, wrong := filepath.Join(home, "right o'clock"), filepath.Join(home, ".erlang.cookie")
	require.NoError(t, os.WriteFile(right, []byte(secret), 0o400))
	require.NoError(t, os.WriteFile(wrong, []byte("wrong"), 0o400))
	r := startRun(t, "--cookie-file", right)
	require.Contains(t, r.err.String(), `erl -sname a -setcookie "$(cat '`+home+`/right o'\''clock')"`)

	t.Setenv(cookieVar, "")
	fails(t, exitHandshake, []string{"ping", "gonode"}, "the cookie of this side is from "+wrong)
	t.Setenv(cookieVar, "wrong")
	fails(t, exitHandshake, []string{"ping", "gonode"}, "the cookie of this side is from GONODE_COOKIE")
	require.Equal(t, "pong", prints(t, "ping", "gonode", "--cookie-file", right))
	require.Equal(t, "pong", prints(t, "ping", "gonode", "--cookie", secret))
	fails(t, exitHandshake, []string{"ping", "gonode", "--cookie", "wrong"}, "the cookie of this side is from --cookie")
}

func TestTheCookieIsNeverTold(t *testing.T) {
	alone(t)
	r := startRun(t, "-v", "--cookie", secret)
	require.Contains(t, r.err.String(), "see --cookie in the list of processes")
	require.Contains(t, r.err.String(), "-setcookie THE_COOKIE\n")
	require.Contains(t, r.err.String(), "type, with the cookie for THE_COOKIE:")
	for _, args := range [][]string{{"ping", "gonode", "-v"}, {"call", "gonode", "echo", "x", "-v", "--cookie", secret}} {
		g := gonode(t, args...)
		require.Zero(t, g.code)
		require.Contains(t, g.err, "level=INFO msg=connected", "-v tells what happens")
		require.NotContains(t, g.out, "level=")
	}
	require.Equal(t, exitHandshake, gonode(t, "ping", "gonode", "-v", "--cookie", "x"+secret[1:]).code)
	require.Zero(t, r.end())
}

func TestAPortThatIsNoNode(t *testing.T) {
	alone(t)
	startRun(t) // for its EPMD
	host := shortHost(t)
	pretend := func(name string, port uint16) {
		r, err := epmd.Register(t.Context(), epmd.RegisterOptions{Name: name, Port: port})
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.Close() })
	}
	pretend("closed", uint16(gonodetest.FreePort(t)))
	fails(t, exitConnect, []string{"ping", "closed"}, "cannot connect to closed@"+host, "EPMD says that it listens there")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	pretend("silent", uint16(l.Addr().(*net.TCPAddr).Port))
	fails(t, exitTimeout, []string{"ping", "silent", "--timeout", "200ms"},
		"cannot connect to silent@"+host+": not within 200ms")
}

func TestAStrangeEPMDCannotWriteToTheTerminal(t *testing.T) {
	alone(t)
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("ERL_EPMD_PORT"))
	require.NoError(t, err)
	defer l.Close()
	answers := []string{"\x00\x00\x00\x01name \x1b[2Jred at port 9\nname calc at port 8\n", "\x00"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, answer := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 3))
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
	require.Equal(t, `"\x1b[2Jred"`+"\t9\ncalc\t8", prints(t, "names"))
	fails(t, exitConnect, []string{"names"}, "NAMES_RESP")
	<-done
}

// mute never answers, moody ends instead.
type mute struct{}

func (mute) Init(*genserv.Process, etf.Term) genserv.InitResult[int] { return genserv.Ok(0) }

func (mute) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, n int) genserv.Result[int] {
	if etf.IsAtom(request, "stop") {
		return genserv.Stop[int](etf.Tuple{etf.Atom("no"), etf.Binary("mood")}, n)
	}
	return genserv.NoReply(n)
}

func TestNoAnswerAndAnEndInsteadOfAnAnswer(t *testing.T) {
	alone(t)
	n, err := node.Start(t.Context(), node.Config{Name: "moody", Cookie: secret})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "mute", Module: genserv.Of(mute{})})
	require.NoError(t, err)
	fails(t, exitTimeout, []string{"call", "moody", "mute", "x", "--timeout", "300ms"},
		"mute on moody@"+shortHost(t)+" did not answer within 300ms; --timeout gives it longer")
	fails(t, exitRemote, []string{"call", "moody", "mute", "stop"}, `ended without an answer: {no,<<"mood">>}`)
}

func TestCtrlCEndsWhatWaits(t *testing.T) {
	alone(t)
	in, input := io.Pipe()
	defer input.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{"call", "gonode", "echo", "-"}, {"ping", "gonode"}, {"names"}} {
		var talk bytes.Buffer
		require.Equal(t, exitFailure, execute(ctx, args, in, io.Discard, &talk))
		require.Equal(t, "gonode: interrupted\n", talk.String())
	}
	var talk bytes.Buffer
	require.Zero(t, execute(ctx, []string{"run"}, in, io.Discard, &talk), "a node that was told to stop before it was up")
}

func TestNodeNamesAreCompleted(t *testing.T) {
	alone(t)
	complete := func(args ...string) string {
		r := gonode(t, append([]string{"__complete"}, args...)...)
		require.Zero(t, r.code)
		return r.out
	}
	require.Equal(t, ":4\n", complete("ping", ""), "without an EPMD there is nothing to offer, not even files")
	startRun(t)
	startRun(t, "--sname", "calc")
	host := shortHost(t)
	both := "calc@" + host + "\ngonode@" + host + "\n:4\n"
	for _, verb := range []string{"ping", "call", "cast"} {
		require.Equal(t, both, complete(verb, ""))
		require.Equal(t, ":4\n", complete(verb, "gonode", ""))
	}
	require.Equal(t, "calc@10.1.2.3\ngonode@10.1.2.3\n:4\n", complete("ping", "--name", "x@10.1.2.3", ""))
	require.Equal(t, "term\njson\n:4\n", complete("call", "-o", ""))
	require.Equal(t, "text\njson\n:4\n", complete("names", "--output", ""))
	require.Equal(t, "auto\nembedded\nexternal\n:4\n", complete("run", "--epmd", ""))
	require.Equal(t, "inet_tcp\ninet_tls\ninet6_tcp\ninet6_tls\n:4\n", complete("call", "--proto-dist", ""))
	require.Contains(t, complete("ping", "--ssl-dist-opt", ""), "client_cacertfile=\n")
	require.Equal(t, ":0\n", complete("run", "--ssl-dist-optfile", ""))
	require.Equal(t, ":4\n", complete("run", "--cookie", ""))
	require.Equal(t, ":0\n", complete("run", "--cookie-file", ""), "here files are what is wanted")
	require.Contains(t, complete(""), "names\tList the nodes")
}
