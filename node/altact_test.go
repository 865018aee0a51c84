//go:build unix

package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	fakepeer "github.com/gonode-otp/gonode/gonodetest/peer"
)

// A node of OTP 30 announces no FlagAlias: all that goes to an alias is an ALTACT_SIG_SEND, both ways.
func TestAPeerThatKnowsAliasesByAltactSigAloneCallsAndIsCalled(t *testing.T) {
	p := fakepeer.New(t, "otp30@localhost")
	p.Cookie = "secret"
	p.Flags = fakepeer.DefaultFlags &^ dist.FlagAlias
	n := testNode(t, Config{})
	n.does(t, "echo", func(_ *genserv.Process, request etf.Term) etf.Term { return request })
	own := etf.Ref{Node: p.Node, Creation: p.Creation, Len: 3, Words: [5]uint32{1, 2, 3}}
	answered := make(chan struct{})
	script := p.Dial(n.Addr().String(), fakepeer.Handshake(string(n.Name())),
		fakepeer.Do("has an alias", func(c *fakepeer.Conn) error { c.Set("$own", own); return nil }),
		fakepeer.Send("{6,'$self','',echo}", "{'$gen_call',{'$self',[alias|'$own']},hi}"),
		fakepeer.Expect("{37,4,'$echo','$own'}", "{[alias|'$own'],hi}"),
		fakepeer.Do("is answered", func(*fakepeer.Conn) error { close(answered); return nil }),
		fakepeer.Expect("{19,'$from',bank,'$monitor'}", nil),
		fakepeer.Expect("{6,'$from','',bank}", "{'$gen_call',{'$from',[alias|'$alias']},{pay,7}}"),
		fakepeer.Send("{37,4,'$self','$alias'}", "{[alias|'$alias'],paid}"),
		fakepeer.Expect("{20,'$from',bank,'$monitor'}", nil),
	)
	select {
	case <-answered:
	case <-script.Done():
		require.NoError(t, script.Err())
	}
	reply, err := n.Call(t.Context(), etf.Tuple{etf.Atom("bank"), p.Node}, etf.Tuple{etf.Atom("pay"), etf.Int(7)})
	require.NoError(t, err)
	require.Equal(t, etf.Atom("paid"), reply)
	script.Wait(t)
}
