//go:build unix

package gonodetest_test

import (
	"testing"

	"github.com/gonode-otp/gonode/gonodetest"
)

// A node that is given a peer which takes a call and dies instead of answering.
func ExampleNewPeer() {
	_ = func(t *testing.T) {
		peer := gonodetest.NewPeer(t, "peer@localhost")
		peer.Register(t, gonodetest.PrivateEPMD(t).Port())
		script := peer.Accept(
			gonodetest.Handshake(""),
			gonodetest.Expect("{19,'$from',bank,'$monitor'}", nil),
			gonodetest.Expect("{6,'$from','',bank}", "{'$gen_call',{'$from','_'},{pay,'_'}}"),
			gonodetest.Send("{28,bank,'$from','$monitor'}", "{crashed,by_accident}"),
			gonodetest.Hold(),
		)
		// ... here the node under test makes the call gen_server:call({bank,'peer@localhost'}, {pay, 7}).
		script.Wait(t)
	}
}

// A handshake in which the challenge of the peer comes too short.
func ExampleAltered() {
	_ = func(t *testing.T) {
		peer := gonodetest.NewPeer(t, "peer@localhost")
		peer.Accept(
			gonodetest.ExpectName(),
			gonodetest.SendStatus("ok"),
			gonodetest.Altered(gonodetest.SendChallenge(), func(b []byte) []byte { return b[:9] }),
		)
	}
}
