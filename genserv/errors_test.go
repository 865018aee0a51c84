package genserv_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

func TestTheWaysInWhichACallFailsAreToldApart(t *testing.T) {
	kinds := []error{genserv.ErrNoProc, genserv.ErrNoConnection, genserv.ErrTimeout, genserv.ErrCallingSelf}
	to := etf.Tuple{atom("echo"), atom("erl@there")}
	for _, test := range []struct {
		reason string
		want   error // nil: an *Exit
		text   string
	}{
		{"noproc", genserv.ErrNoProc, "call to {echo,erl@there}: no such process"},
		{"noconnection", genserv.ErrNoConnection, "call to {echo,erl@there}: no connection to the node"},
		{"{nodedown,erl@there}", genserv.ErrNoConnection, "call to {echo,erl@there}: no connection to the node"},
		{"calling_self", genserv.ErrCallingSelf, "call to {echo,erl@there}: the process called itself"},
		{"killed", nil, "call to {echo,erl@there}: exit: killed"},
		{"normal", nil, "call to {echo,erl@there}: exit: normal"},
		{"{shutdown,why}", nil, "call to {echo,erl@there}: exit: {shutdown,why}"},
		{"{noproc,x}", nil, "call to {echo,erl@there}: exit: {noproc,x}"},
		{"timeout", nil, "call to {echo,erl@there}: exit: timeout"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			reason, err := etf.Parse(test.reason)
			require.NoError(t, err)
			err = &genserv.CallFailure{To: to, Err: genserv.ReasonError(reason)}
			require.EqualError(t, err, test.text)
			for _, kind := range kinds {
				require.Equal(t, kind == test.want, errors.Is(err, kind), "%v", kind)
			}
			var exit *genserv.Exit
			require.Equal(t, test.want == nil, errors.As(err, &exit))
			if exit != nil {
				require.Equal(t, reason, exit.Reason)
				require.ErrorIs(t, err, &genserv.Exit{Reason: reason})
			}
			var failure *genserv.CallFailure
			require.ErrorAs(t, err, &failure)
			require.Equal(t, etf.Term(to), failure.To)
		})
	}
}

func TestATimeOutAlsoMatchesItsCause(t *testing.T) {
	var err error = &genserv.CallFailure{To: remote, Err: genserv.ErrTimeout, Cause: context.DeadlineExceeded}
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "call to "+etf.Format(remote)+": time-out: no answer within the time given")

	cause := errors.New("the user pressed a key")
	err = &genserv.CallFailure{To: remote, Err: genserv.ErrTimeout, Cause: cause}
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	var exit *genserv.Exit
	require.False(t, errors.As(err, &exit))
}

func TestAStartIsAcknowledgedOrFails(t *testing.T) {
	taken := etf.Tuple{atom("already_started"), atom("x")}
	for _, test := range []struct {
		result genserv.InitResult[etf.Term]
		ack    etf.Term
		err    error
	}{
		{genserv.Ok[etf.Term](etf.Int(1)), etf.Tuple{atom("ok"), self}, nil},
		{genserv.Ignore[etf.Term](), atom("ignore"), genserv.ErrIgnore},
		{genserv.StopInit[etf.Term](atom("no_disk")), failed(atom("no_disk")), &genserv.Exit{Reason: atom("no_disk")}},
		{genserv.Fail[etf.Term](taken), failed(taken), &genserv.Exit{Reason: taken}},
	} {
		loop := genserv.NewLoop(genserv.Of(starter{test.result}), &testEnv{}, driver.Options{})
		ack, _, err := loop.Start(nil)
		require.Equal(t, test.ack, ack)
		require.ErrorIs(t, err, test.err)
	}
	running := genserv.Fail[etf.Term](etf.Tuple{atom("already_started"), remote})
	_, _, err := genserv.NewLoop(genserv.Of(starter{running}), &testEnv{}, driver.Options{}).Start(nil)
	var other *genserv.AlreadyStarted
	require.ErrorAs(t, err, &other)
	require.Equal(t, remote, other.Pid)
	require.EqualError(t, other, "already started: "+etf.Format(remote))
}

func failed(reason etf.Term) etf.Term { return etf.Tuple{atom("error"), reason} }
