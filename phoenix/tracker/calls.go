package tracker

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

// HandleCall implements genserv.Server. The calls are those that the functions of Phoenix.Tracker make, and for callers
// on other nodes, who cannot read the table of a shard, list_presences and get_by_key.
func (sv server) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, st *state) genserv.Result[*state] {
	reply, err := sv.answer(p, request, st)
	if err != "" {
		p.Logger().Warn("tracker: call refused", "shard", string(st.name), "why", err,
			"request", etf.FormatMax(request, 200))
		return genserv.Reply(etf.Tagged("error", etf.Atom("badarg")), st)
	}
	if etf.IsAtom(request, gracefulPermdown) {
		return genserv.StopReply(genserv.Normal, reply, st)
	}
	return genserv.Reply(reply, st)
}

// answer returns the reply to a call, or why it is refused.
func (sv server) answer(p *genserv.Process, request etf.Term, st *state) (reply etf.Term, refusal string) {
	w := sv.world(p, st)
	verb, args := etf.Verb(request)
	switch {
	case verb == "track" && len(args) == 4, verb == "update" && len(args) == 4:
		at, refusal := parsePlace(args[:3])
		meta, isMap := args[3].(etf.Map)
		switch {
		case refusal != "":
			return nil, refusal
		case isMap && verb == "track":
			return st.track(w, p, at, meta), ""
		case isMap:
			return st.update(w, p, at, meta), ""
		}
		return nil, "the meta is no map" // a function of another node cannot run here
	case verb == "update_from" && len(args) == 5: // of this package
		at, refusal := parsePlace(args[:3])
		meta, isMap := args[4].(etf.Map)
		if refusal == "" && !isMap {
			refusal = "the meta is no map"
		}
		if refusal != "" {
			return nil, refusal
		}
		return st.updateFrom(w, p, at, args[3], meta), ""
	case verb == "untrack" && len(args) == 3:
		at, refusal := parsePlace(args)
		if refusal == "" {
			st.untrack(w, p, at)
		}
		return etf.Atom("ok"), refusal
	case verb == "untrack" && len(args) == 1:
		pid, ok := args[0].(etf.Pid)
		if !ok {
			return nil, "no pid"
		}
		st.drop(w, pid)
		p.Unlink(pid)
		return etf.Atom("ok"), ""
	case verb == gracefulPermdown && len(args) == 0:
		w.broadcast(message{verb: gracefulPermdown, from: st.me()})
		return etf.Atom("ok"), ""
	}
	return look(p, verb, args, st)
}

// look answers what changes nothing of the presences.
func look(p *genserv.Process, verb etf.Atom, args etf.Tuple, st *state) (reply etf.Term, refusal string) {
	switch {
	case verb == "list" && len(args) == 1:
		return st.presences.Term(), ""
	case verb == "list_presences" && len(args) == 1:
		topic, ok := args[0].(etf.Binary)
		if !ok {
			return nil, "the topic is no binary"
		}
		return st.list(string(topic), nil, keyAndMeta), ""
	case verb == "get_by_key" && len(args) == 2:
		topic, ok := args[0].(etf.Binary)
		if !ok {
			return nil, "the topic is no binary"
		}
		return st.list(string(topic), args[1], pidAndMeta), ""
	case verb == "meta" && len(args) == 3: // of this package
		at, refusal := parsePlace(args)
		if refusal != "" {
			return nil, refusal
		}
		return st.meta(at), ""
	case verb == "presences" && len(args) == 1: // of this package
		topic, _ := args[0].(etf.Binary)
		return st.list(string(topic), nil, all), ""
	case verb == "values" && len(args) == 0:
		return st.rows(), ""
	case verb == "replicas" && len(args) == 0:
		return st.replicasTerm(), ""
	case verb == "unsubscribe" && len(args) == 0:
		st.tracker.transport.UnsubscribePid(p.Self(), shardTopic(st.name))
		return etf.Atom("ok"), ""
	case verb == "resubscribe" && len(args) == 0:
		if err := st.tracker.transport.SubscribePid(p.Context(), p.Self(), shardTopic(st.name)); err != nil {
			return etf.Tagged("error", genserv.ExitReason(err)), ""
		}
		return etf.Atom("ok"), ""
	}
	return nil, "no such call"
}

// place is what a presence is found by.
type place struct {
	pid   etf.Pid
	topic string
	key   etf.Term
}

func parsePlace(args etf.Tuple) (at place, refusal string) {
	pid, ok := args[0].(etf.Pid)
	if !ok {
		return at, "no pid"
	}
	topic, ok := args[1].(etf.Binary)
	if !ok {
		return at, "the topic is no binary"
	}
	return place{pid, string(topic), args[2]}, ""
}

