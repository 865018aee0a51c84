// Command ergo2 is the server of bench/peer on ergo 2.2.4, which speaks the Erlang distribution by itself. A module
// of its own, so that no other part of the project depends on it.
//
//	ergo2 NODE COOKIE
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/ergo-services/ergo"
	"github.com/ergo-services/ergo/etf"
	"github.com/ergo-services/ergo/gen"
	"github.com/ergo-services/ergo/node"
	"github.com/ergo-services/ergo/proto/dist"
)

type probe struct{ gen.Server }

func (*probe) Init(process *gen.ServerProcess, _ ...etf.Term) error {
	process.State = new(int)
	return nil
}

func (*probe) HandleCall(process *gen.ServerProcess, _ gen.ServerFrom, message etf.Term) (etf.Term, gen.ServerStatus) {
	if t, ok := message.(etf.Tuple); ok && len(t) == 2 {
		return t[1], gen.ServerStatusOK
	}
	return *process.State.(*int), gen.ServerStatusOK
}

func (*probe) HandleCast(process *gen.ServerProcess, message etf.Term) gen.ServerStatus {
	if t, ok := message.(etf.Tuple); ok && len(t) == 2 {
		if n, ok := t[1].(int); ok {
			*process.State.(*int) += n
		}
	}
	return gen.ServerStatusOK
}

func main() {
	port, err := strconv.ParseUint(os.Getenv("ERL_EPMD_PORT"), 10, 16)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ergo2: ERL_EPMD_PORT:", err)
		os.Exit(2)
	}
	n, err := ergo.StartNode(os.Args[1], os.Args[2],
		node.Options{Registrar: dist.CreateRegistrarWithRemoteEPMD("localhost", uint16(port))})
	if err != nil {
		fmt.Fprintln(os.Stderr, "ergo2:", err)
		os.Exit(1)
	}
	// A mailbox that is full drops what comes, and the usual one holds 100 messages; this is the most there is.
	if _, err := n.Spawn("probe", gen.ProcessOptions{MailboxSize: 65535}, &probe{}); err != nil {
		fmt.Fprintln(os.Stderr, "ergo2:", err)
		os.Exit(1)
	}
	fmt.Printf("ready %s %d\n", os.Args[1], os.Getpid())
	done := make(chan os.Signal, 1)
	signal.Notify(done, os.Interrupt, syscall.SIGTERM)
	<-done
}
