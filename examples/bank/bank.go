// Package bank is an application with a supervision tree: a ledger that knows all balances, and accounts that come and
// go.
//
//	bank_sup (rest_for_one)
//	├── ledger                             holds the balances
//	└── accounts (simple_one_for_one)
//	    ├── ann                            one process for each open account, registered under its name
//	    └── ben
//
// An account that crashes is restarted and asks the ledger for its balance. If the ledger crashes, all accounts are
// closed.
//
// From a shell of the same cluster, with the application on the node gonode@host:
//
//	supervisor:start_child({accounts, gonode@host}, [ann]).                        % Erlang
//	gen_server:call({ann, gonode@host}, {deposit, 100}).
//	:supervisor.start_child({:accounts, :"gonode@host"}, [:ann])                   # Elixir
//	GenServer.call({:ann, :"gonode@host"}, {:deposit, 100})
package bank

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/supervisor"
)

// App returns the application. Node.Applications().Start starts it.
func App() node.App {
	return node.App{
		Name:         "bank",
		Description:  "A bank",
		Vsn:          "1.0.0",
		Modules:      []etf.Atom{"bank_sup", "accounts", "ledger", "account"},
		Registered:   []etf.Atom{"bank_sup", "accounts", "ledger"},
		Applications: []etf.Atom{"kernel", "stdlib"},
		Env:          map[etf.Atom]etf.Term{"currency": etf.Atom("EUR")},
		Start:        genserv.Child{Name: "bank_sup", Module: supervisor.Of(Bank{})},
	}
}

// ExportLedger lets supervisors of other nodes have ledgers of n as children, which ledger:start_link(Name) starts.
func ExportLedger(n *node.Node) {
	n.Export("ledger", "start_link", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		name, ok := args[0].(etf.Atom)
		if !ok {
			return nil, node.ErrBadArgument
		}
		pid, err := n.SpawnLink(ctx, genserv.Child{Name: name, Module: genserv.Of(Ledger{})})
		return etf.Tuple{etf.Atom("ok"), pid}, err
	})
}

// Bank is the supervisor at the top.
type Bank struct{}

// ModuleName implements genserv.Namer.
func (Bank) ModuleName() etf.Atom { return "bank_sup" }

// Init implements supervisor.Supervisor.
func (Bank) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.RestForOne, Intensity: 3, Period: 10 * time.Second},
		[]supervisor.ChildSpec{
			{ID: etf.Atom("ledger"), Start: supervisor.StartLink(genserv.Of(Ledger{})).As("ledger")},
			{ID: etf.Atom("accounts"), Start: supervisor.StartLink(supervisor.Of(Accounts{})).As("accounts")},
		}, nil
}

// Accounts is the supervisor of the accounts.
type Accounts struct{}

// ModuleName implements genserv.Namer.
func (Accounts) ModuleName() etf.Atom { return "accounts" }

// Init implements supervisor.Supervisor. supervisor:start_child(accounts, [Name]) opens an account by
// account:start_link(Name).
func (Accounts) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.SimpleOneForOne, Intensity: 10, Period: time.Second},
		[]supervisor.ChildSpec{{
			ID:       etf.Atom("account"),
			Start:    supervisor.Start{Module: "account", Function: "start_link", Func: startAccount},
			Restart:  supervisor.Transient,
			Shutdown: 2 * time.Second,
		}}, nil
}

// startAccount starts the process and registers it under the name of the account, its only argument.
func startAccount(p *genserv.Process, args etf.List) (supervisor.Started, error) {
	name, ok := etf.Atom(""), false
	if len(args) == 1 {
		name, ok = args[0].(etf.Atom)
	}
	if !ok {
		return supervisor.Started{}, &genserv.Exit{Reason: etf.Atom("badarg")}
	}
	pid, err := p.SpawnLink(genserv.Child{Name: name, Module: genserv.Of(Account{}), Args: name})
	return supervisor.Started{Pid: pid}, err
}
