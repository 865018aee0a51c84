package locks_test

import (
	"context"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/locks"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The example hosts the locks on a node. A real node would leave out NoListen, so that processes of other nodes can
// acquire them.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "vault@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	if _, err := n.Spawn(ctx, genserv.Child{Name: "locks", Module: genserv.Of(locks.Server{})}); err != nil {
		log.Fatal(err)
	}
	owners, err := n.Call(ctx, etf.Atom("locks"), etf.Atom("owners"))
	fmt.Println(owners, err)
	// Output: #{} <nil>
}

func TestWhatIsNoRequestIsAnsweredAndChangesNothing(t *testing.T) {
	n, err := node.Start(t.Context(), node.Config{Name: "vault@localhost", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	pid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(locks.Server{})})
	require.NoError(t, err)
	for request, want := range map[string]string{
		"x": "{error,unknown_request}", "{acquire,1}": "{error,unknown_request}", "{}": "{error,unknown_request}",
		"{release,a}": "{error,not_owner}", "owners": "#{}",
	} {
		term, err := etf.Parse(request)
		require.NoError(t, err)
		reply, err := n.Call(t.Context(), pid, term)
		require.NoError(t, err)
		require.Equal(t, want, etf.Format(reply), request)
	}
	require.NoError(t, n.Send(t.Context(), pid, etf.Tuple{etf.Atom("DOWN"), etf.Int(1), etf.Int(2), etf.Int(3),
		etf.Int(4)}))
	reply, err := n.Call(t.Context(), pid, etf.Atom("owners"))
	require.NoError(t, err)
	require.Equal(t, "#{}", etf.Format(reply))
}
