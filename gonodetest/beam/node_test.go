//go:build unix

package beam_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/internal/witness"
)

func TestNodesOfOneTestFindEachOtherAndNobodyElse(t *testing.T) {
	a, b := beam.StartErl(t), beam.StartErl(t)
	require.Equal(t, "pong", a.Call(t, "net_adm", "ping", b.Atom()))
	require.Equal(t, "["+printed(b)+"]", a.Eval(t, "nodes()."))
	require.Equal(t, a.EPMDPort(), b.EPMDPort())
	require.Equal(t, a.Cookie(), b.Cookie())
	require.Equal(t, gonodetest.Cookie(t), a.Cookie())
	require.Equal(t, "2", a.Eval(t, "{ok, Names} = net_adm:names(), length(Names)."))

	t.Run("another test has another world", func(t *testing.T) {
		c := beam.StartErl(t)
		require.NotEqual(t, a.EPMDPort(), c.EPMDPort())
		require.NotEqual(t, a.Cookie(), c.Cookie())
		require.Equal(t, "pang", c.Call(t, "net_adm", "ping", a.Atom()))
	})
}

func TestErlangAndElixirMeet(t *testing.T) {
	e, x := beam.StartErl(t), beam.StartElixir(t)
	require.Equal(t, ":pong", x.Call(t, "Node", "ping", e.ElixirAtom()))
	require.Equal(t, "pong", e.Call(t, "net_adm", "ping", x.Atom()))
	require.NotEmpty(t, x.Release())
	require.Equal(t, fmt.Sprint(beam.OTPRelease(t)), e.Release())
}

func TestElixirExpressionsAndErrors(t *testing.T) {
	x := beam.StartElixir(t, beam.WithoutDist())
	require.Equal(t, `%{a: "grüße", b: [1, 2.5]}`, x.Eval(t, `m = %{a: "grüße", b: [1, 2.5]}`))
	require.Equal(t, `"grüße"`, x.Eval(t, "m.a"), "a variable lasts")
	require.Equal(t, "6", x.Eval(t, "defmodule Twice do\n  def of(x), do: 2 * x\nend\nTwice.of(3)"))
	require.Equal(t, 999, strings.Count(x.Eval(t, "Enum.to_list(1..1000)"), ","), "nothing is left out")

	raised := x.Raises(t, `raise "boom"`)
	require.Equal(t, "error", raised.Class)
	require.Equal(t, `%RuntimeError{message: "boom"}`, raised.Reason)
	raised = x.Raises(t, "GenServer.call(:nobody, :x)")
	require.Equal(t, "exit", raised.Class)
	require.Equal(t, "{:noproc, {GenServer, :call, [:nobody, :x, 5000]}}", raised.Reason)
	require.Contains(t, raised.Stack, "GenServer.call/3")
	require.Equal(t, "throw", x.Raises(t, "throw :ball").Class)
	require.Contains(t, x.Raises(t, "foo(").Reason, "TokenMissingError")
	require.Equal(t, "EXIT", x.Raises(t, "Process.exit(self(), :kill); Process.sleep(:infinity)").Class)

	x.Compile(t, "erlmod", "-module(erlmod).\n-export([f/0]).\nf() -> from_erlang.\n")
	require.Equal(t, ":from_erlang", x.Call(t, ":erlmod", "f"))
	require.Equal(t, "[1,2]", x.EvalErlang(t, "[1,2]."))
}

