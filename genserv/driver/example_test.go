package driver_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// counter is a server that counts.
type counter struct{}

func (counter) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Int] {
	return genserv.Ok(args.(etf.Int))
}

func (counter) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, n etf.Int) genserv.Result[etf.Int] {
	return genserv.Reply(n, n+1)
}

func (counter) HandleCast(_ *genserv.Process, request etf.Term, n etf.Int) genserv.Result[etf.Int] {
	return genserv.NoReply(n + request.(etf.Int))
}

// A loop is driven by hand, with a Proc that prints what the server sends.
func Example() {
	loop := genserv.NewLoop(genserv.Of(counter{}), printer{}, driver.Options{Name: etf.Atom("counter")})
	_, _, err := loop.Start(etf.Int(100))
	fmt.Println("start:", err)

	caller := etf.Pid{Node: "erl@here", ID: 5}
	loop.Handle(driver.CallMessage(caller, etf.Atom("tag1"), etf.Atom("next")))
	loop.Handle(driver.CastMessage(etf.Int(5)))
	loop.Handle(driver.CallMessage(caller, etf.Atom("tag2"), etf.Atom("next")))
	loop.Handle(driver.SystemMessage(caller, etf.Atom("tag3"), etf.Atom("get_state")))
	next := loop.Handle(driver.SystemMessage(caller, etf.Atom("tag4"), etf.Tuple{etf.Atom("terminate"), genserv.Normal}))
	fmt.Println("ended:", next.Stopped, next.Reason)
	// Output:
	// start: <nil>
	// to <0.5.0>: {tag1,100}
	// to <0.5.0>: {tag2,106}
	// to <0.5.0>: {tag3,{ok,107}}
	// to <0.5.0>: {tag4,ok}
	// ended: true normal
}

type printer struct{ driver.Proc }

func (printer) Self() etf.Pid { return etf.Pid{Node: "go@here", ID: 100} }

func (p printer) Reply(to, tag, reply etf.Term) error { return p.Send(to, etf.Tuple{tag, reply}) }

func (printer) Send(to, msg etf.Term) error {
	pid := to.(etf.Pid)
	fmt.Printf("to <0.%d.%d>: %s\n", pid.ID, pid.Serial, etf.Format(msg))
	return nil
}
