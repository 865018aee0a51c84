package supervisor_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/node"
)

// director is testdata/director.erl in Go: it says what becomes of puppets, and notes what happens.
type director struct{}

type directing struct {
	init    etf.Term
	scripts map[string]etf.List
	alive   map[string]watched
	queued  []starting
	held    []starting
	waiting []waiting
	stalls  []waiting
	events  etf.List
}

type watched struct {
	pid etf.Pid
	ref etf.Ref
}

type starting struct {
	id   etf.Term
	pid  etf.Pid
	from genserv.From
}

// waiting waits for the end of a process, or of all.
type waiting struct {
	who  etf.Term
	from genserv.From
}

func (director) Init(*genserv.Process, etf.Term) genserv.InitResult[*directing] {
	return genserv.Ok(&directing{scripts: map[string]etf.List{}, alive: map[string]watched{}})
}

func (director) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	d *directing) genserv.Result[*directing] {
	name, args := request, etf.Tuple{nil, nil, nil}
	if t, ok := request.(etf.Tuple); ok {
		name, args = t[0], t
	}
	switch name.(etf.Atom) {
	case "init":
		if len(args) == 2 {
			d.init = args[1]
		}
		return genserv.Reply(d.init, d)
	case "script":
		d.scripts[etf.Format(args[1])] = args[2].(etf.List)
	case "starting":
		s := starting{args[1], args[2].(etf.Pid), from}
		if _, busy := d.alive[etf.Format(s.id)]; busy {
			d.queued = append(d.queued, s)
		} else {
			d.admit(p, s)
		}
		return genserv.NoReply(d)
	case "watch":
		d.watch(p, args[1], args[2].(etf.Pid))
	case "pid":
		return genserv.Reply(d.alive[etf.Format(args[1])].pid, d)
	case "release":
		i := slices.IndexFunc(d.held, func(s starting) bool { return etf.Equal(s.id, args[1]) })
		s := d.held[i]
		d.held = slices.Delete(d.held, i, i+1)
		d.watch(p, s.id, s.pid)
		p.Reply(s.from, etf.Atom("ok"))
	case "stalls":
		d.stalls = append(d.stalls, waiting{args[1], from})
		d.stalled(p)
		return genserv.NoReply(d)
	case "held":
		return genserv.Reply(etf.Int(len(d.held)), d)
	case "dead":
		d.waiting = append(d.waiting, waiting{args[1], from})
		d.answer(p)
		return genserv.NoReply(d)
	case "events":
		events := d.events
		d.events = nil
		return genserv.Reply(events, d)
	}
	return genserv.Reply(etf.Atom("ok"), d)
}

func (director) HandleInfo(p *genserv.Process, msg etf.Term, d *directing) genserv.Result[*directing] {
	t := msg.(etf.Tuple)
	if etf.IsAtom(t[0], "report") {
		d.events = append(d.events, t)
		return genserv.NoReply(d)
	}
	for id, w := range d.alive {
		if w.ref != t[1].(etf.Ref) {
			continue
		}
		delete(d.alive, id)
		name, _ := etf.Parse(id)
		d.events = append(d.events, etf.Tuple{etf.Atom("ended"), name, w.pid, t[4]})
		d.answer(p)
		if i := slices.IndexFunc(d.queued, func(s starting) bool { return etf.Format(s.id) == id }); i >= 0 {
			s := d.queued[i]
			d.queued = slices.Delete(d.queued, i, i+1)
			d.admit(p, s)
		}
	}
	return genserv.NoReply(d)
}

func (d *directing) admit(p *genserv.Process, s starting) {
	d.events = append(d.events, etf.Tuple{etf.Atom("init"), s.id, s.pid})
	id := etf.Format(s.id)
	var outcome etf.Term = etf.Atom("ok")
	if script := d.scripts[id]; len(script) > 0 {
		outcome, d.scripts[id] = script[0], script[1:]
	}
	if etf.IsAtom(outcome, "hold") {
		d.held = append(d.held, s)
		d.stalled(p)
		return
	}
	if etf.IsAtom(outcome, "ok") {
		d.watch(p, s.id, s.pid)
	}
	p.Reply(s.from, outcome)
}

// stalled answers those who wait for a child to be held in its init.
func (d *directing) stalled(p *genserv.Process) {
	d.stalls = slices.DeleteFunc(d.stalls, func(w waiting) bool {
		held := slices.ContainsFunc(d.held, func(s starting) bool { return etf.Equal(s.id, w.who) })
		if held {
			p.Reply(w.from, etf.Atom("ok"))
		}
		return held
	})
}

func (d *directing) watch(p *genserv.Process, id etf.Term, pid etf.Pid) {
	ref, _ := p.Monitor(pid)
	d.alive[etf.Format(id)] = watched{pid, ref}
}

