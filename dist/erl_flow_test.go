//go:build unix

package dist_test

import (
	"flag"
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

var update = flag.Bool("update", false,
	"record the flows in testdata anew, with the erl that is found or that GONODE_ERL names")

// The scripts of the recordings hold against a node of today. With -update the recordings of its release are made anew.
func TestErlPlaysItsPartInTheRecordedFlows(t *testing.T) {
	for name, script := range flowScripts {
		t.Run(name, func(t *testing.T) {
			erl := beam.StartErl(t, beam.WithSname("erl@localhost"), beam.WithCookie(flowCookie))
			erl.Compile(t, "actor", actor)
			erl.Eval(t, "actor:start()")
			var c net.Conn
			if script.incoming {
				ln := listen(t, erl, "go")
				dialling := erl.NewSession()
				dialling.Eval(t, fmt.Sprintf("spawn(fun() -> net_kernel:connect_node(%v) end)", flowNode))
				var err error
				c, err = ln.Accept()
				require.NoError(t, err)
			} else {
				c = dial(t, erl)
			}
			r := &recording{Conn: c}
			s := playFlow(t, name, etf.Atom(erl.Name()), r)
			if *update {
				writeFlow(t, &flow{release: erl.Release(), script: name, incoming: script.incoming, blocks: r.blocks,
					received: s.received, sent: s.sent})
			}
		})
	}
}
