package shop

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// tree is the supervisor of an application.
type tree struct {
	base
	app etf.Atom
	vsn int
}

// ShutdownOf returns the shutdown time in the child specs of a version.
func ShutdownOf(vsn int) time.Duration { return time.Duration(4+vsn) * time.Second }

// Init implements supervisor.Supervisor. The intensity allows the restarts after a sabotage.
func (s tree) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	var specs []supervisor.ChildSpec
	for _, server := range Servers {
		switch {
		case server.App != s.app || server.Since > s.vsn:
		case server.Kind == Dynamic:
			crowd := pool{base{s.shop, server.Name + "_sup"}, server, s.vsn}
			specs = append(specs, supervisor.ChildSpec{ID: crowd.name,
				Start: supervisor.StartLink(supervisor.Of(crowd)).As(crowd.name)})
		default:
			specs = append(specs, supervisor.ChildSpec{ID: server.Name, Shutdown: ShutdownOf(s.vsn),
				Start: supervisor.StartLink(s.shop.code(server, s.vsn)).As(server.Name)})
		}
	}
	return supervisor.Flags{Intensity: 1000, Period: time.Second}, specs, nil
}

// pool is the supervisor of dynamic children.
type pool struct {
	base
	server Server
	vsn    int
}

// Init implements supervisor.Supervisor.
func (s pool) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	return supervisor.Flags{Strategy: supervisor.SimpleOneForOne, Intensity: 1000, Period: time.Second},
		[]supervisor.ChildSpec{{ID: s.server.Name, Restart: supervisor.Temporary, Shutdown: ShutdownOf(s.vsn),
			Start: supervisor.StartLink(s.shop.code(s.server, s.vsn))}}, nil
}

// named is a supervisor that has the name of its module.
type named interface {
	supervisor.Supervisor
	genserv.Namer
}

// supervisors returns the supervisors of an application. The first is at the top.
func supervisors(shop *Shop, app etf.Atom, vsn int) []named {
	all := []named{tree{base{shop, app + "_sup"}, app, vsn}}
	for _, s := range Servers {
		if s.App == app && s.Kind == Dynamic {
			all = append(all, pool{base{shop, s.Name + "_sup"}, s, vsn})
		}
	}
	return all
}
