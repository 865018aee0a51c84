package node

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestTheListOfAllowedNodesMeansWhatItMeansToErlang(t *testing.T) {
	e := beam.StartErl(t)
	if beam.OTPRelease(t) < 25 {
		t.Skip("this release has whole names only")
	}
	for _, entry := range []string{"a@h", "h", "a@", "a", "h.example.org", "@h", "a@h@x", "b@h"} {
		for _, who := range []etf.Atom{"a@h", "b@h", "a@x", "b@x", "h@a", "a@h.example.org"} {
			var l allowList
			l.add([]etf.Atom{etf.Atom(entry)})
			asked := fmt.Sprintf("dist_util:is_allowed('%s', ['%s'])", string(who), entry)
			require.Equal(t, e.Eval(t, asked), fmt.Sprint(l.admits(who)), asked)
		}
	}
}

func TestAnOperatorRestrictsANodeOverRPC(t *testing.T) {
	e := beam.StartErl(t)
	_, host, _ := strings.Cut(e.Name(), "@")
	n := testNode(t, Config{Name: "strict@" + host, EPMDPort: uint16(e.EPMDPort()), Listen: "0.0.0.0",
		Cookies: map[string]string{e.Name(): e.Cookie()}})
	own := "'" + string(n.Name()) + "'"
	list := fmt.Sprintf("[x@y,'erl@',%s]", own)
	for _, node := range []string{own, "node()"} { // this node first, then a BEAM
		require.Equal(t, "true", e.Eval(t, fmt.Sprintf(`(fun(Do) ->
			{{ok,[]}, error, error, ok, ok, {ok,%s}} =:= {Do(allowed, []), Do(allow, [["x@y"]]), Do(allow, [x]),
				Do(allow, [[x@y, 'erl@']]), Do(allow, [[%s]]), Do(allowed, [])}
			end)(fun(F, A) -> rpc:call(%s, net_kernel, F, A) end)`, list, own, node)), node)
	}
	require.ErrorContains(t, n.Ping(t.Context(), etf.Atom("other@"+host)), "net_kernel:allow/1")
	require.Equal(t, "pong", e.Eval(t, "net_adm:ping("+own+")"), "who is connected stays")
	e.Eval(t, "true = erlang:disconnect_node("+own+")")
	require.Equal(t, "pang", e.Eval(t, "net_adm:ping("+own+")"))
}