func (d *directing) answer(p *genserv.Process) {
	d.waiting = slices.DeleteFunc(d.waiting, func(w waiting) bool {
		for _, a := range d.alive {
			if etf.IsAtom(w.who, "all") || w.who == etf.Term(a.pid) {
				return false
			}
		}
		p.Reply(w.from, etf.Atom("ok"))
		return true
	})
}

// scenarioDriver is testdata/paired_sup.erl in Go: it runs a scenario in a process.
type scenarioDriver struct {
	n             *node.Node
	p             *genserv.Process
	director, sup etf.Term
	starter       etf.Term
}

// inside runs a function in the init of a process.
type inside func(p *genserv.Process)

func (do inside) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[int] {
	do(p)
	return genserv.Ignore[int]()
}

func (inside) HandleCall(*genserv.Process, etf.Term, genserv.From, int) genserv.Result[int] {
	panic("nobody calls")
}

// run runs a scenario on n and returns the events of every step.
func (s *scenario) run(t *testing.T, n *node.Node, r *reports) (directorPid etf.Pid, did [][]etf.Term) {
	t.Helper()
	directorPid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(director{})})
	require.NoError(t, err)
	starterPid, err := n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(starter{n})})
	require.NoError(t, err)
	r.tell(n, directorPid)
	_, err = n.Spawn(t.Context(), genserv.Child{Module: genserv.Of(inside(func(p *genserv.Process) {
		d := &scenarioDriver{n: n, p: p, director: directorPid, starter: starterPid}
		for _, step := range s.steps {
			did = append(did, d.step(step.term))
		}
		if sup, ok := d.sup.(etf.Pid); ok {
			p.Exit(sup, etf.Atom("kill"))
		}
		d.ask(d.director, etf.Tuple{etf.Atom("dead"), etf.Atom("all")})
	}))})
	require.ErrorIs(t, err, genserv.ErrIgnore)
	return directorPid, did
}

func (d *scenarioDriver) ask(to, request etf.Term) etf.Term {
	reply, err := d.p.Call(context.Background(), to, request)
	if err != nil {
		panic(err)
	}
	return reply
}

// sys makes a system request; nil means that the process is dead.
func (d *scenarioDriver) sys(request etf.Term) etf.Term {
	ref, _ := d.p.Monitor(d.sup)
	defer d.p.Demonitor(ref)
	d.p.Send(d.sup, driver.SystemMessage(d.p.Self(), ref, request))
	msg, _ := d.p.Receive(genserv.Infinity, func(msg etf.Term) bool {
		t := msg.(etf.Tuple)
		return t[0] == etf.Term(ref) || t[1] == etf.Term(ref)
	})
	if t := msg.(etf.Tuple); len(t) == 2 {
		return t[1]
	}
	return nil
}

func (d *scenarioDriver) step(t etf.Tuple) []etf.Term {
	events := d.act(mapAtoms(t, func(a etf.Atom) etf.Term {
		if a == "Director" {
			return d.director
		}
		return a
	}).(etf.Tuple))
	if d.sup != nil && d.ask(d.director, etf.Atom("held")) == etf.Term(etf.Int(0)) {
		d.waitUntilIdle()
	}
	return append(events, d.ask(d.director, etf.Atom("events")).(etf.List)...)
}

// waitUntilIdle waits until the supervisor has dealt with everything, or everybody is dead.
func (d *scenarioDriver) waitUntilIdle() {
	for again := true; again; {
		if d.sys(etf.Atom("get_state")) == nil {
			d.ask(d.director, etf.Tuple{etf.Atom("dead"), etf.Atom("all")})
			return
		}
		again = strings.Contains(etf.Format(d.sys(etf.Atom("get_state"))), "{restarting,")
	}
}

func answers(t etf.Term) []etf.Term { return []etf.Term{etf.Tuple{etf.Atom("answer"), t}} }

