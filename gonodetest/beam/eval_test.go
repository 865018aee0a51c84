//go:build unix

package beam_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/internal/witness"
)

func TestAnExpressionComesBackAsItsPrintedValue(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	for source, want := range map[string]string{
		"1 + 1.":                                         "2",
		"1 + 1":                                          "2",
		"#{k => [1,2.5,<<\"x\">>]}":                      `#{k => [1,2.5,<<"x">>]}`,
		"begin\n  A = 1,\n  A + 1\nend.":                 "2",
		"% a comment\n{ok, 'an atom'}.":                  "{ok,'an atom'}",
		`"grüße, Ærlang \x{1F600}"`:                      `"grüße, Ærlang 😀"`,
		`<<"å"/utf8>>`:                                   `<<"å"/utf8>>`,
		`'déjà 日本'`:                                      `'déjà 日本'`,
		"lists:duplicate(3, [])":                         "[[],[],[]]",
		"lists:seq(1, 40)":                               strings.ReplaceAll(fmt.Sprint(numbers(40)), " ", ","),
		"fun(X) -> X * 2 end(21)":                        "42",
		"try throw(x) catch C:R -> {C,R} end":            "{throw,x}",
		"(fun F(0) -> done; F(N) -> F(N - 1) end)(1000)": "done",
	} {
		assert.Equal(t, want, e.Eval(t, source), source)
	}
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

func TestVariablesAndTheMailboxLastFromOneExpressionToTheNext(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	e.Eval(t, "Me = self(), X = 41.")
	require.Equal(t, "42", e.Eval(t, "X + 1."))
	e.Eval(t, "spawn(fun() -> Me ! {late, X} end).")
	require.Equal(t, "{late,41}", e.Eval(t, "receive M -> M end."))
	require.Equal(t, "true", e.Eval(t, "Me =:= self()."))
}

func TestWhatANodeRaisesIsATypedError(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	for _, c := range []struct{ source, class, reason string }{
		{"1 / 0.", "error", "badarith"},
		{"exit({shutdown, \"é\"}).", "exit", `{shutdown,"é"}`},
		{"throw(ball).", "throw", "ball"},
		{"gen_server:call(nobody, x).", "exit", "{noproc,{gen_server,call,[nobody,x]}}"},
		{"{ok, _} = error.", "error", "{badmatch,error}"},
		{"Unknown.", "error", "{unbound_var,'Unknown'}"},
		{"foo(", "syntax", "1:5: syntax error before: "},
		{"1.\n2. 3", "syntax", ""},
		{"", "syntax", "there is no expression"},
		{"% only this", "syntax", "there is no expression"},
		{`"open`, "syntax", `unterminated string starting with "open"`},
		{"link(spawn(fun() -> exit(boom) end)), receive after infinity -> ok end.", "EXIT", "boom"},
		{"exit(self(), kill), receive after infinity -> ok end.", "EXIT", "killed"},
	} {
		got := e.Raises(t, c.source)
		assert.Equal(t, c.class, got.Class, c.source)
		assert.Contains(t, got.Reason, c.reason, c.source)
		assert.Equal(t, c.source, got.Source)
		assert.Contains(t, got.Error(), c.class)
	}
	require.Equal(t, "still here", trimQuotes(e.Eval(t, `"still here"`)), "and the session goes on")
}

func trimQuotes(s string) string { return strings.Trim(s, `"`) }

func TestAStackTraceIsKept(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	require.Contains(t, e.Raises(t, "lists:nth(0, []).").Stack, "lists,nth")
}

func TestAnEvaluationThatOverstaysIsStoppedAndTheSessionGoesOn(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	e.Eval(t, "X = kept, register(stuck, self()).")
	_, err := e.Try(briefly(t, 100*time.Millisecond), "timer:sleep(infinity).")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "timer:sleep(infinity).")
	require.Equal(t, "kept", e.Eval(t, "X."), "the variables are there")
	eventually(t, "the stopped process is gone", func() bool { return e.Eval(t, "whereis(stuck).") == "undefined" })

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = e.Try(ctx, "1.")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "2", e.Eval(t, "2."))
}

