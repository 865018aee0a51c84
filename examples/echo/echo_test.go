package echo_test

import (
	"context"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The example hosts an echo on a node and calls it. A real node would leave out NoListen, so that other nodes can call
// it too.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "hall@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	if _, err := n.Spawn(ctx, genserv.Child{Name: "echo", Module: genserv.Of(echo.Server{})}); err != nil {
		log.Fatal(err)
	}
	reply, err := n.Call(ctx, etf.Atom("echo"), etf.Tuple{etf.Atom("hello"), etf.Binary("world")})
	fmt.Println(reply, err)
	// Output: {hello,<<"world">>} <nil>
}

func TestAnEchoAnswersWithTheRequestAndIgnoresCasts(t *testing.T) {
	n, err := node.Start(t.Context(), node.Config{Name: "hall@localhost", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: "echo", Module: genserv.Of(echo.Server{})})
	require.NoError(t, err)
	for _, text := range []string{"nil", "undefined", "[]", "{}", "#{}", "-1", "1.5", `<<"x">>`, "[a|b]",
		"{'$gen_call',x}"} {
		request, err := etf.Parse(text)
		require.NoError(t, err)
		require.NoError(t, n.Cast(t.Context(), pid, request))
		reply, err := n.Call(t.Context(), pid, request)
		require.NoError(t, err)
		require.True(t, etf.Equal(request, reply), "%s came back as %v", text, reply)
	}
}
