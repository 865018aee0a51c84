//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/peer"
)

// among returns the program with the cookie and the EPMD of the Erlang nodes of the test, and with its own home
// directory.
func among(t *testing.T) program {
	t.Helper()
	beam.OTPRelease(t) // skips where there is no Erlang
	return program{bin: buildBinary(t), env: []string{"HOME=" + t.TempDir(), "XDG_CONFIG_HOME=", "ERL_EPMD_ADDRESS=",
		"GONODE_COOKIE=" + gonodetest.Cookie(t), fmt.Sprintf("ERL_EPMD_PORT=%d", beam.PrivateEPMD(t).Port())}}
}

// besides is among for commands that run in this process.
func besides(t *testing.T) {
	t.Helper()
	alone(t)
	t.Setenv("ERL_EPMD_PORT", fmt.Sprint(beam.PrivateEPMD(t).Port()))
	t.Setenv(cookieVar, gonodetest.Cookie(t))
}

// desk is the Erlang gen_server of these tests.
const desk = `-module(desk).
-behaviour(gen_server).
-export([start/1, init/1, handle_call/3, handle_cast/2]).
start(Name) -> {ok, _} = gen_server:start({local, Name}, ?MODULE, [], []).
init([]) -> {ok, []}.
handle_call({exit, Reason}, _, S) -> {stop, Reason, S};
handle_call(crash, _, S) -> {reply, length(not_a_list), S};
handle_call(mute, _, S) -> desk_watcher ! mute, {noreply, S};
handle_call(nodes, _, S) -> {reply, {nodes(), nodes(hidden)}, S};
handle_call(casts, _, S) -> {reply, lists:reverse(S), []};
handle_call({eval, Text}, _, S) ->
    {ok, Tokens, _} = erl_scan:string(Text ++ "."),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    {value, V, _} = erl_eval:exprs(Exprs, []),
    {reply, V, S};
handle_call(Request, _, S) -> {reply, Request, S}.
handle_cast(Request, S) -> {noreply, [Request|S]}.
`

func startDesk(t *testing.T, opts ...beam.Option) *beam.Node {
	t.Helper()
	e := beam.StartErl(t, opts...)
	e.Compile(t, "desk", desk)
	e.Eval(t, "desk:start(desk).")
	return e
}

func TestErlangServersAreCalledAndCast(t *testing.T) {
	p, e := among(t), startDesk(t)
	name := e.Name()
	require.Equal(t, "pong", p.prints(t, "ping", name))
	alive, _, _ := strings.Cut(name, "@")
	require.Equal(t, "pong", p.prints(t, "ping", alive))
	require.Regexp(t, "^"+alive+"\t\\d+$", p.prints(t, "names"))

	for _, term := range []string{"ok", "-17", "340282366920938463463374607431768211456", "-0.0", "[]", "{}",
		`<<"gr\303\274n">>`,
		"'with space'", "[a|b]", `"chars"`, "#{1 => [2.5],k => <<5:3>>}", "fun lists:map/2"} {
		sent, err := etf.Parse(term)
		require.NoError(t, err)
		back, err := etf.Parse(p.prints(t, "call", name, "desk", "--", term))
		require.NoError(t, err)
		require.True(t, etf.Equal(sent, back), "%s came back as %v", term, back)
	}
	for i := range 10 {
		require.Empty(t, p.prints(t, "cast", name, "desk", fmt.Sprintf("{n, %d}", i)))
	}
	require.Equal(t, "[[\"n\",0],[\"n\",1],[\"n\",2],[\"n\",3],[\"n\",4],[\"n\",5],[\"n\",6],[\"n\",7],[\"n\",8],[\"n\",9]]",
		p.prints(t, "call", name, "desk", "casts", "-o", "json"), "each cast went out before the command ended, in order")
	require.Regexp(t, `^\{\[\],\['gonode-1@`, p.prints(t, "call", name, "desk", "nodes"), "a passing client is hidden")
	require.Contains(t, p.prints(t, "call", name, "desk", "nodes", "--sname", "clerk"), "[clerk@")
	require.Regexp(t, `^\{\[\],\['[A-Z0-9]+@`, p.prints(t, "call", name, "desk", "nodes", "--sname", "undefined"),
		"a name that the node has made")
}

