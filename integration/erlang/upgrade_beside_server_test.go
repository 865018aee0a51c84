package erlang

import (
	"context"
	"maps"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/supervisor"
)

// The same application as in testdata/twin, in Go. The states of both versions share a map, which code changes alter,
// and that of version 2 may own a handle.
type (
	twinSrv struct {
		lab  *besideLab
		name etf.Atom
	}
	twinSrv1   struct{ twinSrv }
	twinSrv2   struct{ twinSrv }
	twinState1 struct {
		Name   etf.Atom
		N      int
		Shared map[string]int
	}
	twinState2 struct {
		Name   etf.Atom
		N      int
		Shared map[string]int
		Handle bool
	}
	twinSup struct {
		lab *besideLab
		vsn int
	}
)

func (twinSup) ModuleName() etf.Atom { return "twin_sup" }

func (s twinSup) Init(etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
	children := [][2]etf.Atom{{"ta", "ta"}, {"tb", "tb"}, {"tc", "tc"}, {"td", "td"}, {"tn", "ta"}}
	if s.vsn == 2 {
		children = append(children, [2]etf.Atom{"te", "tb"})
	}
	var specs []supervisor.ChildSpec
	for _, c := range children {
		code := genserv.Of(twinSrv1{twinSrv{s.lab, c[1]}})
		specs = append(specs, supervisor.ChildSpec{ID: c[0], Start: supervisor.StartLink(code, c[0]).As(c[0]),
			Shutdown: supervisor.BrutalKill})
	}
	return supervisor.Flags{Intensity: 1}, specs, nil
}

func (s twinSrv) ModuleName() etf.Atom { return s.name }

func (twinSrv1) Init(_ *genserv.Process, name etf.Term) genserv.InitResult[twinState1] {
	return genserv.Ok(twinState1{Name: name.(etf.Atom), Shared: map[string]int{"n": 1}})
}

func (twinSrv2) Init(_ *genserv.Process, name etf.Term) genserv.InitResult[twinState2] {
	return genserv.Ok(twinState2{Name: name.(etf.Atom), Shared: map[string]int{"n": 1}})
}

func (twinSrv1) CopyState(s twinState1) twinState1 {
	s.Shared = maps.Clone(s.Shared)
	return s
}

// serve serves a call; an answer of nil means that somebody else gives it.
func (s twinSrv) serve(p *genserv.Process, request etf.Term, from genserv.From, vsn int, name etf.Atom, n *int,
	shared map[string]int) etf.Term {
	switch request {
	case etf.Atom("get"):
		return etf.Tuple{etf.Int(vsn), etf.Int(vsn), etf.Int(*n)}
	case etf.Atom("shared"):
		return etf.Int(shared["n"])
	case etf.Atom("add"):
		*n++
		return etf.Int(*n)
	case etf.Atom("block"):
		s.lab.inside <- struct{}{}
		<-s.lab.free
		return etf.Atom("ok")
	}
	t := request.(etf.Tuple)
	switch t[0] {
	case etf.Atom("walk_behind"):
		s.lab.awaitSuspended(t[1].(etf.Atom))
		s.walk(p, t[2])
	case etf.Atom("round"):
		p.Cast(t[1], etf.Tuple{etf.Atom("back"), name, from.Term()})
		return nil
	default:
		s.walk(p, t[1])
	}
	return etf.Atom("ok")
}

// walk calls all that are in a list of {Server, Calls}.
func (s twinSrv) walk(p *genserv.Process, calls etf.Term) {
	for _, c := range calls.(etf.List) {
		to := c.(etf.Tuple)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		_, err := p.Call(ctx, to[0], etf.Tuple{etf.Atom("walk"), to[1]})
		cancel()
		if err != nil {
			panic(genserv.Exit{Reason: etf.Binary(err.Error())})
		}
	}
}

// back serves {back, To, From}: it calls the server that has sent it when that is suspended, and answers.
func (s twinSrv) back(p *genserv.Process, request etf.Term) {
	t := request.(etf.Tuple)
	s.lab.awaitSuspended(t[1].(etf.Atom))
	s.walk(p, etf.List{etf.Tuple{t[1], etf.List{}}})
	from, _ := genserv.FromTerm(t[2])
	p.Reply(from, etf.Atom("ok"))
}

func (s twinSrv1) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	state twinState1) genserv.Result[twinState1] {
	if answer := s.serve(p, request, from, 1, state.Name, &state.N, state.Shared); answer != nil {
		return genserv.Reply(answer, state)
	}
	return genserv.NoReply(state)
}

func (s twinSrv2) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	state twinState2) genserv.Result[twinState2] {
	if answer := s.serve(p, request, from, 2, state.Name, &state.N, state.Shared); answer != nil {
		return genserv.Reply(answer, state)
	}
	return genserv.NoReply(state)
}

func (s twinSrv1) HandleCast(p *genserv.Process, r etf.Term, state twinState1) genserv.Result[twinState1] {
	s.back(p, r)
	return genserv.NoReply(state)
}

func (s twinSrv2) HandleCast(p *genserv.Process, r etf.Term, state twinState2) genserv.Result[twinState2] {
	s.back(p, r)
	return genserv.NoReply(state)
}

func (s twinSrv2) CodeChange(_ etf.Term, old any, extra etf.Term) (twinState2, error) {
	state := old.(twinState1)
	now := twinState2{Name: state.Name, N: state.N, Shared: state.Shared}
	t, ok := extra.(etf.Tuple)
	if !ok || len(t) < 2 || t[1] != etf.Term(state.Name) {
		return now, nil
	}
	switch t[0] {
	case etf.Atom("error"):
		return now, &genserv.Exit{Reason: t[2]}
	case etf.Atom("crash"), etf.Atom("throw"):
		panic(t[2])
	case etf.Atom("exit"):
		panic(genserv.Exit{Reason: t[2]})
	case etf.Atom("hang"):
		<-s.lab.free
	case etf.Atom("share"):
		now.Shared["n"]++
		return now, &genserv.Exit{Reason: etf.Atom("nope")}
	case etf.Atom("open"):
		now.Handle = true
		s.lab.opened.Add(1)
	case etf.Atom("peek"):
		s.lab.peeked = s.lab.peek(t[2].(etf.Atom))
	}
	return now, nil
}

func (twinSrv2) Downgrade(_ etf.Term, s twinState2, _ etf.Term) (any, error) {
	return twinState1{s.Name, s.N, s.Shared}, nil
}

// EndCodeChange closes the handle of a state that is given up.
func (s twinSrv2) EndCodeChange(_ *genserv.Process, kept bool, _, now any) {
	if state, ok := now.(twinState2); ok && !kept && state.Handle {
		s.lab.closed.Add(1)
	}
}
