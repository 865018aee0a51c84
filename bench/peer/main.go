// Command peer is the Go side of the benchmark: a node with one server, registered as probe. The server answers {echo,
// T} with T, adds up the N of casts {add, N}, and answers get with the sum. For the growth curves it starts N more
// servers for {servers, N} and answers their pids, and it ends them for the cast {stop, N}. {busy, Ms} keeps it busy,
// and collect runs the garbage collector.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/heapfloor"
	"github.com/gonode-otp/gonode/node"
)

func main() {
	cfg := node.Config{EPMD: node.EPMDExternal}
	flag.StringVar(&cfg.Name, "sname", "probe_go@localhost", "short node `name`")
	flag.StringVar(&cfg.Cookie, "cookie", os.Getenv("GONODE_COOKIE"), "cookie, default GONODE_COOKIE")
	profile := flag.String("cpuprofile", "", "write a CPU profile to `file`")
	flag.Parse()
	defer heapfloor.Set(heapfloor.Default, 100)() // as the command does
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
	if _, err := n.Spawn(ctx, genserv.Child{Name: "probe", Module: genserv.Of(probe{n, new([]etf.Pid)})}); err != nil {
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
type probe struct {
	n       *node.Node
	servers *[]etf.Pid // those that it started; only the registered server has any
}

func (probe) Init(*genserv.Process, etf.Term) genserv.InitResult[int64] {
	return genserv.Ok(int64(0))
}

func (s probe) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, sum int64) genserv.Result[int64] {
	switch request := request.(type) {
	case etf.Tuple:
		switch request[0] {
		case etf.Atom("servers"):
			return genserv.Reply(s.start(int(request[1].(etf.Int))), sum)
		case etf.Atom("busy"):
			<-time.After(time.Duration(request[1].(etf.Int)) * time.Millisecond)
			return genserv.Reply(etf.Atom("ok"), sum)
		}
		return genserv.Reply(request[1], sum)
	case etf.Atom:
		if request == "collect" {
			debug.FreeOSMemory()
		}
	}
	return genserv.Reply(etf.Int(sum), sum)
}

func (s probe) HandleCast(p *genserv.Process, request etf.Term, sum int64) genserv.Result[int64] {
	t := request.(etf.Tuple)
	if etf.IsAtom(t[0], "stop") {
		for _, pid := range *s.servers {
			p.Exit(pid, etf.Atom("shutdown"))
		}
		*s.servers = nil
		return genserv.NoReply(sum)
	}
	return genserv.NoReply(sum + int64(t[1].(etf.Int)))
}

// start starts more servers. It returns how long that took, in microseconds, and their pids. An error ends this server,
// which the client sees.
func (s probe) start(count int) etf.Term {
	pids := make(etf.List, count)
	began := time.Now()
	for i := range pids {
		pid, err := s.n.Spawn(context.Background(), genserv.Child{Module: genserv.Of(probe{s.n, nil})})
		if err != nil {
			panic(err)
		}
		pids[i] = pid
		*s.servers = append(*s.servers, pid)
	}
	return etf.Tuple{etf.Int(time.Since(began).Microseconds()), pids}
}
