package dist_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// Two nodes meet over a pipe. Usually one end is a connection that was dialled, and the other an OTP node.
func ExampleLocal_Connect() {
	cookie := func(etf.Atom) string { return "secret" }
	a := dist.Local{Node: "a@host", Creation: 17, Cookie: cookie}
	b := dist.Local{Node: "b@host", Creation: 18, Cookie: cookie}

	ours, theirs := net.Pipe()
	accepted := make(chan *dist.Peer)
	go func() {
		peer, err := b.Accept(context.Background(), theirs, nil)
		if err != nil {
			fmt.Println(err)
		}
		accepted <- peer
	}()
	peer, err := a.Connect(context.Background(), ours, "b@host", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("reached", peer.Name, "hidden:", peer.Hidden(), "fragments:", peer.Negotiated.Has(dist.FlagFragments))
	fmt.Println("reached by", (<-accepted).Name)
	// Output:
	// reached b@host hidden: true fragments: true
	// reached by a@host
}

// An arbiter decides what becomes of a node that dials us.
func ExampleLocal_Accept() {
	cookie := func(etf.Atom) string { return "secret" }
	stranger := dist.Local{Node: "x@elsewhere", Creation: 17, Cookie: cookie}
	b := dist.Local{Node: "b@host", Creation: 18, Cookie: cookie}

	ours, theirs := net.Pipe()
	go func() { _, _ = stranger.Connect(context.Background(), theirs, "b@host", nil) }()
	_, err := b.Accept(context.Background(), ours, dist.ArbiterFunc(func(name etf.Atom) dist.Status {
		if _, host, _ := dist.SplitNode(name); host != "host" {
			return dist.StatusNotAllowed
		}
		return dist.StatusOK
	}))
	fmt.Println(errors.Is(err, dist.ReasonNotAllowed))
	fmt.Println(err)
	// Output:
	// true
	// dist: handshake from x@elsewhere, send_status: not_allowed: our node does not admit this one
}

// While we are dialling m@host, it dials us. One of the two attempts has to go.
func ExampleSimultaneous() {
	fmt.Println(dist.Simultaneous("z@host", "m@host"))
	fmt.Println(dist.Simultaneous("a@host", "m@host"))
	// Output:
	// nok
	// ok_simultaneous
}

func ExampleFlags_Missing() {
	theirs := dist.DefaultFlags &^ (dist.FlagV4NC | dist.FlagUnlinkID)
	fmt.Println("OTP 25:", theirs.Missing(dist.Mandatory(25)))
	fmt.Println("OTP 26:", theirs.Missing(dist.Mandatory(26)))
	// Output:
	// OTP 25: none
	// OTP 26: UNLINK_ID|V4_NC
}
