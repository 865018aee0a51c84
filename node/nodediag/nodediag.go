package nodediag

import (
	"context"
	"iter"
	"net"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/internal/transport"
)

// Finding is the outcome of one step of Examine.
type Finding struct {
	Step   string // config, name, address, epmd, port, tls, handshake, flags, ping or tick
	Detail string // what was found
	Advice string // after a failure: what to change, and on which side
	Err    error  // nil if the step is fine
}

// Examine walks the way that a node with the configuration cfg would go to the node called peer: the form of its name,
// the address of its host, EPMD, its port, TLS if that carries the distribution, the handshake with flags and cookie,
// its answer to a ping and its tick time. It yields what each step found and ends with the first failure. ctx bounds
// the whole walk.
//
// The peer sees a hidden node under the name of cfg for a moment. A connection that it has with a node of that name
// stays. The errors are those of node.Start for a configuration that cannot work, and of node.Node.Connect.
func Examine(ctx context.Context, cfg node.Config, peer etf.Atom) iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		x := &examination{cfg: cfg, name: peer}
		defer x.close()
		for _, step := range []func(context.Context) Finding{x.config, x.form, x.address, x.lookUp, x.dial, x.secure,
			x.handshake, x.flags, x.ping, x.tick} {
			f := step(ctx)
			if f.Step != "" && !yield(f) || f.Err != nil {
				return
			}
		}
	}
}

// examination carries what one step found to the next.
type examination struct {
	cfg     node.Config
	proto   transport.Protocol
	carrier transport.Carrier

	name        etf.Atom // of the peer
	alive, host string
	port        uint16
	conn        net.Conn // to the port; through the carrier from the step tls on
	peer        *dist.Peer
	session     *session // over conn, from the step flags on
}

func (x *examination) epmd() epmd.Client { return epmd.Client{Dial: x.proto.Family.Dial} }

func (x *examination) close() {
	switch {
	case x.session != nil:
		x.session.close()
	case x.conn != nil:
		_ = x.conn.Close()
	}
}
