package erlang

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

// soon is what an answer may take that has to wait for nobody; each attempt to connect with a silent host takes seven
// seconds.
const soon = 5 * time.Second

// What else waits for the answer of the peer is not the server: other callers are served.
func TestTheFirstLookAtAStateDoesNotWaitForThePeer(t *testing.T) {
	n := startSamples(t)
	p := gonodetest.NewPeer(t, "asks@localhost")
	release := make(chan struct{})
	script := p.Dial(n.Addr().String(), gonodetest.Handshake(string(n.Name())),
		gonodetest.Send("{6,'$self','',counter}", "{system,{'$self',tag},get_state}"),
		gonodetest.Expect("{29,'$ref','$from','_',{erpc,execute_call,4},[monitor]}",
			"['$result',erlang,system_info,[version]]"),
		gonodetest.Do("waits", func(*gonodetest.PeerConn) error { <-release; return nil }),
		gonodetest.Send("{31,'$ref','$from',2,'$self'}", nil),
		gonodetest.Send("{28,'$self','$from','$ref'}", `{'$result',return,"13.1"}`),
		gonodetest.Expect("{22,'_','$self'}", "{tag,0}"))
	require.Eventually(t, func() bool { return len(n.Nodes()) == 1 }, soon, time.Millisecond)
	began := time.Now()
	for ctx := within(t, soon); time.Since(began) < 100*time.Millisecond; {
		_, err := n.Call(ctx, etf.Atom("counter"), etf.Atom("get"))
		require.NoError(t, err)
	}
	require.Less(t, time.Since(began), 1500*time.Millisecond, "no call has waited for the peer")
	close(release)
	script.Wait(t)
}
