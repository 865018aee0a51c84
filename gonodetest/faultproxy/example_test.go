//go:build unix

package faultproxy_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/faultproxy"
)

// The example has a proxy between two real nodes. Each node has an EPMD for itself and knows the other only through the
// proxy. The handshake needs less than the first 1000 bytes. After them, one bit flips about every 50 kB.
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
