package application

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// master is the application master: the parent of the supervisor at the top of an application, by whose end the
// application ends. Every process that is started in the application belongs to it. application_master.erl.
type master struct {
	sys *System
	app *App
}

func (master) ModuleName() etf.Atom { return "application_master" }

// Init starts the supervisor. What it fails with tells which start function failed.
func (m master) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[etf.Pid] {
	p.TrapExit(true)
	sup, err := p.SpawnLink(m.app.Start)
	if err == nil {
		return genserv.Ok(sup)
	}
	mod := m.app.mod().(etf.Tuple)
	start := etf.Tuple{mod[0], etf.Atom("start"), etf.List{normal, mod[1]}}
	var exit *genserv.Exit
	var taken *genserv.AlreadyStarted
	switch {
	case errors.Is(err, genserv.ErrIgnore):
		return genserv.Fail[etf.Pid](etf.Tuple{etf.Atom("bad_return"), etf.Tuple{start, etf.Atom("ignore")}})
	case errors.As(err, &taken):
		return genserv.Fail[etf.Pid](etf.Tuple{etf.Tuple{etf.Atom("already_started"), taken.Pid}, start})
	case errors.As(err, &exit):
		return genserv.Fail[etf.Pid](etf.Tuple{exit.Reason, start})
	}
	return genserv.Fail[etf.Pid](etf.Tuple{etf.Binary(err.Error()), start})
}

// HandleCall serves stop of the controller, and get_child with the supervisor. Everything else is left without an
// answer.
func (m master) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, sup etf.Pid) genserv.Result[etf.Pid] {
	switch {
	case etf.IsAtom(request, "get_child"):
		return genserv.Reply(etf.Term(sup), sup)
	case etf.IsAtom(request, "stop"):
		return genserv.StopReply(normal, etf.Atom("ok"), sup)
	}
	return genserv.NoReply(sup)
}

// HandleInfo takes the end of the supervisor for its own.
func (m master) HandleInfo(p *genserv.Process, msg etf.Term, sup etf.Pid) genserv.Result[etf.Pid] {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 3 || !etf.Equal(t[1], sup) {
		return genserv.NoReply(sup)
	}
	m.cleanUp(p)
	if genserv.IsOrderly(t[2]) {
		return genserv.Stop(t[2], etf.Pid{})
	}
	// Not by Stop, which would report the end of a server that nobody knows.
	p.TrapExit(false)
	p.Exit(p.Self(), t[2])
	return genserv.NoReply(etf.Pid{})
}

// Terminate ends the supervisor, and then whatever is left of the application.
func (m master) Terminate(p *genserv.Process, reason etf.Term, sup etf.Pid) {
	if sup == (etf.Pid{}) {
		return
	}
	if genserv.IsOrderly(reason) {
		reason = etf.Atom("shutdown")
	}
	p.Exit(sup, reason)
	p.Receive(genserv.Infinity, func(msg etf.Term) bool {
		t, ok := etf.AsTuple(msg, "EXIT", 3)
		return ok && etf.Equal(t[1], sup)
	})
	m.cleanUp(p)
}

// cleanUp kills the processes that the application has left, and tells it that it has ended.
func (m master) cleanUp(p *genserv.Process) {
	m.sys.host.KillProcesses(m.app.Name, p.Self())
	if m.app.Stop == nil {
		return
	}
	if failure := genserv.Try(m.app.Stop); failure != nil { // application_master catches it as well
		p.Logger().Error("stop of an application failed", "application", string(m.app.Name), "error", failure)
	}
}