// own returns the presence of this node in a place, or nil.
func (st *state) own(at place) *crdt.Element {
	if e := st.presences.Find(at.pid, at.topic, at.key); e != nil && e.Tag.Replica == st.me() {
		return e
	}
	return nil
}

// track is {track, Pid, Topic, Key, Meta}. The process is linked, wherever it runs: with it its presences end.
func (st *state) track(w world, p *genserv.Process, at place, meta etf.Map) etf.Term {
	if st.presences.Find(at.pid, at.topic, at.key) != nil {
		return etf.Tagged("error", etf.Tagged("already_tracked", at.pid, etf.Binary(at.topic), at.key))
	}
	p.Link(at.pid)
	ref := metaRef(p.Self())
	e := st.presences.Join(at.pid, at.topic, at.key, withRef(meta, ref, nil))
	w.diff([]*crdt.Element{e}, nil)
	return etf.Tagged("ok", ref)
}

// update is {update, Pid, Topic, Key, Meta}.
func (st *state) update(w world, p *genserv.Process, at place, meta etf.Map) etf.Term {
	old := st.own(at)
	if old == nil {
		return etf.Tagged("error", etf.Atom("nopresence"))
	}
	ref := metaRef(p.Self())
	prev, _ := old.Meta.Get(phxRef)
	st.presences.Leave(old)
	e := st.presences.Join(at.pid, at.topic, at.key, withRef(meta, ref, prev))
	w.diff([]*crdt.Element{e}, []*crdt.Element{old})
	return etf.Tagged("ok", ref)
}

// updateFrom is {update_from, Pid, Topic, Key, Ref, Meta}: an update of the meta whose phx_ref is Ref. The answer is
// {error, changed} if the meta is another one by now.
func (st *state) updateFrom(w world, p *genserv.Process, at place, ref etf.Term, meta etf.Map) etf.Term {
	if e := st.own(at); e != nil {
		if now, _ := e.Meta.Get(phxRef); !etf.Equal(now, ref) {
			return etf.Tagged("error", etf.Atom("changed"))
		}
	}
	return st.update(w, p, at, meta)
}

// meta is {meta, Pid, Topic, Key}, of a presence of this node.
func (st *state) meta(at place) etf.Term {
	if e := st.own(at); e != nil {
		return etf.Tagged("ok", e.Meta)
	}
	return etf.Tagged("error", etf.Atom("nopresence"))
}

// untrack is {untrack, Pid, Topic, Key}.
func (st *state) untrack(w world, p *genserv.Process, at place) {
	e := st.own(at)
	if e == nil {
		return
	}
	st.presences.Leave(e)
	if len(st.presences.OfPid(at.pid)) == 0 {
		p.Unlink(at.pid)
	}
	w.diff(nil, []*crdt.Element{e})
}

// drop ends all presences of a process.
func (st *state) drop(w world, pid etf.Pid) {
	gone := st.presences.OfPid(pid)
	for _, e := range gone {
		st.presences.Leave(e)
	}
	w.diff(nil, gone)
}

func keyAndMeta(e *crdt.Element) etf.Term { return etf.Tuple{e.Key, e.Meta} }
func pidAndMeta(e *crdt.Element) etf.Term { return etf.Tuple{e.Pid, e.Meta} }
func all(e *crdt.Element) etf.Term        { return etf.Tuple{e.Pid, e.Key, e.Meta} }

// list shows the presences of a topic, or those with a key.
func (st *state) list(topic string, key etf.Term, show func(*crdt.Element) etf.Term) etf.List {
	list := etf.List{}
	for _, e := range st.presences.Online(topic) {
		if key == nil || etf.Equal(e.Key, key) {
			list = append(list, show(e))
		}
	}
	return list
}

// rows are those of the table of a shard of Phoenix: [{{Topic, Pid, Key}, Meta, Tag}].
func (st *state) rows() etf.List {
	list := etf.List{}
	for _, e := range st.presences.All() {
		list = append(list, etf.Tuple{etf.Tuple{etf.Binary(e.Topic), e.Pid, e.Key}, e.Meta, e.Tag.Term()})
	}
	return list
}

// replicasTerm is #{Node => %Phoenix.Tracker.Replica{}}.
func (st *state) replicasTerm() etf.Term {
	m := etf.Map{}
	for node, r := range st.replicas {
		status := etf.Atom("up")
		if r.down {
			status = "down"
		}
		m = append(m, etf.MapPair{Key: node, Value: etf.Map{
			{Key: etf.Atom("__struct__"), Value: etf.Atom("Elixir.Phoenix.Tracker.Replica")},
			{Key: etf.Atom("name"), Value: node},
			{Key: etf.Atom("vsn"), Value: etf.Int(r.ref.Vsn)},
			{Key: etf.Atom("last_heartbeat_at"), Value: etf.Int(r.seen.UnixMilli())},
			{Key: etf.Atom("status"), Value: status},
		}})
	}
	return m
}