func TestTheOptionsReachTheNode(t *testing.T) {
	e := beam.StartErl(t,
		beam.WithSname("bob"),
		beam.WithCookie("chocolate"),
		beam.WithHidden(),
		beam.WithConnectAll(false),
		beam.WithArgs("-kernel", "net_ticktime", "8", "-text", `a "quoted" \ 'text'`),
		beam.WithEnv("FLAVOUR=dark"))
	require.True(t, strings.HasPrefix(e.Name(), "bob@"))
	require.Equal(t, "'chocolate'", "'"+e.Eval(t, "erlang:get_cookie().")+"'")
	require.Equal(t, "8", e.Eval(t, "net_kernel:get_net_ticktime()."))
	require.Equal(t, `{ok,[["a \"quoted\" \\ 'text'"]]}`, e.Eval(t, "init:get_argument(text)."))
	require.Equal(t, `{ok,[["false"]]}`, e.Eval(t, "init:get_argument(connect_all)."))
	require.Equal(t, `"dark"`, e.Eval(t, `os:getenv("FLAVOUR").`))

	x := beam.StartElixir(t, beam.WithName("eve@127.0.0.1"), beam.WithHidden(),
		beam.WithArgs("-text", `a "quoted" \ 'text'`))
	require.Equal(t, "eve@127.0.0.1", x.Name())
	require.Equal(t, `{:ok, [['a "quoted" \\ \'text\'']]}`, x.Eval(t, "IO.inspect :init.get_argument(:text)"))

	plain := beam.StartErl(t, beam.WithCookie("chocolate"))
	require.Equal(t, "pong", plain.Call(t, "net_adm", "ping", e.Atom()))
	require.Equal(t, "{[],["+printed(e)+"]}", plain.Eval(t, "{nodes(), nodes(hidden)}."))
}

// printed is the name of a node as erl prints it.
func printed(b *beam.Node) string { return beam.RenameNode("'n@h'", "n@h", b.Name()) }

func TestAWrongCookieIsRefused(t *testing.T) {
	a, b := beam.StartErl(t), beam.StartErl(t, beam.WithCookie("wrong"))
	require.Equal(t, "pang", a.Call(t, "net_adm", "ping", b.Atom()))
}

func TestTheUsersOwnSettingsDoNotReachTheNode(t *testing.T) {
	t.Setenv("ERL_FLAGS", "-kernel net_ticktime 4")
	t.Setenv("ERL_EPMD_PORT", "1")
	t.Setenv("ELIXIR_ERL_OPTIONS", "-nonsense")
	e := beam.StartErl(t)
	require.Equal(t, "60", e.Eval(t, "net_kernel:get_net_ticktime()."))
	home := e.Eval(t, `os:getenv("HOME").`)
	require.NotEqual(t, os.Getenv("HOME"), strings.Trim(home, `"`))
}

func TestANodeThatCannotStartSaysWhy(t *testing.T) {
	taken := beam.StartErl(t, beam.WithSname("taken"))
	w := witness.Watch(t, func(tb testing.TB) {
		beam.StartErl(tb, beam.WithSname("taken"), beam.WithEPMDPort(taken.EPMDPort()))
	})
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "in use by another Erlang node")

	nobody := gonodetest.FreePort(t)
	w = witness.Watch(t, func(tb testing.TB) { beam.StartErl(tb, beam.WithEPMDPort(nobody)) })
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "register/listen error")
	_, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", nobody))
	require.Error(t, err, "no EPMD daemon was left there")

	w = witness.Watch(t, func(tb testing.TB) {
		beam.StartErl(tb, beam.WithProgram("/bin/cat"), beam.WithoutDist())
	})
	require.Contains(t, w.Text(), "ended before it was ready")

	w = witness.Watch(t, func(tb testing.TB) {
		script := filepath.Join(tb.TempDir(), "slow")
		require.NoError(tb, os.WriteFile(script, []byte("#!/bin/sh\nexec tail -f /dev/null\n"), 0o755))
		beam.StartErl(tb, beam.WithProgram(script), beam.WithTimeout(200*time.Millisecond))
	})
	require.Contains(t, w.Text(), "not ready")

	w = witness.Watch(t, func(tb testing.TB) {
		script := filepath.Join(tb.TempDir(), "deaf")
		require.NoError(tb, os.WriteFile(script, []byte("#!/bin/sh\nexec tail -f /dev/null 3<&- 4>&-\n"), 0o755))
		beam.StartErl(tb, beam.WithProgram(script), beam.WithTimeout(200*time.Millisecond))
	})
	require.Contains(t, w.Text(), "file descriptors 3 and 4")
}

