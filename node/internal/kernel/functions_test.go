package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// failing returns functions of the module m that end in every way that a function may.
func failing(log *slog.Logger) *Functions {
	functions := NewFunctions(log)
	for name, f := range map[etf.Atom]Function{
		"none":    func(context.Context, etf.List) (etf.Term, error) { return nil, nil },
		"exit":    func(context.Context, etf.List) (etf.Term, error) { return nil, &genserv.Exit{Reason: etf.Atom("gone")} },
		"bad":     func(context.Context, etf.List) (etf.Term, error) { return nil, fmt.Errorf("x: %w", ErrBadArgument) },
		"text":    func(context.Context, etf.List) (etf.Term, error) { return nil, errors.New("no room") },
		"panics":  func(context.Context, etf.List) (etf.Term, error) { panic("oops") },
		"failure": func(context.Context, etf.List) (etf.Term, error) { return nil, Undefined("a", "b", etf.List{}) },
	} {
		functions.Set("m", name, 0, f)
	}
	return functions
}

func TestTheEndOfAFunctionIsToldInErlangsTerms(t *testing.T) {
	functions := failing(slog.New(slog.DiscardHandler))
	for name, want := range map[etf.Atom]string{
		"none":    "{ref,return,undefined}",
		"exit":    "{ref,exit,gone}",
		"bad":     "{ref,error,badarg,[{m,bad,[],[]}]}",
		"text":    `{ref,error,<<"no room">>,[{m,text,[],[]}]}`,
		"failure": "{ref,error,undef,[{a,b,[],[]}]}",
		"missing": "{ref,error,undef,[{m,missing,[],[]}]}",
	} {
		call := etf.List{etf.Atom("m"), name, etf.List{}}
		require.Equal(t, want, etf.Format(functions.ExecuteCall(t.Context(), etf.Atom("ref"), call)), name)
	}
	panicked := functions.ExecuteCall(t.Context(), etf.Atom("ref"),
		etf.List{etf.Atom("m"), etf.Atom("panics"), etf.List{}})
	require.Contains(t, etf.Format(panicked), "oops")
	odd := functions.ExecuteCall(t.Context(), etf.Atom("ref"), etf.List{etf.Atom("m"), etf.Int(1), etf.List{}})
	require.Equal(t, "{ref,error,badarg,[{erlang,apply,[m,1,[]],[]}]}", etf.Format(odd))
}

func TestOnlyACastThatFailsIsLogged(t *testing.T) {
	var out bytes.Buffer
	functions := failing(slog.New(slog.NewTextHandler(&out, nil)))
	functions.ExecuteCast(t.Context(), etf.List{etf.Atom("m"), etf.Atom("none"), etf.List{}})
	require.Empty(t, out.String())
	functions.ExecuteCast(t.Context(), etf.List{etf.Atom("m"), etf.Atom("text"), etf.List{}})
	require.Contains(t, out.String(), "function=m:text")
}

func TestAFunctionIsTakenAway(t *testing.T) {
	functions := failing(slog.New(slog.DiscardHandler))
	require.True(t, functions.Has("m", "none", 0))
	require.False(t, functions.Has("m", "none", 1))
	functions.Set("m", "none", 0, nil)
	require.False(t, functions.Has("m", "none", 0))
}

// What the node exports, others apply.
func ExampleFunctions() {
	functions := NewFunctions(slog.Default())
	functions.Set("shop", "price", 1, func(_ context.Context, args etf.List) (etf.Term, error) {
		if args[0] != etf.Term(etf.Atom("apple")) {
			return nil, ErrBadArgument
		}
		return etf.Int(3), nil
	})
	price, _ := functions.Apply(context.Background(), "shop", "price", etf.List{etf.Atom("apple")})
	_, failure := functions.Apply(context.Background(), "shop", "price", etf.List{etf.Atom("nut")})
	fmt.Println(price, failure.Class, failure.Reason)
	// Output: 3 error badarg
}
