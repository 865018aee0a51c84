package operator

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// applicationController returns the function by which observer finds the masters of applications.
func (o operator) applicationController() []function {
	return []function{{"get_master", 1, shows, o.getMaster}}
}

// getMaster is application_controller:get_master/1.
func (o operator) getMaster(_ context.Context, args etf.List) (etf.Term, error) {
	name, _ := args[0].(etf.Atom)
	if master, ok := o.host.Master(name); ok {
		return master, nil
	}
	return etf.Atom("undefined"), nil
}

// applicationMaster returns the function by which observer finds the top supervisors of applications.
func (o operator) applicationMaster() []function {
	return []function{{"get_child", 1, shows, o.getChild}}
}

// getChild is application_master:get_child/1: {TopSupervisor, Module}.
func (o operator) getChild(ctx context.Context, args etf.List) (etf.Term, error) {
	pid, ok := args[0].(etf.Pid)
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	child, err := o.host.CallServer(ctx, pid, etf.Atom("get_child"))
	if err != nil {
		return nil, &genserv.Exit{Reason: genserv.ExitReason(err)}
	}
	p, module := o.host.Process(pid), etf.Term(etf.Atom("undefined"))
	if p != nil {
		module = p.Info("application")
	}
	return etf.Tuple{child, module}, nil
}

// ets returns functions of ets: a node has no tables.
func (o operator) ets() []function {
	return []function{
		{"all", 0, shows, value(etf.List{})},
		{"info", 1, shows, value(etf.Atom("undefined"))},
		{"info", 2, shows, value(etf.Atom("undefined"))},
		{"whereis", 1, shows, value(etf.Atom("undefined"))},
	}
}

// persistentTerm returns functions of persistent_term: a node has none.
func (o operator) persistentTerm() []function {
	return []function{
		{"info", 0, shows, value(etf.Map{{Key: etf.Atom("count"), Value: etf.Int(0)},
			{Key: etf.Atom("memory"), Value: etf.Int(0)}})},
		{"get", 0, shows, value(etf.List{})},
	}
}

// mnesia returns the function of mnesia by which tools ask whether it runs.
func (o operator) mnesia() []function {
	return []function{{"system_info", 1, shows, func(_ context.Context, args etf.List) (etf.Term, error) {
		if etf.IsAtom(args[0], "is_running") {
			return etf.Atom("no"), nil
		}
		return nil, &genserv.Exit{Reason: etf.Tuple{etf.Atom("aborted"), etf.Tuple{etf.Atom("node_not_running"),
			o.host.Name()}}}
	}}}
}

// alarmHandler returns the function of alarm_handler: a node raises no alarms.
func (o operator) alarmHandler() []function {
	return []function{{"get_alarms", 0, shows, value(etf.List{})}}
}