func (d *scenarioDriver) act(t etf.Tuple) []etf.Term {
	switch t[0].(etf.Atom) {
	case "start":
		d.ask(d.director, etf.Tuple{etf.Atom("init"), t[2]})
		answer := d.ask(d.starter, etf.Tuple{etf.Atom("start"), t[1], d.director})
		if ok, isTuple := answer.(etf.Tuple); isTuple && etf.IsAtom(ok[0], "ok") {
			d.sup = ok[1]
			d.ask(d.director, etf.Tuple{etf.Atom("watch"), etf.Atom("Sup"), d.sup})
		}
		return answers(answer)
	case "script", "release":
		d.ask(d.director, t)
	case "call":
		return d.call(t[1])
	case "send":
		d.p.Send(d.sup, driver.CallMessage(d.p.Self(), etf.Atom("nobody_waits"), t[1]))
	case "sys":
		return answers(d.look(t[1].(etf.Atom)))
	case "change":
		d.ask(d.director, etf.Tuple{etf.Atom("init"), t[1]})
		d.sys(etf.Atom("suspend"))
		answer := d.sys(etf.Tuple{etf.Atom("change_code"), etf.Atom("scripted_sup"), etf.Atom("undefined"), etf.List{}})
		d.sys(etf.Atom("resume"))
		return answers(answer)
	case "exit":
		d.ask(d.starter, etf.Tuple{etf.Atom("exit"), d.sup, t[1]})
		d.ask(d.director, etf.Tuple{etf.Atom("dead"), d.sup})
	case "stall":
		d.p.Cast(d.ask(d.director, etf.Tuple{etf.Atom("pid"), t[1]}), t[2])
		d.ask(d.director, etf.Tuple{etf.Atom("stalls"), t[3]})
	case "kill", "tell":
		d.child(t)
	case "info":
		d.p.Send(d.sup, t[1])
	}
	return nil
}

func (d *scenarioDriver) call(request etf.Term) []etf.Term {
	if t, ok := request.(etf.Tuple); ok && len(t) == 2 {
		if who, ok := t[1].(etf.Tuple); ok && etf.IsAtom(who[0], "pid") {
			request = etf.Tuple{t[0], d.ask(d.director, who)}
		}
	}
	reply, err := d.p.Call(context.Background(), d.sup, request)
	if err == nil {
		return answers(reply)
	}
	return []etf.Term{etf.Tuple{etf.Atom("exits"), genserv.ExitReason(err)}}
}

func (d *scenarioDriver) child(t etf.Tuple) {
	pid := d.ask(d.director, etf.Tuple{etf.Atom("pid"), t[1]})
	dead := true
	switch {
	case t[0] == etf.Term(etf.Atom("kill")):
		d.p.Exit(pid.(etf.Pid), etf.Atom("kill"))
	case t[2] == etf.Term(etf.Atom("unlink")):
		d.p.Cast(pid, etf.Tuple{etf.Atom("unlink"), d.sup})
		d.ask(pid, etf.Atom("served"))
		dead = false
	default:
		d.p.Cast(pid, t[2])
	}
	if dead {
		d.ask(d.director, etf.Tuple{etf.Atom("dead"), pid})
	}
}

// look answers what sys tells: the state, the callback module or the status.
func (d *scenarioDriver) look(what etf.Atom) etf.Term {
	if what == "state" {
		return withoutTime(d.sys(etf.Atom("get_state")).(etf.Tuple)[1])
	}
	status := d.sys(etf.Atom("get_status")).(etf.Tuple)
	parts := status[3].(etf.List)
	misc := parts[4].(etf.List)
	if what == "callback" {
		return misc[len(misc)-1].(etf.Tuple)[1].(etf.List)[0].(etf.Tuple)[1]
	}
	// Without header and parent, which nobody but this process knows.
	data := misc[1].(etf.Tuple)[1].(etf.List)
	state := misc[2].(etf.Tuple)[1].(etf.List)[0].(etf.Tuple)
	shown := etf.List{
		etf.Tuple{etf.Atom("data"), etf.List{data[0], data[2]}},
		etf.Tuple{etf.Atom("data"), etf.List{etf.Tuple{state[0], withoutTime(state[1])}}},
		misc[3],
	}
	var initial etf.Term
	for _, entry := range parts[0].(etf.List) {
		if pair := entry.(etf.Tuple); etf.IsAtom(pair[0], "$initial_call") {
			initial = pair[1]
		}
	}
	return etf.Tuple{status[2].(etf.Tuple)[1], initial, parts[1], parts[3], shown}
}

// withoutTime counts the restarts in a state, whose times nobody can compare.
func withoutTime(t etf.Term) etf.Term {
	state := slices.Clone(t.(etf.Tuple))
	state[7] = etf.Int(len(state[7].(etf.List)))
	return state
}

// mapAtoms applies leaf to all atoms in a term.
func mapAtoms(t etf.Term, leaf func(etf.Atom) etf.Term) etf.Term {
	all := func(in []etf.Term) []etf.Term {
		out := make([]etf.Term, len(in))
		for i := range in {
			out[i] = mapAtoms(in[i], leaf)
		}
		return out
	}
	switch t := t.(type) {
	case etf.Atom:
		return leaf(t)
	case etf.Tuple:
		return etf.Tuple(all(t))
	case etf.List:
		return etf.List(all(t))
	case etf.Map:
		out := make(etf.Map, len(t))
		for i, pair := range t {
			out[i] = etf.MapPair{Key: mapAtoms(pair.Key, leaf), Value: mapAtoms(pair.Value, leaf)}
		}
		return out
	}
	return t
}