func TestWhatOnlyErlangCanMakeIsPrintedAsErlangDoes(t *testing.T) {
	p, e := among(t), startDesk(t)
	for _, expr := range []string{"list_to_pid(\"<0.4321.0>\")", "erlang:make_ref()", "hd(erlang:ports())"} {
		text := p.prints(t, "call", e.Name(), "desk", `{eval, "`+strings.ReplaceAll(expr, `"`, `\"`)+`"}`)
		require.Regexp(t, `^(<\d+\.4321\.0>|#Ref<\d+(\.\d+)+>|#Port<\d+\.\d+>)$`, text)
	}
	require.Equal(t, `{"<<1,2,3:4>>":[1.0e100,"<<255>>",null]}`,
		p.prints(t, "call", e.Name(), "desk", "#{<<1,2,3:4>> => {1.0e100, <<255>>, undefined}}", "-o", "json"))
	large := p.prints(t, "call", e.Name(), "desk", `{eval, "lists:seq(1, 100000)"}`, "-o", "json")
	require.Equal(t, 99_999, strings.Count(large, ","))
}

func TestTheEndOfAnErlangServerIsTold(t *testing.T) {
	p, e := among(t), startDesk(t)
	name := e.Name()
	p.fails(t, exitRemote, []string{"call", name, "nosuch", "x"}, "there is no process nosuch on "+name)
	p.fails(t, exitRemote, []string{"call", name, "desk", `{exit, {shutdown, [<<"why">>, "not"]}}`},
		"desk on "+name+` ended without an answer: {shutdown,[<<"why">>,"not"]}`)
	e.Eval(t, "desk:start(desk).")
	p.fails(t, exitRemote, []string{"call", name, "desk", "crash"}, "ended without an answer: {badarg,[{")

	e.Eval(t, "desk:start(desk).")
	e.Eval(t, "register(desk_watcher, self()).")
	p.fails(t, exitTimeout, []string{"call", name, "desk", "mute", "--timeout", "400ms"},
		"desk on "+name+" did not answer within 400ms")
	e.Eval(t, "receive mute -> ok end.")
	_, wait := p.start(t, "call", name, "desk", "mute", "--timeout", "1m")
	e.Eval(t, "receive mute -> ok end.")
	e.Kill(t)
	r := wait()
	require.Equal(t, exitConnect, r.code, r.err)
	require.Equal(t, "gonode: the connection was lost before desk on "+name+" answered\n", r.err)
	p.fails(t, exitConnect, []string{"ping", name}, "cannot connect to "+name+": the EPMD of ")
}

func TestCtrlCEndsACallAtOnce(t *testing.T) {
	p, e := among(t), startDesk(t)
	e.Eval(t, "register(desk_watcher, self()).")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd, wait := p.start(t, "call", e.Name(), "desk", "mute", "--timeout", "0")
		e.Eval(t, "receive mute -> ok end.")
		require.NoError(t, cmd.Process.Signal(signal))
		require.Equal(t, result{exitFailure, "", "gonode: interrupted\n"}, wait())
	}
}

