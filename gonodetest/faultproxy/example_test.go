//go:build unix

package faultproxy_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/faultproxy"
)

// A proxy between two real nodes, each of which has an EPMD for itself and knows the other by the proxy only. After
// the first 1000 bytes, which the handshake needs not even half of, a bit is turned over every 50 kB or so.
func ExampleProxy() {
	_ = func(t *testing.T) {
		here, there := beam.StartEPMD(t), beam.StartEPMD(t)
		a := beam.StartErl(t, beam.WithSname("a@localhost"), beam.WithEPMDPort(here.Port()))
		b := beam.StartErl(t, beam.WithSname("b@localhost"), beam.WithEPMDPort(there.Port()))
		flips := faultproxy.RandomFaults{Seed: 1, Skip: 1000, Gap: 50_000,
			Kinds: []faultproxy.Kind{faultproxy.Flip}}
		proxy := faultproxy.New(t, flips.Plan())
		proxy.OpenNode(a.Name(), here.Port(), there.Port())
		proxy.OpenNode(b.Name(), there.Port(), here.Port())
		if got := a.Call(t, "net_adm", "ping", b.Atom()); got != "pong" {
			t.Fatal(got)
		}
		proxy.Cut() // and what now?
	}
}
