package transport_test

import (
	"context"
	"fmt"

	"github.com/gonode-otp/gonode/node/internal/transport"
)

// The default of erl: IPv4, and nothing between TCP and the handshake.
func Example() {
	proto, _ := transport.ParseProtocol("inet_tcp")
	l, err := proto.Family.Listen(context.Background(), proto.Family.Loopback(), 0, 0)
	if err != nil {
		return
	}
	defer func() { _ = l.Close() }()
	carrier, err := transport.NewCarrier(transport.Options{})
	if err != nil {
		return
	}
	conn, err := proto.Family.Dial(context.Background(), "", l.Addr().String())
	if err != nil {
		return
	}
	conn, err = carrier.Outgoing(context.Background(), conn, "localhost")
	fmt.Println(proto.Family, carrier.LengthBytes(), err)
	_ = conn.Close()
	// Output: IPv4 2 <nil>
}