func TestErlangRefusesAndItIsToldWhy(t *testing.T) {
	p := among(t)
	bad := startDesk(t, beam.WithCookie("another"))
	p.fails(t, exitHandshake, []string{"call", bad.Name(), "desk", "x"}, "cannot connect to "+bad.Name(),
		"give both nodes the same cookie",
		"the cookie of this side is from GONODE_COOKIE")
	bad.AwaitLog(t, "nvalid challenge reply")
	require.Equal(t, "pong", p.prints(t, "ping", bad.Name(), "--cookie", "another"))

	picky := beam.StartErl(t)
	picky.Eval(t, "net_kernel:allow(['friend@nowhere']).")
	p.fails(t, exitHandshake, []string{"ping", picky.Name(), "--sname", "foe"},
		"not_allowed: the peer does not admit foe@", "net_kernel:allow/1")

	frozen := beam.StartErl(t)
	frozen.Pause(t)
	p.fails(t, exitTimeout, []string{"ping", frozen.Name(), "--timeout", "500ms"},
		"cannot connect to "+frozen.Name()+": not within 500ms")
	frozen.Resume(t)
	require.Equal(t, "pong", p.prints(t, "ping", frozen.Name()))
}

func TestNodesWithLongNamesAreReachedByTheirName(t *testing.T) {
	p, long := among(t), startDesk(t, beam.WithName("long@127.0.0.1"))
	require.Equal(t, "pong", p.prints(t, "ping", "long@127.0.0.1"))
	require.Equal(t, "pong", p.prints(t, "ping", "long@127.0.0.1", "--name", "clerk@127.0.0.1"))
	require.Equal(t, "pong", p.prints(t, "ping", "long", "--name", "clerk@127.0.0.1"))
	require.Equal(t, "{[],['clerk@127.0.0.1']}", p.prints(t, "call", long.Name(), "desk", "nodes", "--name",
		"clerk@127.0.0.1"))
	p.fails(t, exitUsage, []string{"ping", "long@127.0.0.1", "--sname", "clerk"}, "give --name instead of --sname")
	p.fails(t, exitHandshake, []string{"ping", "long"}, "handshake to long@")

	short := beam.StartErl(t)
	p.fails(t, exitUsage, []string{"ping", short.Name(), "--name", "clerk@127.0.0.1"}, "give --sname instead of --name")
	alive, _, _ := strings.Cut(short.Name(), "@")
	p.fails(t, exitHandshake, []string{"ping", alive + "@127.0.0.1"}, "handshake to "+alive+"@127.0.0.1")
}

func TestElixirServersAreCalledByTheirModule(t *testing.T) {
	p, x := among(t), beam.StartElixir(t)
	x.Eval(t, `defmodule My.Desk do
  use GenServer
  def init(state), do: {:ok, state}
  def handle_call(request, _from, state), do: {:reply, %{got: request, nothing: nil}, state}
end
{:ok, _} = GenServer.start(My.Desk, [], name: My.Desk)`)
	require.Equal(t, `{"got":["ping","text",[49]],"nothing":null}`,
		p.prints(t, "call", x.Name(), "Elixir.My.Desk", `{ping, <<"text">>, "1"}`, "-o", "json"))
	p.fails(t, exitRemote, []string{"call", x.Name(), "My.Desk", "x"}, "an Elixir module is registered as Elixir.My.Desk")
	p.fails(t, exitRemote, []string{"call", x.Name(), "Elixir.My.Nosuch", "x"},
		"there is no process 'Elixir.My.Nosuch' on "+x.Name()+"\n")
}

func TestASecondNodeUnderTheNameOfAnErlangNodeSaysWhoHoldsIt(t *testing.T) {
	p := among(t)
	beam.StartErl(t, beam.WithSname("calc"))
	_, port, _ := strings.Cut(p.prints(t, "names"), "\t")
	p.fails(t, exitFailure, []string{"run", "--sname", "calc"}, `the name "calc" is taken`,
		"by a node that listens on port "+port)
}

