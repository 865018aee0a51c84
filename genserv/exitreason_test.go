package genserv_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func TestAnErrorHasTheExitReasonThatErlangHasForIt(t *testing.T) {
	failed := func(to etf.Term, err error) error { return &genserv.CallFailure{To: to, Err: err} }
	global := etf.Tuple{atom("global"), atom("x")}
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, "normal"},
		{&genserv.Exit{Reason: parse(t, "{shutdown,why}")}, "{shutdown,why}"},
		{&genserv.Exit{}, "undefined"},
		{failed(remote, &genserv.Exit{Reason: atom("killed")}), "killed"},
		{failed(remote, genserv.ErrNoProc), "noproc"},
		{failed(remote, genserv.ErrNoConnection), "{nodedown,erl@there}"},
		{failed(etf.Tuple{atom("name"), atom("erl@there")}, genserv.ErrNoConnection), "{nodedown,erl@there}"},
		{failed(global, genserv.ErrNoConnection), "noconnection"},
		{genserv.ErrNoConnection, "noconnection"},
		{failed(remote, genserv.ErrCallingSelf), "calling_self"},
		{&genserv.CallFailure{To: remote, Err: genserv.ErrTimeout, Cause: context.Canceled}, "timeout"},
		{context.DeadlineExceeded, "timeout"},
		{genserv.ErrIgnore, "ignore"},
		{&genserv.AlreadyStarted{Pid: remote}, "{already_started," + etf.Format(remote) + "}"},
		{&genserv.Failure{Class: "exit", Reason: atom("gone")}, "gone"},
		{&genserv.Failure{Class: "throw", Reason: atom("ball")}, "{{nocatch,ball},[]}"},
		{errors.New("no disk"), `<<"no disk">>`},
	} {
		require.Equal(t, test.want, etf.Format(genserv.ExitReason(test.err)), "%v", test.err)
		if test.err != nil && test.want[0] != '<' {
			wrapped := fmt.Errorf("in turn: %w", test.err)
			require.Equal(t, test.want, etf.Format(genserv.ExitReason(wrapped)), "%v", wrapped)
		}
	}
}

func TestAReasonBecomesAnErrorAndTheSameReasonAgain(t *testing.T) {
	for _, reason := range []string{"noproc", "calling_self", "{nodedown,erl@there}", "killed", "{a,[1,2]}", "normal"} {
		err := &genserv.CallFailure{To: remote, Err: genserv.ReasonError(parse(t, reason))}
		require.Equal(t, reason, etf.Format(genserv.ExitReason(err)))
	}
}

func TestDownAndExitAreTakenApart(t *testing.T) {
	ref := etf.Ref{Node: "go@here", Len: 1, Words: [5]uint32{5}}
	down, ok := genserv.AsDown(etf.Tuple{atom("DOWN"), ref, atom("process"), remote, atom("noproc")})
	require.True(t, ok)
	require.Equal(t, genserv.Down{Ref: ref, Object: remote, Reason: atom("noproc")}, down)
	for _, other := range []etf.Term{nil, atom("DOWN"), etf.Tuple{}, etf.Tuple{atom("DOWN"), ref},
		etf.Tuple{atom("DOWN"), ref, atom("port"), remote, atom("x")},
		etf.Tuple{atom("DOWN"), etf.Int(1), atom("process"), remote, atom("x")},
		etf.Tuple{atom("UP"), ref, atom("process"), remote, atom("x")}} {
		_, ok = genserv.AsDown(other)
		require.False(t, ok, "%v", other)
	}

	pid, reason, ok := genserv.AsExit(etf.Tuple{atom("EXIT"), remote, atom("killed")})
	require.True(t, ok)
	require.Equal(t, remote, pid)
	require.Equal(t, atom("killed"), reason)
	for _, other := range []etf.Term{nil, atom("EXIT"), etf.Tuple{atom("EXIT"), remote},
		etf.Tuple{atom("EXIT"), atom("port"), atom("x")}, etf.Tuple{etf.Int(1), remote, atom("x")}} {
		_, _, ok = genserv.AsExit(other)
		require.False(t, ok, "%v", other)
	}
}
