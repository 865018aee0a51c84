package pubsub

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// worker is the process of one group: Phoenix.PubSub.PG2Worker. It is registered under the name of the group, for
// direct broadcasts, and hands on what comes. The first one watches the processes that have subscribed.
type worker struct {
	ps      *PubSub
	group   etf.Atom
	watches bool
}

// workerState is what a worker waits for: the end of the scope, or of a subscriber.
type workerState struct {
	scope    etf.Ref
	tag      etf.Ref // of the message of the process to itself
	watching map[etf.Pid]etf.Ref
}

var (
	_ genserv.Server[*workerState]   = worker{}
	_ genserv.Caster[*workerState]   = worker{}
	_ genserv.Informer[*workerState] = worker{}
)

// Init implements genserv.Server.
func (w worker) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*workerState] {
	tag, err := p.MakeRef()
	if err != nil {
		return genserv.StopInit[*workerState](genserv.ExitReason(err))
	}
	st := &workerState{tag: tag, watching: map[etf.Pid]etf.Ref{}}
	if err := w.join(p, st); err != nil {
		return genserv.StopInit[*workerState](genserv.ExitReason(err))
	}
	if w.watches {
		for _, pid := range w.ps.registry.subscribed() {
			w.watch(p, pid, st)
		}
	}
	return genserv.Ok(st)
}

// join joins the group and watches the scope: with it the membership ends.
func (w worker) join(p *genserv.Process, st *workerState) (err error) {
	if st.scope, err = p.Monitor(Scope); err != nil {
		return err
	}
	return w.ps.scope.Join(p.Context(), w.group, p.Self())
}

// rejoinPause is how long a worker waits for a scope that starts anew.
const rejoinPause = 50 * time.Millisecond

// watch makes the end of a subscriber known.
func (w worker) watch(p *genserv.Process, pid etf.Pid, st *workerState) {
	if _, ok := st.watching[pid]; ok {
		return
	}
	ref, err := p.Monitor(pid)
	if err != nil {
		w.ps.registry.removeAll(pid)
		return
	}
	st.watching[pid] = ref
}

// HandleCall implements genserv.Server: there are no calls.
func (w worker) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From,
	st *workerState) genserv.Result[*workerState] {
	return genserv.Reply(etf.Tagged("error", etf.Atom("unknown_request")), st)
}

// HandleCast implements genserv.Caster: {watch, Pid} of SubscribePid.
func (w worker) HandleCast(p *genserv.Process, request etf.Term, st *workerState) genserv.Result[*workerState] {
	if t, ok := etf.AsTuple(request, "watch", 2); ok {
		if pid, ok := t[1].(etf.Pid); ok && pid.Node == p.Self().Node {
			w.watch(p, pid, st)
		}
	}
	return genserv.NoReply(st)
}

// HandleInfo implements genserv.Informer.
func (w worker) HandleInfo(p *genserv.Process, msg etf.Term, st *workerState) genserv.Result[*workerState] {
	if t, ok := etf.AsTuple(msg, "forward_to_local", 4); ok {
		topic, isTopic := t[1].(etf.Binary)
		if _, isModule := t[3].(etf.Atom); isTopic && isModule {
			if err := w.ps.dispatch(p.Context(), string(topic), t[2], etf.Pid{}); err != nil {
				p.Logger().Warn("pubsub: message lost", "pubsub", string(w.ps.name), "topic", string(topic), "err", err)
			}
			return genserv.NoReply(st)
		}
	}
	if down, ok := genserv.AsDown(msg); ok {
		return w.down(p, down, st)
	}
	if tag, ok := msg.(etf.Ref); ok && tag == st.tag {
		return w.rejoin(p, st)
	}
	p.Logger().Warn("pubsub: message ignored", "pubsub", string(w.ps.name), "group", string(w.group),
		"message", etf.FormatMax(msg, 200))
	return genserv.NoReply(st)
}

func (w worker) down(p *genserv.Process, down genserv.Down, st *workerState) genserv.Result[*workerState] {
	if down.Ref == st.scope {
		return w.rejoin(p, st)
	}
	if pid, ok := down.Object.(etf.Pid); ok && st.watching[pid] == down.Ref {
		delete(st.watching, pid)
		w.ps.registry.removeAll(pid)
	}
	return genserv.NoReply(st)
}

// rejoin joins the scope that has started anew, as soon as it has.
func (w worker) rejoin(p *genserv.Process, st *workerState) genserv.Result[*workerState] {
	p.Demonitor(st.scope)
	if err := w.join(p, st); err != nil {
		p.Demonitor(st.scope)
		p.SendAfter(rejoinPause, p.Self(), st.tag)
	}
	return genserv.NoReply(st)
}
