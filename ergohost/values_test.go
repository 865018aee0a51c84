package ergohost

import (
	"errors"
	"fmt"
	"testing"

	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

type point struct {
	_    struct{} `etf:"record=point"`
	X, Y int
}

type ping struct {
	_ struct{} `etf:"record=ping"`
}

type user struct {
	_    struct{} `etf:"struct=Elixir.User"`
	Name string
}

func TestTermsWithARegisteredTagBecomeValues(t *testing.T) {
	h := &Host{}
	Register[point](h, "point")
	Register[ping](h, "ping")
	Register[user](h, "Elixir.User")
	elixir := etf.Map{{Key: etf.Atom("__struct__"), Value: etf.Atom("Elixir.User")},
		{Key: etf.Atom("name"), Value: etf.Binary("joe")}}
	for _, v := range []any{point{X: 1, Y: 2}, user{Name: "joe"}} {
		made, err := term(v)
		require.NoError(t, err)
		require.Equal(t, v, h.values.value(made), "there and back")
	}
	require.Equal(t, ping{}, h.values.value(etf.Atom("ping")))
	require.Equal(t, user{Name: "joe"}, h.values.value(elixir))
	for _, raw := range []etf.Term{etf.Tuple{etf.Atom("point"), etf.Int(1)}, etf.Tuple{}, etf.Tuple{etf.Int(1)},
		etf.Int(1), etf.Atom("pong"), etf.Map{}, etf.List{}} {
		require.Equal(t, any(raw), h.values.value(raw))
	}
	made, err := term(nil)
	require.NoError(t, err)
	require.Equal(t, etf.Term(etf.Atom("undefined")), made)
	_, err = term(make(chan int))
	require.Error(t, err)
}

func FuzzAnyTermBecomesAValue(f *testing.F) {
	h := &Host{}
	Register[point](h, "point")
	Register[user](h, "Elixir.User")
	for _, t := range []etf.Term{etf.Tuple{etf.Atom("point"), etf.Int(1), etf.Int(2)}, etf.Atom("point")} {
		b, err := etf.Append(nil, t)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if decoded, err := etf.Decode(b); err == nil {
			require.NotNil(t, h.values.value(decoded))
		}
	})
}

func TestReasonsOfErgoAndOfABeamMeanTheSame(t *testing.T) {
	for _, err := range []error{gen.TerminateReasonNormal, gen.TerminateReasonShutdown, gen.TerminateReasonKill,
		gen.TerminateReasonPanic, gen.ErrNoConnection, gen.ErrProcessUnknown, gen.ErrTimeout,
		gen.ErrProcessMailboxFull} {
		require.Equal(t, err, Error(Reason(err)))
		require.Equal(t, Reason(err), Reason(fmt.Errorf("wrapped: %w", err)))
	}
	odd := etf.Tuple{etf.Atom("shutdown"), etf.Int(1)}
	require.Equal(t, etf.Term(odd), Reason(Error(odd)))
	require.Equal(t, etf.Term(etf.Binary("text")), Reason(errors.New("text")))
	for err, want := range map[error]error{genserv.ErrNoProc: gen.ErrProcessUnknown, genserv.ErrTimeout: gen.ErrTimeout,
		genserv.ErrNoConnection: gen.ErrNoConnection, &genserv.Exit{Reason: genserv.Killed}: gen.TerminateReasonKill} {
		require.Equal(t, want, callError(err))
	}
}