func TestTheCookieIsInNoOutputOfTheProgram(t *testing.T) {
	p, e := among(t), startDesk(t)
	secret := gonodetest.Cookie(t)
	file := filepath.Join(t.TempDir(), "cookie")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o400))
	for _, args := range [][]string{
		{"ping", e.Name(), "-v"}, {"ping", e.Name(), "-v", "--cookie", secret},
		{"call", e.Name(), "desk", "x", "-v", "--cookie-file", file},
		{"cast", e.Name(), "desk", "x", "-v"}, {"ping", "nosuch", "-v"}, {"ping", "--cookie", secret},
		{"run", "-v", "--sname", strings.Split(e.Name(), "@")[0]},
	} {
		r := p.run(t, args...)
		require.NotContains(t, r.out+r.err, secret, "%q", args)
	}
}

func TestDoctorWalksTheWholeWayToAnErlangNode(t *testing.T) {
	p, e := among(t), beam.StartErl(t, beam.WithArgs("-kernel", "net_ticktime", "8"))
	lines := strings.Split(p.prints(t, "doctor", e.Name()), "\n")
	steps := []string{"name", "address", "epmd", "port", "handshake", "flags", "ping", "tick"}
	require.Len(t, lines, len(steps)+1)
	for i, step := range steps {
		require.Regexp(t, "^"+step+" +ok +.", lines[i])
	}
	require.Regexp(t, "^ +change: give all nodes of the cluster the same net_ticktime$", lines[len(steps)],
		"advice without a failure")
	require.Contains(t, p.prints(t, "doctor", e.Name(), "-o", "json"), `{"step":"ping","ok":true,"detail":"pong in `)
}

func TestDoctorSaysAtTheFirstFailureWhatToChange(t *testing.T) {
	p := among(t)
	bad := beam.StartErl(t, beam.WithCookie("another"))
	_, host, _ := strings.Cut(bad.Name(), "@")
	ends := func(code int, node, step, failure, advice string) {
		t.Helper()
		r := p.run(t, "doctor", node)
		require.Equal(t, code, r.code, r.out)
		lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
		require.GreaterOrEqual(t, len(lines), 2)
		for _, line := range lines[:len(lines)-2] {
			require.Regexp(t, "^[a-z]+ +ok ", line)
		}
		require.Regexp(t, "^"+step+" +FAIL +.*"+failure, lines[len(lines)-2])
		require.Regexp(t, "^ +change: .*"+advice, lines[len(lines)-1])
		require.Equal(t, "gonode: the way to "+node+" ends at the step "+step+"\n", r.err)
	}
	alive, _, _ := strings.Cut(bad.Name(), "@")
	ends(exitConnect, "a@no-such-host-here", "address", "no-such-host-here", "/etc/hosts")
	ends(exitConnect, "nosuch@"+host, "epmd", "nosuch", "knows .*"+alive)
	ends(exitHandshake, bad.Name(), "handshake", "cookie", "give both nodes the same cookie")
	bad.Pause(t)
	r := p.run(t, "doctor", bad.Name(), "--timeout", "1s")
	require.Equal(t, exitTimeout, r.code, r.out)
	require.Contains(t, r.out, "change: no answer within 1s", "who is silent is told apart from who refuses")
	bad.Resume(t)
	r = p.run(t, "doctor", bad.Name(), "-o", "json")
	require.Contains(t, r.out, `"step":"handshake","ok":false,`)
	require.Contains(t, r.out, `"advice":"give both nodes the same cookie"}`)
}

func TestTheWireIsTracedALineAMessage(t *testing.T) {
	p, e := among(t), startDesk(t)
	p.env = append(p.env, "GONODE_TRACE=dist")
	r := p.run(t, "call", e.Name(), "desk", "{hello, 1}")
	require.Equal(t, "{hello,1}\n", r.out, "data stays apart")
	const stamp = `(?m)^\d\d:\d\d:\d\d\.\d{6} `
	require.Regexp(t, stamp+`-> `+e.Name()+` REG_SEND <0\.\d+\.0> -> desk .*\{hello,1\}\} \(\d+ bytes\)$`, r.err)
	answer := "ALIAS_SEND"
	if beam.OTPRelease(t) < 24 { // it knows no aliases
		answer = "SEND_SENDER"
	}
	require.Regexp(t, stamp+`<- `+e.Name()+` `+answer+` .*\{\[alias\|#Ref<[\d.]+>\],\{hello,1\}\} \(\d+ bytes\)$`, r.err)
	for _, line := range strings.Split(strings.TrimSuffix(r.err, "\n"), "\n") {
		require.Regexp(t, stamp+`(->|<-) `+e.Name()+` [A-Z_0-9]+ `, line)
	}
	p.env = append(p.env, "GONODE_TRACE=all")
	p.fails(t, exitUsage, []string{"ping", e.Name()}, `GONODE_TRACE is "all"; it may be dist`)
}

