//go:build unix

package gonodetest_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest"
)

// A bender between two real nodes, each of which has an EPMD for itself and knows the other by the bender only. After
// the first 1000 bytes, which the handshake needs not even half of, a bit is turned over every 50 kB or so.
func ExampleBender() {
	_ = func(t *testing.T) {
		here, there := gonodetest.StartEPMD(t), gonodetest.StartEPMD(t)
		a := gonodetest.StartErl(t, gonodetest.WithSname("a@localhost"), gonodetest.WithEPMDPort(here.Port()))
		b := gonodetest.StartErl(t, gonodetest.WithSname("b@localhost"), gonodetest.WithEPMDPort(there.Port()))
		flips := gonodetest.RandomFaults{Seed: 1, Skip: 1000, Gap: 50_000,
			Kinds: []gonodetest.FaultKind{gonodetest.FaultFlip}}
		bender := gonodetest.NewBender(t, flips.Plan())
		bender.OpenNode(a.Name(), here.Port(), there.Port())
		bender.OpenNode(b.Name(), there.Port(), here.Port())
		if got := a.Call(t, "net_adm", "ping", b.Atom()); got != "pong" {
			t.Fatal(got)
		}
		bender.Cut() // and what now?
	}
}
