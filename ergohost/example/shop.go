package main

import (
	"fmt"

	"ergo.services/ergo/act"
	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/ergohost"
	"github.com/gonode-otp/gonode/etf"
)

// shop is an ergo application with a supervisor and two actors. Only their factories differ from those without a BEAM.
type shop struct{ host *ergohost.Host }

// Load implements gen.ApplicationBehavior.
func (s *shop) Load(gen.Node, ...any) (gen.ApplicationSpec, error) {
	newSupervisor := func() gen.ProcessBehavior { return &supervisor{host: s.host} }
	group := []gen.ApplicationMemberSpec{{Name: "shop_sup", Factory: newSupervisor}}
	return gen.ApplicationSpec{Name: "shop", Group: group}, nil
}

// Start implements gen.ApplicationBehavior.
func (*shop) Start(gen.ApplicationMode) {}

// Terminate implements gen.ApplicationBehavior.
func (*shop) Terminate(error) {}

type supervisor struct {
	act.Supervisor
	host *ergohost.Host
}

// Init implements act.SupervisorBehavior.
func (s *supervisor) Init(...any) (act.SupervisorSpec, error) {
	newStock := func() gen.ProcessBehavior { return &stock{items: map[string]int{}} }
	newTill := func() gen.ProcessBehavior { return &till{host: s.host} }
	return act.SupervisorSpec{
		Type:    act.SupervisorTypeOneForOne,
		Restart: act.SupervisorRestart{Strategy: act.SupervisorStrategyTransient},
		Children: []act.SupervisorChildSpec{
			{Name: "stock", Factory: s.host.Exposed("stock", newStock)},
			{Name: "till", Factory: s.host.Exposed("till", newTill)},
		},
	}, nil
}

// add is {add, Item, N}.
type add struct {
	_    struct{} `etf:"record=add"`
	Item string
	N    int
}

// count is {count, Item}.
type count struct {
	_    struct{} `etf:"record=count"`
	Item string
}

// stock knows the number of each item.
type stock struct {
	act.Actor
	items map[string]int
}

// newBranch makes a stock for a supervisor of a BEAM.
func newBranch() gen.ProcessBehavior { return &stock{items: map[string]int{}} }

// HandleCall implements act.ActorBehavior: gen_server:call.
func (s *stock) HandleCall(_ gen.PID, _ gen.Ref, request any) (any, error) {
	switch request := request.(type) {
	case count:
		return s.items[request.Item], nil
	case add:
		s.items[request.Item] += request.N
		return s.items[request.Item], nil
	}
	return etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, nil
}

// HandleMessage implements act.ActorBehavior: gen_server:cast, and plain messages.
func (s *stock) HandleMessage(_ gen.PID, message any) error {
	switch message := message.(type) {
	case ergohost.Cast:
		if request, ok := message.Request.(add); ok {
			s.items[request.Item] += request.N
		}
	case ergohost.Info:
		s.Log().Info("stock: %s", message.Message)
	}
	return nil
}

// HandleInspect implements act.ActorBehavior: sys:get_state.
func (s *stock) HandleInspect(gen.PID, ...string) map[string]string {
	told := map[string]string{}
	for item, n := range s.items {
		told[item] = fmt.Sprint(n)
	}
	return told
}

// pay is {pay, Node, Amount}.
type pay struct {
	_      struct{} `etf:"record=pay"`
	Node   string   `etf:",atom"`
	Amount int
}

// till records payments with the gen_server ledger of a BEAM.
type till struct {
	act.Actor
	host    *ergohost.Host
	ledgers map[string]gen.PID
}

// HandleCall implements act.ActorBehavior.
func (t *till) HandleCall(_ gen.PID, _ gen.Ref, request any) (any, error) {
	order, ok := request.(pay)
	if !ok {
		return etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, nil
	}
	ledger, err := t.ledger(order.Node)
	if err != nil {
		return nil, err
	}
	balance, err := t.Call(ledger, etf.Tuple{etf.Atom("book"), etf.Int(order.Amount)})
	if err != nil {
		return etf.Tuple{etf.Atom("error"), ergohost.Reason(err)}, nil
	}
	return etf.Tuple{etf.Atom("ok"), balance.(etf.Term)}, nil
}

// ledger returns the stand-in for the ledger of a node.
func (t *till) ledger(node string) (gen.PID, error) {
	if pid, ok := t.ledgers[node]; ok {
		return pid, nil
	}
	pid, err := t.Spawn(t.host.Remote("ledger", gen.Atom(node)), gen.ProcessOptions{})
	if err != nil {
		return pid, err
	}
	if t.ledgers == nil {
		t.ledgers = map[string]gen.PID{}
	}
	t.ledgers[node] = pid
	return pid, t.Monitor(pid)
}

// HandleMessage implements act.ActorBehavior. It gets the end of a ledger or of its node.
func (t *till) HandleMessage(_ gen.PID, message any) error {
	if down, ok := message.(gen.MessageDownPID); ok {
		for node, pid := range t.ledgers {
			if pid == down.PID {
				delete(t.ledgers, node)
			}
		}
	}
	return nil
}