func TestAnotherErlCanBeChosen(t *testing.T) {
	beam.OTPRelease(t)
	script := filepath.Join(t.TempDir(), "my-erl")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\nCHOSEN=yes exec erl \"$@\"\n"), 0o755))
	t.Setenv("GONODE_ERL", script)
	require.Equal(t, `"yes"`, beam.StartErl(t).Eval(t, `os:getenv("CHOSEN").`))
	require.Positive(t, beam.OTPRelease(t))

	t.Setenv("GONODE_ERL", filepath.Join(t.TempDir(), "missing"))
	w := witness.Watch(t, func(tb testing.TB) { beam.StartErl(tb, beam.WithoutDist()) })
	require.True(t, w.Failed(), "a program that was named is never skipped")
	require.Contains(t, w.Text(), "GONODE_ERL=")
}

func TestAStoppedNodeTellsItsPeers(t *testing.T) {
	for how, end := range map[string]func(*beam.Node){
		"stopped": func(b *beam.Node) { b.Stop(t); b.Stop(t) },
		"killed":  func(b *beam.Node) { b.Kill(t); b.Kill(t) },
	} {
		a, b := beam.StartErl(t), beam.StartErl(t)
		a.Eval(t, "true = net_kernel:connect_node("+b.Atom()+"), erlang:monitor_node("+b.Atom()+", true).")
		end(b)
		require.Equal(t, "gone", a.Eval(t, "receive {nodedown, "+b.Atom()+"} -> gone end."), how)
		<-b.Done()
		require.ErrorIs(t, syscall.Kill(b.OSPid(), 0), syscall.ESRCH)
		_, err := b.Try(context.Background(), "1.")
		require.ErrorIs(t, err, beam.ErrEnded)
	}
}

func TestAnEvaluationOnANodeThatDiesIsAnError(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	_, err := e.Try(context.Background(), "erlang:halt(3), timer:sleep(infinity).")
	require.ErrorIs(t, err, beam.ErrEnded)
	<-e.Done()
}

func TestAPausedNodeIsSilentUntilItIsResumed(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	e.Pause(t)
	_, err := e.Try(briefly(t, 200*time.Millisecond), "1.")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	e.Resume(t)
	require.Equal(t, "2", e.Eval(t, "2."))
	e.Pause(t) // a paused node must not delay the end of the test
}

func TestNothingIsLeftAfterATest(t *testing.T) {
	beam.OTPRelease(t)
	mark := "GONODETEST_MARK=" + gonodetest.NewCookie()
	var port int
	t.Run("the test", func(t *testing.T) {
		with := beam.WithEnv(mark)
		e, nodes := beam.StartErl(t, with), 2
		beam.StartErlShell(t, with)
		if withElixir() {
			beam.StartElixir(t, with)
			beam.StartIEx(t, with)
			nodes = 4
		}
		port = e.EPMDPort()
		// A program that a node starts runs in a process group of its own.
		e.Eval(t, `spawn(fun() -> os:cmd("cat") end), inet:getaddr("localhost", inet).`)
		require.GreaterOrEqual(t, len(marked(t, mark)), nodes)
	})
	eventually(t, "all processes of the test have ended", func() bool { return len(marked(t, mark)) == 0 })
	_, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.Error(t, err, "the EPMD has ended")
}

func TestANodeRegistersAgainAfterItsEPMDCameBack(t *testing.T) {
	e := beam.StartErl(t)
	epmd := beam.PrivateEPMD(t)
	require.Same(t, epmd, beam.PrivateEPMD(t))
	require.Equal(t, epmd.Port(), e.EPMDPort())
	epmd.Kill(t)
	require.Equal(t, "{error,address}", e.Eval(t, "net_adm:names()."))
	epmd.Restart(t)
	if beam.OTPRelease(t) < 24 {
		require.Equal(t, "{ok,[]}", e.Eval(t, "net_adm:names()."), "old nodes do not come back")
		return
	}
	eventually(t, "the node is registered", func() bool {
		return strings.Contains(e.Eval(t, "net_adm:names()."), strings.Split(e.Name(), "@")[0])
	})
}

func TestAnEPMDDoesNotStartOnATakenPort(t *testing.T) {
	epmd := beam.StartEPMD(t)
	w := witness.Watch(t, func(tb testing.TB) { epmd.Restart(tb) })
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "somebody listens")
}
