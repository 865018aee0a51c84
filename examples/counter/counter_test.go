package counter_test

import (
	"context"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/typed"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The example hosts a counter on a node and uses it. A real node would leave out NoListen, so that other nodes can call
// it too.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "counting@localhost", Cookie: "secret", NoListen: true})
	if err != nil {
		log.Fatal(err)
	}
	defer n.Stop(ctx)
	if _, err := n.Spawn(ctx,
		genserv.Child{Name: "counter", Module: genserv.Of(counter.New()), Args: etf.Int(40)}); err != nil {
		log.Fatal(err)
	}
	value, err := typed.Call[int](ctx, n, etf.Atom("counter"), typed.Request("add", 2))
	fmt.Println(value, err)
	// Output: 42 <nil>
}

// start hosts a counter that begins with args. It returns functions that call and cast, with requests in Erlang syntax.
func start(t *testing.T, args etf.Term) (call func(request string) string, cast func(request string)) {
	t.Helper()
	n, err := node.Start(t.Context(), node.Config{Name: "counting@localhost", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Stop(context.Background())) })
	_, err = n.Spawn(t.Context(), genserv.Child{Name: "counter", Module: genserv.Of(counter.New()), Args: args})
	require.NoError(t, err)
	parse := func(request string) etf.Term {
		term, err := etf.Parse(request)
		require.NoError(t, err)
		return term
	}
	call = func(request string) string {
		reply, err := n.Call(t.Context(), etf.Atom("counter"), parse(request))
		require.NoError(t, err)
		return etf.Format(reply)
	}
	cast = func(request string) { require.NoError(t, n.Cast(t.Context(), etf.Atom("counter"), parse(request))) }
	return call, cast
}

func TestACounterCounts(t *testing.T) {
	call, cast := start(t, nil)
	require.Equal(t, "0", call("get"))
	require.Equal(t, "41", call("{add, 41}"))
	cast("{add, 1}")
	require.Equal(t, "42", call("get"), "a cast comes before a later call")
	require.Equal(t, "-7", call("{set, -7}"))
	cast("reset")
	require.Equal(t, "0", call("get"))
}

func TestACounterHasNoLargestNumber(t *testing.T) {
	call, _ := start(t, etf.Int(9223372036854775807))
	require.Equal(t, "9223372036854775808", call("{add, 1}"))
	require.Equal(t, "9223372036854775807", call("{add, -1}"))
	require.Equal(t, "100000000000000000000000", call("{set, 100000000000000000000000}"))
	require.Equal(t, "0", call("{add, -100000000000000000000000}"))
}

func TestACounterStaysCalmWhenItIsNotUnderstood(t *testing.T) {
	call, cast := start(t, etf.Atom("no_number"))
	for request, answer := range map[string]string{
		"reset": "unknown_request", "what": "unknown_request", "{add}": "unknown_request", "{mul, 2}": "unknown_request",
		"{1, 2}": "unknown_request", "[]": "unknown_request", "{add, 1, 2}": "unknown_request",
		"{add, x}":         `{bad_argument,<<"etf: unmarshal x into big.Int: want an integer">>}`,
		"{set, undefined}": `{bad_argument,<<"etf: unmarshal undefined into big.Int: want an integer">>}`,
	} {
		require.Equal(t, "{error,"+answer+"}", call(request), request)
		if request != "reset" {
			cast(request)
		}
	}
	cast("get")
	cast("{set, 5}")
	require.Equal(t, "0", call("get"))
}
