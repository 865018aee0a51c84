package main

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// tree is a supervisor with the flags and children in its argument {Flags, Specs}, as tree.erl is.
type tree struct{}

// newTree makes the module. A BEAM may start probes and further trees below it.
func newTree() genserv.Module { return supervisor.Of(tree{}, startOf("probe"), startOf("tree")) }

// startOf returns the function start_link of a module.
func startOf(module etf.Atom) supervisor.Start {
	s := supervisor.Start{Module: module, Function: "start_link"}
	switch module {
	case "probe":
		s.Func = supervisor.StartLink(genserv.Of(probe{})).Func
	case "tree":
		s.Func = func(p *genserv.Process, args etf.List) (supervisor.Started, error) {
			return supervisor.StartLink(newTree()).Func(p, args)
		}
	}
	return s
}

// ModuleName implements genserv.Namer.
func (tree) ModuleName() etf.Atom { return "tree" }

// Init implements supervisor.Supervisor. A wrong argument ends it, as in Erlang.
func (tree) Init(args etf.Term) (flags supervisor.Flags, specs []supervisor.ChildSpec, err error) {
	t, isTuple := args.(etf.Tuple)
	if !isTuple || len(t) != 2 {
		return flags, nil, genserv.ErrIgnore
	}
	for _, f := range t[0].(etf.Map) {
		switch f.Key {
		case etf.Atom("strategy"):
			flags.Strategy = supervisor.Strategy(f.Value.(etf.Atom))
		case etf.Atom("intensity"):
			if flags.Intensity = int(f.Value.(etf.Int)); flags.Intensity == 0 {
				flags.Intensity = supervisor.NoRestarts
			}
		case etf.Atom("period"):
			flags.Period = time.Duration(f.Value.(etf.Int)) * time.Second
		case etf.Atom("auto_shutdown"):
			flags.AutoShutdown = supervisor.AutoShutdown(f.Value.(etf.Atom))
		}
	}
	for _, s := range t[1].(etf.List) {
		specs = append(specs, childSpec(s.(etf.Map)))
	}
	return flags, specs, nil
}

// childSpec reads a map of Erlang.
func childSpec(m etf.Map) (spec supervisor.ChildSpec) {
	for _, f := range m {
		switch f.Key {
		case etf.Atom("id"):
			spec.ID = f.Value
		case etf.Atom("start"):
			mfa := f.Value.(etf.Tuple)
			spec.Start = startOf(mfa[0].(etf.Atom))
			spec.Start.Args = mfa[2].(etf.List)
		case etf.Atom("restart"):
			spec.Restart = supervisor.Restart(f.Value.(etf.Atom))
		case etf.Atom("significant"):
			spec.Significant = etf.IsAtom(f.Value, "true")
		case etf.Atom("shutdown"):
			if spec.Shutdown = supervisor.BrutalKill; !etf.IsAtom(f.Value, "brutal_kill") {
				spec.Shutdown = millis(f.Value)
			}
		case etf.Atom("type"):
			spec.Type = supervisor.Type(f.Value.(etf.Atom))
		case etf.Atom("modules"):
			spec.Modules = modules(f.Value)
		}
	}
	return spec
}

// modules returns a list of modules, or nil for dynamic.
func modules(t etf.Term) (names []etf.Atom) {
	list, _ := t.(etf.List)
	for _, m := range list {
		names = append(names, m.(etf.Atom))
	}
	return names
}
