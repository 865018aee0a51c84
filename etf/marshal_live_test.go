package etf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// throughErl gives the term of v to a fun of a real erl and returns what it answers. Both ways go through
// the external term format.
func throughErl(t *testing.T, e *beam.Node, v any, fun string) etf.Term {
	t.Helper()
	term, err := etf.Marshal(v)
	require.NoError(t, err)
	sent, err := etf.Append(nil, term)
	require.NoError(t, err)
	answer := e.Eval(t, fmt.Sprintf("binary_to_list(term_to_binary((%s)(binary_to_term(%v))))", fun, etf.Binary(sent)))
	list, err := etf.Parse(answer)
	require.NoError(t, err)
	var received []byte
	require.NoError(t, etf.Unmarshal(list, &received))
	back, err := etf.Decode(received)
	require.NoError(t, err)
	return back
}

func TestErlangMatchesWhatGoMarshalsAndTheOtherWayRound(t *testing.T) {
	e := beam.StartErl(t, beam.WithoutDist())
	var p point
	require.NoError(t, etf.Unmarshal(throughErl(t, e, point{X: 1, Y: 2}, "fun({point,X,Y}) -> {point,Y,X} end"), &p))
	require.Equal(t, point{X: 2, Y: 1}, p)

	var o options
	require.NoError(t, etf.Unmarshal(throughErl(t, e, options{Port: 80, Host: "h€"},
		"fun(L) -> 80 = proplists:get_value(port, L), \"h€\" = proplists:get_value(hostname, L), [verbose | "+
			"lists:keyreplace(port, 1, L, {port, 81})] end"), &o))
	require.Equal(t, options{Port: 81, Verbose: true, Host: "h€"}, o)

	mail := "joe@h"
	var u user
	require.NoError(t, etf.Unmarshal(throughErl(t, e, user{Name: "Joe", Mail: &mail},
		"fun(#{'__struct__' := 'Elixir.My.User', mail := <<\"joe@h\">>} = U) -> U#{name := <<\"Ann\">>, mail := nil} end"),
		&u))
	require.Equal(t, user{Name: "Ann"}, u)

	var v everything
	want := everything{B: true, I: -1 << 63, U: 1<<64 - 1, F: 1.5, S: "é", Atom: "Ä", Raw: []byte{0, 255},
		List: [][]int16{{1}, {}},
		Map:  map[string]uint8{"k": 1}, Pair: [2]string{"a", "b"}}
	require.NoError(t, etf.Unmarshal(throughErl(t, e, want, "fun(T) -> T end"), &v))
	require.Equal(t, want, v)
}
