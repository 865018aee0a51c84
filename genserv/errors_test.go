package genserv_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
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
			err = genserv.CallError(to, reason)
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
	err := genserv.TimeoutError(remote, nil)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "call to "+etf.Format(remote)+": time-out: no answer within the time given")

	cause := errors.New("the user pressed a key")
	err = genserv.TimeoutError(remote, cause)
	require.ErrorIs(t, err, genserv.ErrTimeout)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	var exit *genserv.Exit
	require.False(t, errors.As(err, &exit))
}

func TestAStartIsAcknowledgedOrFails(t *testing.T) {
	require.NoError(t, genserv.StartError(etf.Tuple{atom("ok"), self}))
	require.ErrorIs(t, genserv.StartError(atom("ignore")), genserv.ErrIgnore)
	require.ErrorIs(t, genserv.StartError(etf.Tuple{atom("error"), atom("no_disk")}),
		&genserv.Exit{Reason: atom("no_disk")})
	require.ErrorIs(t, genserv.StartError(etf.Tuple{atom("error"), etf.Tuple{atom("already_started"), atom("x")}}),
		&genserv.Exit{Reason: etf.Tuple{atom("already_started"), atom("x")}})
	require.ErrorIs(t, genserv.StartError(etf.Int(5)),
		&genserv.Exit{Reason: etf.Tuple{atom("bad_start_result"), etf.Int(5)}})
	require.Error(t, genserv.StartError(nil))
	require.Error(t, genserv.StartError(etf.Tuple{}))

	var taken *genserv.AlreadyStarted
	require.ErrorAs(t, genserv.StartError(etf.Tuple{atom("error"), etf.Tuple{atom("already_started"), remote}}), &taken)
	require.Equal(t, remote, taken.Pid)
	require.EqualError(t, taken, "already started: "+etf.Format(remote))
}

func TestTheMessagesOfClients(t *testing.T) {
	require.Equal(t, etf.Tuple{atom("$gen_call"), etf.Tuple{client, other}, etf.Int(1)},
		genserv.CallMessage(client, other, etf.Int(1)))
	require.Equal(t, etf.Tuple{atom("$gen_cast"), atom("undefined")}, genserv.CastMessage(nil))
	require.Equal(t, etf.Tuple{atom("system"), etf.Tuple{client, other}, atom("suspend")},
		genserv.SystemMessage(client, other, atom("suspend")))
}
