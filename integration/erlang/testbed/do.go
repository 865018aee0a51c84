package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/tsrv"
	"github.com/gonode-otp/gonode/genserv"
)

// do carries out a request to a probe in its process. A wrong request ends it with badarg.
func do(p *genserv.Process, verb etf.Atom, args etf.Tuple) etf.Term {
	if verb == "all" && len(args) == 1 {
		return all(p, args)
	}
	if f, known := deeds[deed{verb, len(args)}]; known {
		return f(p, args)
	}
	panic(etf.Term(badarg))
}

type deed struct {
	verb  etf.Atom
	arity int
}

var deeds = map[deed]func(p *genserv.Process, a etf.Tuple) etf.Term{
	{"self", 0}:      func(p *genserv.Process, _ etf.Tuple) etf.Term { return p.Self() },
	{"make_ref", 0}:  func(p *genserv.Process, _ etf.Tuple) etf.Term { return must(p.MakeRef()) },
	{"monitor", 1}:   func(p *genserv.Process, a etf.Tuple) etf.Term { return must(p.Monitor(a[0])) },
	{"demonitor", 1}: func(p *genserv.Process, a etf.Tuple) etf.Term { p.Demonitor(a[0].(etf.Ref)); return ok },
	{"link", 1}:      func(p *genserv.Process, a etf.Tuple) etf.Term { p.Link(a[0].(etf.Pid)); return ok },
	{"unlink", 1}:    func(p *genserv.Process, a etf.Tuple) etf.Term { p.Unlink(a[0].(etf.Pid)); return ok },
	{"trap_exit", 1}: func(p *genserv.Process, a etf.Tuple) etf.Term {
		p.TrapExit(etf.IsAtom(a[0], "true"))
		return ok
	},
	{"exit", 2}:    func(p *genserv.Process, a etf.Tuple) etf.Term { p.Exit(a[0], a[1]); return ok },
	{"send", 2}:    func(p *genserv.Process, a etf.Tuple) etf.Term { return done(p.TrySend(a[0], a[1])) },
	{"cast", 2}:    func(p *genserv.Process, a etf.Tuple) etf.Term { p.Cast(a[0], a[1]); return ok },
	{"call", 3}:    call,
	{"alias", 0}:   func(p *genserv.Process, _ etf.Tuple) etf.Term { return must(p.Alias()) },
	{"alias", 1}:   func(p *genserv.Process, _ etf.Tuple) etf.Term { return must(p.Alias(genserv.Priority)) },
	{"monitor", 2}: func(p *genserv.Process, a etf.Tuple) etf.Term { return must(p.Monitor(a[0], genserv.Priority)) },
	{"link", 2}:    func(p *genserv.Process, a etf.Tuple) etf.Term { p.Link(a[0].(etf.Pid), genserv.Priority); return ok },
	{"send", 3}: func(p *genserv.Process, a etf.Tuple) etf.Term {
		return done(p.TrySend(a[0], a[1], genserv.Priority))
	},
	{"exit", 3}: func(p *genserv.Process, a etf.Tuple) etf.Term {
		p.Exit(a[0], a[1], genserv.Priority)
		return ok
	},
	{"unalias", 1}:    func(p *genserv.Process, a etf.Tuple) etf.Term { p.Unalias(a[0].(etf.Ref)); return ok },
	{"register", 1}:   func(p *genserv.Process, a etf.Tuple) etf.Term { return done(p.Register(a[0].(etf.Atom))) },
	{"unregister", 1}: func(p *genserv.Process, a etf.Tuple) etf.Term { return done(p.Unregister(a[0].(etf.Atom))) },
	{"is_alive", 1}:   func(p *genserv.Process, a etf.Tuple) etf.Term { return etf.Bool(p.IsAlive(a[0].(etf.Pid))) },
	{"put", 2}:        func(p *genserv.Process, a etf.Tuple) etf.Term { p.Put(a[0], a[1]); return ok },
	{"sleep", 1}:      func(p *genserv.Process, a etf.Tuple) etf.Term { p.Receive(millis(a[0]), nobody); return ok },
	{"start", 2}:      func(p *genserv.Process, a etf.Tuple) etf.Term { return started(p.Spawn(another(a))) },
	{"start_link", 2}: func(p *genserv.Process, a etf.Tuple) etf.Term { return started(p.SpawnLink(another(a))) },
	{"start_link", 3}: startOther,
	{"flood", 3}:      flood,
	{"after", 2}:      later,
	{"child", 1}:      childDoes,
	{"die", 1}:        func(_ *genserv.Process, a etf.Tuple) etf.Term { panic(genserv.Exit{Reason: a[0]}) },
	{"request", 4}:    request,
	{"requests", 2}:   requests,
	{"make", 2}: func(_ *genserv.Process,
		a etf.Tuple) etf.Term {
		return makeTerm(a[0].(etf.Atom), int(a[1].(etf.Int)))
	},
}

