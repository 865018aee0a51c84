//go:build unix

package peer_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/peer"
)

// The peer of this example takes a call and dies instead of answering.
func ExampleNew() {
	_ = func(t *testing.T) {
		other := peer.New(t, "peer@localhost")
		other.Register(t, beam.PrivateEPMD(t).Port())
		script := other.Accept(
			peer.Handshake(""),
			peer.Expect("{19,'$from',bank,'$monitor'}", nil),
			peer.Expect("{6,'$from','',bank}", "{'$gen_call',{'$from','_'},{pay,'_'}}"),
			peer.Send("{28,bank,'$from','$monitor'}", "{crashed,by_accident}"),
			peer.Hold(),
		)
		// ... here the node under test makes the call gen_server:call({bank,'peer@localhost'}, {pay, 7}).
		script.Wait(t)
	}
}

// In this handshake the challenge of the peer is too short.
func ExampleMutated() {
	_ = func(t *testing.T) {
		other := peer.New(t, "peer@localhost")
		other.Accept(
			peer.ExpectName(),
			peer.SendStatus("ok"),
			peer.Mutated(peer.SendChallenge(), func(b []byte) []byte { return b[:9] }),
		)
	}
}
