package genserv_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Account is a server with an integer as its state. In Erlang:
//
//	init(Cents) -> {ok, Cents}.
//	handle_call(balance, _From, Cents) -> {reply, Cents, Cents};
//	handle_call({withdraw, N}, _From, Cents) when N > Cents -> {reply, {error, too_little}, Cents};
//	handle_call({withdraw, N}, _From, Cents) -> {reply, ok, Cents - N}.
//	handle_cast({deposit, N}, Cents) -> {noreply, Cents + N}.
type Account struct{}

func (Account) Init(_ *genserv.Process, args etf.Term) genserv.InitResult[etf.Int] {
	cents, ok := args.(etf.Int)
	if !ok {
		return genserv.StopInit[etf.Int](etf.Atom("badarg"))
	}
	return genserv.Ok(cents)
}

func (Account) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, cents etf.Int) genserv.Result[etf.Int] {
	n, withdraw := tagged("withdraw", request)
	switch {
	case !withdraw:
		return genserv.Reply(cents, cents)
	case n > cents:
		return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("too_little")}, cents)
	}
	return genserv.Reply(etf.Atom("ok"), cents-n)
}

func (Account) HandleCast(_ *genserv.Process, request etf.Term, cents etf.Int) genserv.Result[etf.Int] {
	n, _ := tagged("deposit", request)
	return genserv.NoReply(cents + n)
}

// tagged takes {Tag, N} apart.
func tagged(tag etf.Atom, t etf.Term) (n etf.Int, ok bool) {
	pair, ok := t.(etf.Tuple)
	if !ok || len(pair) != 2 || pair[0] != etf.Term(tag) {
		return 0, false
	}
	n, ok = pair[1].(etf.Int)
	return n, ok
}

// A node usually drives the loop; here it is done by hand, with a Proc that prints what the server sends.
func Example() {
	loop := genserv.NewLoop(genserv.Of(Account{}), printer{}, driver.Options{Name: etf.Atom("account")})
	_, _, err := loop.Start(etf.Int(100))
	fmt.Println("start:", err)

	caller := etf.Pid{Node: "erl@here", ID: 5}
	loop.Handle(driver.CallMessage(caller, etf.Atom("tag1"), etf.Tuple{etf.Atom("withdraw"), etf.Int(30)}))
	loop.Handle(driver.CastMessage(etf.Tuple{etf.Atom("deposit"), etf.Int(5)}))
	loop.Handle(driver.CallMessage(caller, etf.Atom("tag2"), etf.Atom("balance")))
	loop.Handle(driver.SystemMessage(caller, etf.Atom("tag3"), etf.Atom("get_state")))
	next := loop.Handle(driver.SystemMessage(caller, etf.Atom("tag4"), etf.Tuple{etf.Atom("terminate"), genserv.Normal}))
	fmt.Println("ended:", next.Stopped, next.Reason)
	// Output:
	// start: <nil>
	// to <0.5.0>: {tag1,ok}
	// to <0.5.0>: {tag2,75}
	// to <0.5.0>: {tag3,{ok,75}}
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
