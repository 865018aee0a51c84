package ergohost

import (
	"time"

	"ergo.services/ergo/gen"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

func atom(a gen.Atom) etf.Atom { return etf.Atom(a) }

// ended tells a process of the bridge why its counterpart has ended.
type ended struct {
	etf.Atom // makes it an etf.Term
	reason   error
}

// standIn is the gen_server that represents an exposed actor to a BEAM. It forwards everything without waiting, except
// sys:get_state and the end of an actor that it was told to stop.
type standIn struct{ *exposed }

// ModuleName implements genserv.Namer.
func (standIn) ModuleName() etf.Atom { return "ergohost" }

// Init implements genserv.Server.
func (s standIn) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*exposed] {
	p.TrapExit(true) // exit signals go to the actor
	if err := s.begin(p); err != nil {
		return genserv.StopInit[*exposed](Reason(err))
	}
	return genserv.Ok(s.exposed)
}

// HandleCall implements genserv.Server.
func (standIn) HandleCall(
	_ *genserv.Process, request etf.Term, from genserv.From, e *exposed,
) genserv.Result[*exposed] {
	e.call(from, e.host.values.value(request))
	return genserv.NoReply(e)
}

// HandleCast implements genserv.Caster.
func (standIn) HandleCast(_ *genserv.Process, request etf.Term, e *exposed) genserv.Result[*exposed] {
	e.send(Cast{e.host.values.value(request)})
	return genserv.NoReply(e)
}

// HandleInfo implements genserv.Informer.
func (standIn) HandleInfo(_ *genserv.Process, msg etf.Term, e *exposed) genserv.Result[*exposed] {
	if end, ok := msg.(*ended); ok {
		return genserv.Stop(Reason(end.reason), e)
	}
	if t, ok := etf.AsTuple(msg, "EXIT", 3); ok {
		if !etf.IsAtom(t[2], genserv.Normal) { // a process that does not trap exits ignores normal; an ergo process would end
			e.exit(e.port, t[2])
		}
		return genserv.NoReply(e)
	}
	e.send(Info{e.host.values.value(msg)})
	return genserv.NoReply(e)
}

// Terminate implements genserv.Terminator. gen_server:stop and the end of the node end the actor.
func (standIn) Terminate(_ *genserv.Process, reason etf.Term, e *exposed) {
	if e.reason() != nil {
		return
	}
	e.stop(reason)
	if e.supervised && isAtom(reason, genserv.Shutdown) {
		<-e.done // when its own time is over, the supervisor kills the stand-in and so the actor
		return
	}
	timer := time.NewTimer(e.host.opts.StopTime)
	defer timer.Stop()
	select {
	case <-e.done:
	case <-timer.C:
		e.host.ergo.Log().Warning("ergohost: %s did not end within %s and is killed", e.name, e.host.opts.StopTime)
		e.stop(genserv.Killed)
	}
}

// ShowState returns what gen.Process.Inspect returns for the actor: #{Key => Value} of binaries.
func (standIn) ShowState(e *exposed) etf.Term {
	select {
	case <-e.started:
	case <-e.done:
	}
	if e.reason() != nil {
		return etf.Map{}
	}
	told, err := e.host.ergo.Inspect(e.actor, "state")
	if err != nil {
		return etf.Tuple{etf.Atom("error"), Reason(err)}
	}
	t, err := etf.Marshal(told)
	if err != nil {
		return etf.Tuple{etf.Atom("error"), Reason(err)}
	}
	return t
}