func TestABusySessionLetsAWaitingCallerGo(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error, 1)
	go func() {
		_, err := e.Try(ctx, "register(busy, self()), receive go_on -> ok end.")
		first <- err
	}()
	other := e.NewSession()
	eventually(t, "the first evaluation runs", func() bool { return other.Eval(t, "whereis(busy).") != "undefined" })
	_, err := e.Try(briefly(t, 50*time.Millisecond), "1.")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "busy")
	other.Eval(t, "busy ! go_on.")
	require.NoError(t, <-first)
	cancel()
}

func TestSessionsHaveTheirOwnVariablesAndRunSideBySide(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	e.Eval(t, "X = first.")
	other := e.NewSession()
	other.Eval(t, "X = second.")
	require.Equal(t, "first", e.Eval(t, "X."))
	require.Equal(t, "second", other.Eval(t, "X."))
	require.NotEqual(t, e.Eval(t, "self()."), other.Eval(t, "self()."))
}

func TestManyGoroutinesMayAskAtOnce(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	ctx := briefly(t, 30*time.Second)
	var wg sync.WaitGroup
	for g := range 20 {
		s := e.Session
		if g%2 == 0 {
			s = e.NewSession()
		}
		wg.Go(func() {
			for i := range 20 {
				got, err := s.Try(ctx, fmt.Sprintf("%d * %d", g, i))
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprint(g*i), got)
			}
		})
	}
	wg.Wait()
}

func TestBigTextsGoBothWays(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	list := e.Eval(t, "lists:seq(1, 1000000).")
	require.True(t, strings.HasPrefix(list, "[1,2,3,") && strings.HasSuffix(list, ",999999,1000000]"))
	require.Equal(t, 999_999, strings.Count(list, ","))
	big := strings.Repeat("y", 1<<20)
	require.Equal(t, fmt.Sprint(len(big)), e.Eval(t, `byte_size(<<"`+big+`">>).`))
}

func TestWhatTheNodePrintsIsApartFromTheAnswers(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	e.Eval(t, `spawn(fun() -> [io:format("noise ~b ~ts~n", [N, "äöü"]) || N <- lists:seq(1, 2000)], io:format("quiet~n") end).`)
	for i := range 100 {
		require.Equal(t, fmt.Sprint(i), e.Eval(t, fmt.Sprint(i)))
	}
	e.AwaitLog(t, "quiet\n")
	require.True(t, strings.HasSuffix(e.Log(), "noise 2000 äöü\nquiet\n"))
	e.Eval(t, `logger:error("something ~p", [bad]).`)
	e.AwaitLog(t, "something bad")
}

func TestAModuleIsCompiledOnTheNode(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	const source = "-module(greeter).\n-export([hello/0]).\n-define(WORD, \"%s\").\nhello() -> {?MODULE, ?WORD}.\n"
	e.Compile(t, "greeter", fmt.Sprintf(source, "grüß dich"))
	require.Equal(t, `{greeter,"grüß dich"}`, e.Call(t, "greeter", "hello"))
	e.Compile(t, "greeter", fmt.Sprintf(source, "moin"))
	require.Equal(t, `{greeter,"moin"}`, e.Call(t, "greeter", "hello"), "the new version replaces the old one")

	w := witness.Watch(t, func(tb testing.TB) { e.Compile(tb, "wrong", "-module(wrong).\n-export([a/0]).\n") })
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "function a/0 undefined")
}

func TestEvalEndsTheTestWithTheReason(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	w := witness.Watch(t, func(tb testing.TB) {
		e.Eval(tb, "exit(because).")
		tb.Error("not reached")
	})
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "exit: because")
	require.NotContains(t, w.Text(), "not reached")

	w = witness.Watch(t, func(tb testing.TB) { e.Raises(tb, "fine.") })
	require.Contains(t, w.Text(), `value "fine"`)
}
