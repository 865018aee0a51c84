package bank

import (
	"context"
	"maps"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Ledger knows the balance of every account. It understands the calls {get, Name} and {put, Name, Balance}. Any other
// call crashes it, and its supervisor then ends all accounts with it.
type Ledger struct{}

// Book is the state of the ledger. It is not changed in place: each entry makes a new one, so a crash leaves nothing
// half written.
type Book map[etf.Atom]etf.Int

// ModuleName implements genserv.Namer.
func (Ledger) ModuleName() etf.Atom { return "ledger" }

// Init implements genserv.Server.
func (Ledger) Init(*genserv.Process, etf.Term) genserv.InitResult[Book] {
	return genserv.Ok(Book{})
}

// HandleCall implements genserv.Server.
func (Ledger) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, b Book) genserv.Result[Book] {
	verb, args := etf.Verb(request)
	switch {
	case verb == "get" && len(args) == 1:
		return genserv.Reply(etf.Term(b[args[0].(etf.Atom)]), b)
	case verb == "put" && len(args) == 2:
		b = maps.Clone(b)
		b[args[0].(etf.Atom)] = args[1].(etf.Int)
		return genserv.Reply(etf.Term(etf.Atom("ok")), b)
	}
	panic(functionClause)
}

// functionClause is the error of an Erlang function that has no clause for its arguments.
var functionClause = etf.Atom("function_clause")

// Account is one open account. It understands the calls balance, {deposit, N} and {withdraw, N}, which answer with the
// new balance, and close, which ends it for good. Any other call is an error of the caller: the account crashes, and
// its supervisor restarts it.
type Account struct{}

// Holding is the state of an account.
type Holding struct {
	Name  etf.Atom
	Cents etf.Int
}

// ModuleName implements genserv.Namer.
func (Account) ModuleName() etf.Atom { return "account" }

// Init implements genserv.Server. args is the name of the account.
func (Account) Init(p *genserv.Process, args etf.Term) genserv.InitResult[Holding] {
	name := args.(etf.Atom)
	answer, err := ask(p, etf.Tuple{etf.Atom("get"), name})
	if err != nil {
		return genserv.StopInit[Holding](etf.Atom("no_ledger"))
	}
	return genserv.Ok(Holding{name, answer.(etf.Int)})
}

// HandleCall implements genserv.Server.
func (a Account) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, h Holding) genserv.Result[Holding] {
	verb, args := etf.Verb(request)
	if verb == "balance" && len(args) == 0 {
		return genserv.Reply(etf.Term(h.Cents), h)
	}
	if verb == "close" && len(args) == 0 {
		return genserv.StopReply(genserv.Normal, etf.Atom("ok"), h)
	}
	if verb != "deposit" && verb != "withdraw" || len(args) != 1 {
		panic(functionClause)
	}
	n := args[0].(etf.Int)
	if verb == "withdraw" {
		n = -n
	}
	if h.Cents+n < 0 {
		return genserv.Reply[Holding](etf.Tuple{etf.Atom("error"), etf.Atom("insufficient")}, h)
	}
	// The ledger comes before the reply, so an acknowledged change is always recorded.
	h.Cents += n
	if _, err := ask(p, etf.Tuple{etf.Atom("put"), h.Name, h.Cents}); err != nil {
		panic(err)
	}
	return genserv.Reply(etf.Term(h.Cents), h)
}

// ask calls the ledger.
func ask(p *genserv.Process, request etf.Term) (etf.Term, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return p.Call(ctx, etf.Atom("ledger"), request)
}
