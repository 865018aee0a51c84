package supervisor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// till counts money, and crashes when it is asked for more than it has.
type till struct{}

func (till) ModuleName() etf.Atom { return "till" }

func (till) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Int] {
	return genserv.Ok(args.(etf.Int))
}

func (till) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, cents etf.Int) genserv.Result[etf.Int] {
	if cents += request.(etf.Int); cents < 0 {
		panic(etf.Atom("empty"))
	}
	return genserv.Reply(cents, cents)
}

// shop has one till.
type shop struct{}

func (shop) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.OneForOne, Intensity: 3, Period: time.Minute},
		[]supervisor.ChildSpec{{
			ID:    etf.Atom("till"),
			Start: supervisor.StartLink(genserv.Of(till{}), etf.Int(100)).As("till"),
		}}, nil
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	n, err := node.Start(ctx, node.Config{Name: "shop", Cookie: "secret", NoListen: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = n.Stop(ctx) }()
	sup, err := n.Spawn(ctx, genserv.Child{Name: "shop", Module: supervisor.Of(shop{})})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Call(ctx, etf.Atom("till"), etf.Int(-30)))
	_, err = n.Call(ctx, etf.Atom("till"), etf.Int(-5000)) // which is too much for it
	fmt.Println(err != nil)

	counts, err := supervisor.CountChildren(ctx, n, sup) // answered after the supervisor has started it anew
	fmt.Printf("%+v %v\n", counts, err)
	fmt.Println(n.Call(ctx, etf.Atom("till"), etf.Int(0)))
	// Output:
	// 70 <nil>
	// true
	// {Specs:1 Active:1 Supervisors:0 Workers:1} <nil>
	// 100 <nil>
}