// takeAllNames takes all names of clients.
func takeAllNames(t *testing.T) {
	t.Helper()
	for i := 1; i <= clientNames; i++ {
		r, err := epmd.Register(t.Context(), epmd.RegisterOptions{Addr: epmd.Addr("127.0.0.1"),
			Name: fmt.Sprintf("gonode-%d", i), Port: 1})
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.Close() })
	}
}

// A C or Java node closes the connection if a peer asks it for a name. The doctor checks without asking for one.
func TestANodeThatMakesNoNamesIsCalledUnderOneOfOurOwn(t *testing.T) {
	besides(t)
	takeAllNames(t)
	p := peer.New(t, "other@localhost")
	p.Flags &^= dist.FlagsMonitor
	p.Register(t, beam.PrivateEPMD(t).Port())
	p.Accept(peer.ExpectName())
	p.Accept(peer.Handshake(""),
		peer.Expect("{6,'$from','',net_kernel}", "{'$gen_call',{'$from','$tag'},{is_auth,'_'}}"),
		peer.Send("{2,'','$from'}", "{'$tag',yes}"), peer.Hold())
	require.Equal(t, "pong", prints(t, "ping", "other@localhost"))
	require.Regexp(t, `seen from gonode-\d+-\d+@`, gonode(t, "doctor", "nosuch@localhost").out)
}

func TestThreeHundredRunsLeaveFewAtomsOnANode(t *testing.T) {
	e := startDesk(t)
	besides(t)
	atoms := func() int {
		var n int
		_, err := fmt.Sscan(e.Eval(t, "erlang:system_info(atom_count)"), &n)
		require.NoError(t, err)
		return n
	}
	require.Equal(t, "pong", prints(t, "ping", e.Name()))
	before := atoms()
	var runs sync.WaitGroup
	for range 4 { // concurrently
		runs.Go(func() {
			for range 75 {
				if r := gonode(t, "ping", e.Name()); r.code != 0 {
					t.Error(r)
				}
			}
		})
	}
	runs.Wait()
	require.Less(t, atoms()-before, 20)

	// No name is free. The node makes one, and gives the same name to later clients.
	takeAllNames(t)
	var names []string
	for range 3 {
		names = append(names, prints(t, "call", e.Name(), "desk", "nodes"))
	}
	require.Regexp(t, `^\{\[\],\['[A-Z0-9]+@`, names[0])
	require.Equal(t, names[0], names[1])
	require.Equal(t, names[0], names[2])
}

func TestANodeThatAdmitsOnlySomeIsReachedByThemAlone(t *testing.T) {
	e := beam.StartErl(t)
	besides(t)
	host := shortHost(t)
	e.Eval(t, "ok = net_kernel:allow(['gonode-1@"+host+"', clerk@"+host+"])")
	startRun(t, "--allow", "gonode-1@"+host+",clerk@")
	for _, name := range []string{e.Name(), "gonode"} {
		require.Equal(t, "pong", prints(t, "ping", name))
		require.Equal(t, "pong", prints(t, "ping", name, "--sname", "clerk"))
		fails(t, exitHandshake, []string{"ping", name, "--sname", "other"}, "not_allowed")
	}
}
