package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/upgrade"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// ledger is a server that keeps accounts of what it receives, under load that goes on while the network is disturbed.
// It understands the cast {cast, Pid, N}, where the N of a Pid grow, and the calls
//
//	{call, Pid, N}    {answer, Pid, N}; the N of a Pid grow
//	{sync, Pid}       {Epoch, Count, Last} of the casts of Pid; each start of the ledger has another Epoch
//	mortal            {ok, NewPid} of a server that ends normally when it is cast stop
//	{watch, Pid}      ok: the ledger monitors Pid
//	account           {Disordered, Watched, Fired, Twice}: calls and casts out of order or repeated, monitors of the
//	                  ledger, how many have fired, how many more than once
type ledger struct {
	epoch      etf.Int
	calls      map[etf.Pid]etf.Int
	casts      map[etf.Pid]castsOf
	watched    map[etf.Ref]int // how often each monitor has fired
	disordered int
}

type castsOf struct{ count, last etf.Int }

// runLedger runs a node with a ledger until it is told to end. With -root the node has the counter of examples/upgrade
// and can be upgraded. It copies the files in -files to the root.
func runLedger(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	cfg := node.Config{LongNames: true, Cookie: os.Getenv("GONODE_COOKIE")}
	flags.DurationVar(&cfg.TickTime, "ticktime", 0, "tick time")
	root := flags.String("root", "", "directory of the release handler, on a file system of its own")
	files := flags.String("files", "", "directory with the files of examples/upgrade")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg.Name = flags.Arg(0)
	servers := map[etf.Atom]genserv.Module{"ledger": genserv.Of(&ledger{})}
	if *root != "" {
		if err := os.CopyFS(*root, os.DirFS(*files)); err != nil {
			return err
		}
		versions, err := upgrade.Versions()
		if err != nil {
			return err
		}
		cfg.Upgrade = &node.Upgrade{Versions: versions, Root: *root}
		servers["disk"], servers["counter"] = genserv.Of(disk{*root}), genserv.Of(upgrade.V1{})
	}
	n, err := node.Start(ctx, cfg)
	if err != nil {
		return err
	}
	for name, code := range servers {
		if _, err := n.Spawn(ctx, genserv.Child{Name: name, Module: code}); err != nil {
			return errors.Join(err, stopNode(n))
		}
	}
	fmt.Println(n.Name())
	<-ctx.Done()
	return stopNode(n)
}

// Init implements genserv.Server.
func (*ledger) Init(*genserv.Process, etf.Term) genserv.InitResult[*ledger] {
	return genserv.Ok(&ledger{epoch: etf.Int(time.Now().UnixNano()), calls: make(map[etf.Pid]etf.Int),
		casts:   make(map[etf.Pid]castsOf),
		watched: make(map[etf.Ref]int)})
}

// HandleCall implements genserv.Server.
func (*ledger) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s *ledger) genserv.Result[*ledger] {
	verb, args := etf.Verb(request)
	var pid etf.Pid
	if len(args) > 0 {
		pid, _ = args[0].(etf.Pid)
	}
	switch {
	case verb == "call" && len(args) == 2:
		number, _ := args[1].(etf.Int)
		if number <= s.calls[pid] {
			s.disordered++
		}
		s.calls[pid] = number
		return genserv.Reply(etf.Tuple{etf.Atom("answer"), pid, number}, s)
	case verb == "sync":
		c := s.casts[pid]
		return genserv.Reply(etf.Tuple{s.epoch, c.count, c.last}, s)
	case verb == "mortal":
		return genserv.Reply(started(p.Spawn(genserv.Child{Module: genserv.Of(mortal{})})), s)
	case verb == "watch":
		ref, err := p.Monitor(pid)
		check(err)
		s.watched[ref] = 0
		return genserv.Reply(ok, s)
	}
	return genserv.Reply(s.account(), s)
}

func (s *ledger) account() etf.Tuple {
	fired, twice := 0, 0
	for _, n := range s.watched {
		if n > 0 {
			fired++
		}
		if n > 1 {
			twice++
		}
	}
	return etf.Tuple{etf.Int(s.disordered), etf.Int(len(s.watched)), etf.Int(fired), etf.Int(twice)}
}

// HandleCast implements genserv.Caster.
func (*ledger) HandleCast(_ *genserv.Process, request etf.Term, s *ledger) genserv.Result[*ledger] {
	if verb, args := etf.Verb(request); verb == "cast" && len(args) == 2 {
		pid, _ := args[0].(etf.Pid)
		number, _ := args[1].(etf.Int)
		c := s.casts[pid]
		if number <= c.last {
			s.disordered++
		}
		s.casts[pid] = castsOf{c.count + 1, number}
	}
	return genserv.NoReply(s)
}

// HandleInfo implements genserv.Informer.
func (*ledger) HandleInfo(_ *genserv.Process, msg etf.Term, s *ledger) genserv.Result[*ledger] {
	if verb, args := etf.Verb(msg); verb == "DOWN" && len(args) == 4 {
		if ref, is := args[0].(etf.Ref); is {
			s.watched[ref]++
		}
	}
	return genserv.NoReply(s)
}

// mortal is a server that waits to be ended. It does not wait for ever, because the node that should end it may be cut
// off.
type mortal struct{}

// Init implements genserv.Server.
func (mortal) Init(*genserv.Process, etf.Term) genserv.InitResult[etf.Atom] {
	return genserv.Ok(ok).WithTimeout(time.Minute)
}

// HandleCall implements genserv.Server.
func (mortal) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s etf.Atom) genserv.Result[etf.Atom] {
	return genserv.Reply(s, s)
}

// HandleCast implements genserv.Caster.
func (mortal) HandleCast(_ *genserv.Process, _ etf.Term, s etf.Atom) genserv.Result[etf.Atom] {
	return genserv.Stop(etf.Atom("normal"), s)
}

// HandleInfo implements genserv.Informer.
func (mortal) HandleInfo(_ *genserv.Process, _ etf.Term, s etf.Atom) genserv.Result[etf.Atom] {
	return genserv.Stop(etf.Atom("normal"), s)
}
