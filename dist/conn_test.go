package dist

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func TestAMessageArrivesAsItWasSent(t *testing.T) {
	for _, flags := range []Flags{0, FlagSendSender, FlagDistHdrAtomCache, FlagFragments, DefaultFlags} {
		a, _, _, toB := pair(t, flags, Options{})
		for i := range 3 {
			send(t, a, &RegSend{From: pidA(7), To: "echo"}, etf.Tuple{etf.Atom("hello"), etf.Int(i)})
		}
		got := toB.wait(t, 3)
		require.Equal(t, &RegSend{From: pidA(7), To: "echo"}, got[2].msg)
		require.Equal(t, etf.Tuple{etf.Atom("hello"), etf.Int(2)}, got[2].payload)
	}
}

func TestALargeMessageArrivesAsItWasSent(t *testing.T) {
	big := make(etf.Binary, 10_000_000)
	for i := range big {
		big[i] = byte(i * 7)
	}
	for _, flags := range []Flags{0, FlagDistHdrAtomCache, FlagFragments, DefaultFlags} {
		a, _, _, toB := pair(t, flags, Options{})
		send(t, a, &Send{From: pidA(7), To: pidB(1)}, big)
		got := toB.wait(t, 1)
		require.Equal(t, big, got[0].payload)
	}
}
