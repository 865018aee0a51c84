package node

import (
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func TestAnItemThatIsAskedForAgainAndAgainIsLookedAtOnce(t *testing.T) {
	n := testNode(t, Config{})
	pid, err := n.Spawn(t.Context(), genserv.Child{Name: "adder", Module: genserv.Of(adder{}), Args: etf.Int(0)})
	require.NoError(t, err)
	p := n.registry.byPid(pid)
	const links = 10_000
	for i := range links {
		p.addLink(etf.Pid{Node: "a@b", ID: uint32(i), Creation: 1}, nil)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	info, err := n.processInfo(t.Context(), etf.List{pid, etf.List(slices.Repeat(etf.List{etf.Atom("links")}, 500))})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.Len(t, info, 500)
	require.Len(t, info.(etf.List)[499].(etf.Tuple)[1], links)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
	for i := range links {
		p.unlink(etf.Pid{Node: "a@b", ID: uint32(i), Creation: 1})
	}
}

func TestAnApplicationThatNeedsSaslStarts(t *testing.T) {
	n := testNode(t, Config{})
	one := app("one", &diary{})
	one.Applications = append(one.Applications, "sasl")
	require.NoError(t, n.Applications().Start(t.Context(), one))
}

func TestAnApplicationWithoutANameThatIsAnAtomIsRefused(t *testing.T) {
	n := testNode(t, Config{})
	for _, name := range []etf.Atom{"", "\xff"} {
		require.ErrorContains(t, n.Applications().Start(t.Context(), App{Name: name}), "bad_application")
		require.ErrorContains(t, n.Applications().Load(App{Name: name}), "bad_application")
		if name != "" {
			_, err := n.Spawn(t.Context(), genserv.Child{Name: name, Module: genserv.Of(adder{})})
			require.ErrorIs(t, err, ErrBadArgument)
		}
	}
	require.NoError(t, n.Err())
}
