package typed_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
)

func TestTypedCallsReturnGoValuesOrTheErrorOfTheServer(t *testing.T) {
	l := host(t, genserv.Of(shapes()), nil)
	ctx, to := t.Context(), etf.Atom("server")
	text, err := typed.Call[string](ctx, l, to, typed.Request("get", "k"))
	require.NoError(t, err)
	require.Equal(t, "<k>", text)
	moved, err := typed.Call[move](ctx, l, to, move{X: 3, Y: 4})
	require.NoError(t, err)
	require.Equal(t, move{X: 4, Y: 3}, moved)
	done, err := typed.Call[typed.OK[string]](ctx, l, to, typed.Request("transfer", "a", "b", 1))
	require.NoError(t, err)
	require.Equal(t, "ab1", done.Value)
	_, err = typed.Call[struct{}](ctx, l, to, typed.Request("put", options{Size: 1}))
	require.NoError(t, err)
	_, err = typed.Call[struct{}](ctx, l, to, typed.Request("put", options{Size: -1}))
	require.ErrorIs(t, err, &typed.Error{Reason: etf.Tuple{etf.Atom("bad_size"), etf.Int(-1)}})
	_, err = typed.Call[etf.Term](ctx, l, to, typed.Request("fail", "no luck"))
	require.EqualError(t, err, "no luck")
	_, err = typed.Call[struct{}](ctx, l, to, etf.Atom("get"))
	require.ErrorContains(t, err, "want ok")
	var misfit *etf.UnmarshalError
	_, err = typed.Call[bool](ctx, l, to, etf.Atom("get"))
	require.ErrorAs(t, err, &misfit)
	var noTerm *etf.MarshalError
	_, err = typed.Call[bool](ctx, l, to, typed.Request("get", math.NaN()))
	require.ErrorAs(t, err, &noTerm)
	_, err = typed.Call[bool](ctx, l, etf.Atom("nobody"), etf.Atom("get"))
	require.ErrorIs(t, err, genserv.ErrNoProc)
	replies, bad, err := typed.MultiCall[int](ctx, l, []etf.Atom{l.Name(), "no@where"}, "server", etf.Atom("get"))
	require.NoError(t, err)
	require.Equal(t, []etf.Atom{"no@where"}, bad)
	require.Equal(t, []typed.NodeReply[int]{{Node: l.Name(), Reply: 6}}, replies)
}

func TestTypedCastsArriveFromANodeAndFromAProcess(t *testing.T) {
	m := typed.NewMux[int]("sum")
	typed.OnInit(m, func(*process, struct{}) (int, error) { return 0, nil })
	typed.OnCast(m, "add", func(_ *process, sum, n int) (int, error) { return sum + n, nil })
	typed.OnCall(m, "get", func(_ *process, sum int, _ struct{}) (int, int, error) { return sum, sum, nil })
	typed.OnCall(m, "cast", func(p *process, sum int, request etf.Term) (struct{}, int, error) {
		return struct{}{}, sum, typed.CastFrom(p, p.Self(), typed.Request("add", request))
	})
	typed.OnCall(m, "nan", func(p *process, sum int, _ struct{}) (string, int, error) {
		return fmt.Sprint(typed.CastFrom(p, p.Self(), math.NaN())), sum, nil
	})
	l := host(t, genserv.Of(m), nil)
	ctx, to := t.Context(), etf.Atom("server")
	require.NoError(t, typed.Cast(ctx, l, to, typed.Request("add", 40)))
	_, err := typed.Call[struct{}](ctx, l, to, typed.Request("cast", 2))
	require.NoError(t, err)
	sum, err := typed.Call[int](ctx, l, to, etf.Atom("get"))
	require.NoError(t, err)
	require.Equal(t, 42, sum)
	var noTerm *etf.MarshalError
	require.ErrorAs(t, typed.Cast(ctx, l, to, math.NaN()), &noTerm)
	text, err := typed.Call[string](ctx, l, to, etf.Atom("nan"))
	require.NoError(t, err)
	require.Contains(t, text, "NaN")
	require.Error(t, typed.Cast(ctx, l, etf.Int(1), etf.Atom("x")), "no destination")
}

// coded is an error that knows its term.
type coded struct{ code int }

func (c coded) Error() string        { return "coded" }
func (c coded) ExitReason() etf.Term { return etf.Tuple{etf.Atom("code"), etf.Int(c.code)} }

func TestAnErrorKeepsTheTermThatItCarries(t *testing.T) {
	for want, err := range map[string]error{
		"limit":       fmt.Errorf("wrapped: %w", &typed.Error{Reason: etf.Atom("limit")}),
		"noproc":      &genserv.Exit{Reason: etf.Atom("noproc")},
		"{code,7}":    fmt.Errorf("wrapped: %w", coded{7}),
		"undefined":   &typed.Error{},
		`<<"plain">>`: errors.New("plain"),
	} {
		require.Equal(t, "{error,"+want+"}", etf.Format(typed.ErrorReply(err)))
	}
}
