// Command peer is the Go side of the benchmark: a node with one server, registered as probe, that answers {echo, T} with T,
// adds up the N of casts {add, N} and answers get with the sum.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	cfg := node.Config{EPMD: node.EPMDExternal}
	flag.StringVar(&cfg.Name, "sname", "probe_go@localhost", "short node `name`")
	flag.StringVar(&cfg.Cookie, "cookie", os.Getenv("GONODE_COOKIE"), "cookie, default GONODE_COOKIE")
	profile := flag.String("cpuprofile", "", "write a CPU profile to `file`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, cfg, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg node.Config, profile string) (err error) {
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	if _, err := n.Spawn(ctx, "probe", genserv.Of(probe{}), nil); err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("ready %s %d\n", n.Name(), os.Getpid())
	<-ctx.Done()
	return errors.Join(n.Stop(context.Background()))
}

// probe is the server; its state is the sum.
type probe struct{}

func (probe) Init(*genserv.Process, etf.Term) genserv.InitResult[int64] {
	return genserv.Ok(int64(0))
}

func (probe) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, sum int64) genserv.Result[int64] {
	if t, ok := request.(etf.Tuple); ok && len(t) == 2 {
		return genserv.Reply(t[1], sum)
	}
	return genserv.Reply(etf.Int(sum), sum)
}

func (probe) HandleCast(_ *genserv.Process, request etf.Term, sum int64) genserv.Result[int64] {
	if t, ok := request.(etf.Tuple); ok && len(t) == 2 {
		n, _ := t[1].(etf.Int)
		sum += int64(n)
	}
	return genserv.NoReply(sum)
}