func must[T etf.Term](t T, err error) etf.Term {
	check(err)
	return t
}

func done(err error) etf.Term {
	check(err)
	return ok
}

func nobody(etf.Term) bool { return false }

// another returns the spec of a further probe: {start, Name, Args}, where Name is undefined for none.
func another(a etf.Tuple) genserv.Child {
	name := a[0].(etf.Atom)
	if name == undefined {
		name = ""
	}
	return genserv.Child{Name: name, Module: genserv.Of(probe{}), Args: a[1]}
}

// startOther handles {start_link, Module, Name, Args} for a server that is not a probe.
func startOther(p *genserv.Process, a etf.Tuple) etf.Term {
	if !etf.IsAtom(a[0], "t__srv") {
		panic(etf.Term(badarg))
	}
	return started(p.SpawnLink(genserv.Child{Name: a[1].(etf.Atom), Module: genserv.Of(tsrv.NewV1(nil)), Args: a[2]}))
}

// started returns what gen_server:start returns.
func started(pid etf.Pid, err error) etf.Term {
	var taken *genserv.AlreadyStarted
	var exit *genserv.Exit
	switch {
	case err == nil:
		return etf.Tuple{ok, pid}
	case errors.Is(err, genserv.ErrIgnore):
		return etf.Atom("ignore")
	case errors.As(err, &taken):
		return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("already_started"), taken.Pid}}
	case errors.As(err, &exit):
		return etf.Tuple{etf.Atom("error"), exit.Reason}
	}
	panic(err)
}

// call handles {call, To, Request, Timeout}. It returns {ok, Reply}, or {exit, Reason} where gen_server:call exits with
// {Reason, _}.
func call(p *genserv.Process, a etf.Tuple) etf.Term {
	ctx := genserv.WithInfinity(context.Background())
	if d := millis(a[2]); d != genserv.Infinity {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	reply, err := p.Call(ctx, a[0], a[1])
	if err == nil {
		return etf.Tuple{ok, reply}
	}
	return etf.Tuple{etf.Atom("exit"), reasonOf(err, a[0])}
}

func reasonOf(err error, to etf.Term) etf.Term {
	var exit *genserv.Exit
	switch {
	case errors.As(err, &exit):
		return exit.Reason
	case errors.Is(err, genserv.ErrNoProc):
		return etf.Atom("noproc")
	case errors.Is(err, genserv.ErrTimeout):
		return etf.Atom("timeout")
	case errors.Is(err, genserv.ErrCallingSelf):
		return etf.Atom("calling_self")
	case errors.Is(err, genserv.ErrNoConnection):
		return etf.Tuple{etf.Atom("nodedown"), nodeOf(to)}
	}
	return etf.Binary(err.Error())
}

func nodeOf(to etf.Term) etf.Term {
	switch to := to.(type) {
	case etf.Pid:
		return to.Node
	case etf.Tuple:
		return to[1]
	}
	return undefined
}

// flood handles {flood, To, N, Size}. It sends the messages {flood, I, Binary} with I from 1 to N.
func flood(p *genserv.Process, a etf.Tuple) etf.Term {
	b := etf.Binary(bytes.Repeat([]byte("x"), int(a[2].(etf.Int))))
	for i := range a[1].(etf.Int) {
		check(p.TrySend(a[0], etf.Tuple{etf.Atom("flood"), i + 1, b}))
	}
	return ok
}

// makeTerm makes a term of some size on this side.
func makeTerm(kind etf.Atom, n int) etf.Term {
	list := make(etf.List, n)
	for i := range list {
		list[i] = etf.Int(i + 1)
	}
	switch kind {
	case "binary":
		return etf.Binary(bytes.Repeat([]byte("x"), n))
	case "integers":
		return list
	case "atoms":
		for i := range list {
			list[i] = etf.Atom(fmt.Sprintf("made_%d", i+1))
		}
		return list
	case "tuple":
		return etf.Tuple(list)
	case "map":
		m := make(etf.Map, n)
		for i, k := range list {
			m[i] = etf.MapPair{Key: k, Value: etf.Tuple{k, etf.Binary(fmt.Sprint(i + 1))}}
		}
		return m
	case "nested":
		var t etf.Term = etf.List{}
		for range n {
			t = etf.List{t}
		}
		return t
	case "floats":
		for i := range list {
			list[i] = etf.Float(float64(i+1) / 8)
		}
		return list
	case "now":
		return etf.Int(time.Now().UnixMilli())
	}
	panic(etf.Term(badarg))
}
