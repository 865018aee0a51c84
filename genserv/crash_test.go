package genserv_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// failing is a server whose HandleCall does what it was made for.
type failing struct{ fail func(p *genserv.Process) }

func (failing) Init(*genserv.Process, etf.Term) genserv.InitResult[string] {
	return genserv.Ok("state")
}

func (f failing) HandleCall(p *genserv.Process, _ etf.Term, _ genserv.From, state string) genserv.Result[string] {
	f.fail(p)
	return genserv.Reply(nil, state)
}

// failWith returns the exit reason of a server whose callback does that.
func failWith(t *testing.T, fail func(p *genserv.Process)) etf.Term {
	w := &testEnv{}
	w.start(genserv.Of(failing{fail}), nil, driver.Options{})
	w.send(driver.CallMessage(client, etf.Int(1), nil))
	require.True(t, w.ended)
	return w.next.Reason
}

type brokenError struct{}

func (*brokenError) Error() string { panic("not even that") }

func TestAPanicBecomesAnExitReason(t *testing.T) {
	var none map[string]int
	var nobody *testEnv
	zero := 0
	for _, test := range []struct {
		name string
		fail func(*genserv.Process)
		want string // {Reason,Stack}, or the reason
	}{
		{"text", func(*genserv.Process) { panic("boom") }, `{{panic,<<"boom">>},Stack}`},
		{"an error", func(*genserv.Process) { panic(io.ErrUnexpectedEOF) }, `{{panic,<<"unexpected EOF">>},Stack}`},
		{"a number", func(*genserv.Process) { panic(42) }, `{{panic,<<"42">>},Stack}`},
		{"nothing", func(*genserv.Process) { panic(nil) }, `{{panic,<<"panic called with nil argument">>},Stack}`},
		{"an error that panics", func(*genserv.Process) { panic(&brokenError{}) },
			`{{panic,<<"%!v(PANIC=Error method: not even that)">>},Stack}`},
		{"a term is error(Term)", func(*genserv.Process) { panic(etf.Atom("badarg")) }, `{badarg,Stack}`},
		{"a compound term", func(*genserv.Process) { panic(etf.Tuple{atom("badmatch"), etf.Int(5)}) },
			`{{badmatch,5},Stack}`},
		{"Exit is exit(Reason)", func(*genserv.Process) { panic(genserv.Exit{Reason: atom("oops")}) }, `oops`},
		{"a pointer to Exit", func(*genserv.Process) { panic(&genserv.Exit{Reason: atom("oops")}) }, `oops`},
		{"a wrapped Exit", func(*genserv.Process) { panic(fmt.Errorf("so: %w", &genserv.Exit{Reason: atom("oops")})) },
			`oops`},
		{"an Exit without a reason", func(*genserv.Process) { panic(genserv.Exit{}) }, `undefined`},
		{"a map that is nil", func(*genserv.Process) { none["x"] = 1 },
			`{{panic,<<"assignment to entry in nil map">>},Stack}`},
		{"a pointer that is nil", func(*genserv.Process) { nobody.trap = true },
			`{{panic,<<"runtime error: invalid memory address or nil pointer dereference">>},Stack}`},
		{"an index", func(*genserv.Process) { _ = []int{1}[zero+5] },
			`{{panic,<<"runtime error: index out of range [5] with length 1">>},Stack}`},
		{"a division", func(*genserv.Process) { _ = 1 / zero },
			`{{panic,<<"runtime error: integer divide by zero">>},Stack}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			reason := failWith(t, test.fail)
			require.Equal(t, test.want, quoted.ReplaceAllString(etf.Format(withoutStacks(reason)), "$1"))
		})
	}
}

func TestAResultOfAnotherStateIsNoThrow(t *testing.T) {
	reason := failWith(t, func(*genserv.Process) { panic(genserv.NoReply(5)) })
	require.Contains(t, etf.Format(reason), "{{panic,")
}

func TestALongPanicTextIsCut(t *testing.T) {
	reason := failWith(t, func(*genserv.Process) { panic(strings.Repeat("é", 5000)) })
	text := reason.(etf.Tuple)[0].(etf.Tuple)[1].(etf.Binary)
	require.Less(t, len(text), 1100)
	require.True(t, strings.HasSuffix(string(text), "..."))
}

func stackOf(reason etf.Term) etf.List { return reason.(etf.Tuple)[1].(etf.List) }

// mfa returns Module:Function of a stack entry, and checks the rest of it.
func mfa(t *testing.T, entry etf.Term) string {
	e := entry.(etf.Tuple)
	require.Len(t, e, 4)
	require.Equal(t, etf.Int(0), e[2])
	location := e[3].(etf.List)
	require.Regexp(t, `^\[{file,"\w+\.go"},{line,[1-9]\d*}\]$`, etf.Format(location))
	return string(e[0].(etf.Atom)) + ":" + string(e[1].(etf.Atom))
}

const testPackage = "github.com/gonode-otp/gonode/genserv_test"

func TestAStackBeginsWhereItPanickedAndEndsWithTheCallback(t *testing.T) {
	stack := stackOf(failWith(t, func(*genserv.Process) { deeper(2) }))
	var names []string
	for _, entry := range stack {
		names = append(names, mfa(t, entry))
	}
	require.Equal(t, []string{
		testPackage + ":deeper", testPackage + ":deeper", testPackage + ":deeper",
		testPackage + ":TestAStackBeginsWhereItPanickedAndEndsWithTheCallback.func1",
		testPackage + ":failing.HandleCall",
	}, names)
}

//go:noinline
func deeper(n int) int {
	if n == 0 {
		panic("deep")
	}
	return deeper(n-1) + 1
}

func TestAStackLeavesOutHowTheRuntimePanics(t *testing.T) {
	var none map[string]int
	stack := stackOf(failWith(t, func(*genserv.Process) { none["x"] = 1 }))
	require.Equal(t, testPackage+":TestAStackLeavesOutHowTheRuntimePanics.func1", mfa(t, stack[0]))
	require.Equal(t, testPackage+":failing.HandleCall", mfa(t, stack[1]))
	require.Len(t, stack, 2)
}

func TestADeepStackIsCutAtEightCallsAsOnTheBEAM(t *testing.T) {
	require.Len(t, stackOf(failWith(t, func(*genserv.Process) { deeper(200) })), 8)
}

func TestAPanicInADeferredCallCountsAndNotTheFirstOne(t *testing.T) {
	reason := failWith(t, func(*genserv.Process) {
		defer func() { panic("second") }()
		panic("first")
	})
	require.Contains(t, etf.Format(reason), "second")
	require.Contains(t, mfa(t, stackOf(reason)[0]), "TestAPanicInADeferredCall")
}

func TestAMisuseOfTheProcessHandleIsSeenInTheStack(t *testing.T) {
	reason := failWith(t, func(p *genserv.Process) {
		p.SendAfter(1, client, nil).Cancel()
		(*genserv.Timer)(nil).Cancel()
	})
	require.Equal(t, "github.com/gonode-otp/gonode/genserv:(*Timer).Cancel", mfa(t, stackOf(reason)[0]))
}

func TestExitIsAnErrorThatKeepsItsReason(t *testing.T) {
	reason := etf.Tuple{atom("shutdown"), etf.List{etf.Int(1)}}
	err := fmt.Errorf("calling: %w", &genserv.Exit{Reason: reason})
	var exit *genserv.Exit
	require.ErrorAs(t, err, &exit)
	require.Equal(t, etf.Term(reason), exit.Reason)
	require.ErrorIs(t, err, &genserv.Exit{Reason: etf.Tuple{atom("shutdown"), etf.List{etf.Int(1)}}})
	require.NotErrorIs(t, err, &genserv.Exit{Reason: genserv.Shutdown})
	require.NotErrorIs(t, err, io.EOF)
	require.EqualError(t, err, "calling: exit: {shutdown,[1]}")
	require.EqualError(t, &genserv.Exit{}, "exit: undefined")
	require.ErrorIs(t, &genserv.Exit{}, &genserv.Exit{Reason: atom("undefined")})
}

func TestALargeReasonMakesNoLargeErrorText(t *testing.T) {
	exit := &genserv.Exit{Reason: etf.Binary(strings.Repeat("x", 1<<20))}
	require.Less(t, len(exit.Error()), 1100)
}

func TestOrderlyReasons(t *testing.T) {
	for _, reason := range []etf.Term{genserv.Normal, genserv.Shutdown, genserv.ShutdownBecause(etf.Int(1)),
		genserv.ShutdownBecause(nil)} {
		require.True(t, genserv.IsOrderly(reason), "%v", reason)
	}
	for _, reason := range []etf.Term{nil, genserv.Killed, atom("noproc"), etf.Tuple{}, etf.Tuple{atom("shutdown")},
		etf.Tuple{atom("normal"), atom("x")}, etf.List{atom("normal")}, etf.Int(0)} {
		require.False(t, genserv.IsOrderly(reason), "%v", reason)
	}
}
