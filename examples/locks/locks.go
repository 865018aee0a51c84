// Package locks is a gen_server that locks names. A process that has acquired a name keeps it until it releases the
// name or ends, on any node. The example shows delayed replies, monitors, and a status that is readable by people.
//
// From a shell of the same cluster, with the server registered as locks on the node gonode@host:
//
//	gen_server:call({locks, gonode@host}, {acquire, printer}, infinity).             % Erlang
//	GenServer.call({:locks, :"gonode@host"}, {:acquire, :printer}, :infinity)        # Elixir
package locks

import (
	"maps"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Server locks names. It understands the calls {acquire, Name}, which answers ok once the caller owns the name,
// {release, Name}, which answers ok or {error, not_owner}, and owners, which answers a map of names and pids. Name is
// an atom. Waiting processes get a name in the order in which they asked.
type Server struct{}

// State holds the locked names.
type State struct{ locks map[etf.Atom]*lock }

// lock is the queue for one name. The first claim is the owner's; the others wait.
type lock struct{ queue []claim }

// claim is a process that owns a name or waits for it. The monitor reports the end of the process.
type claim struct {
	from    genserv.From
	monitor etf.Ref
}

// These lines do not compile if a callback does not have the signature of its interface.
var (
	_ genserv.Informer[State]        = Server{}
	_ genserv.StatusFormatter[State] = Server{}
)

// Init implements genserv.Server.
func (Server) Init(*genserv.Process, etf.Term) genserv.InitResult[State] {
	return genserv.Ok(State{locks: map[etf.Atom]*lock{}})
}

// HandleCall implements genserv.Server.
func (Server) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State) genserv.Result[State] {
	verb, name := parse(request)
	switch verb {
	case "acquire":
		monitor, err := p.Monitor(from.Pid)
		if err != nil {
			return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("noproc")}, s)
		}
		s.add(p, name, claim{from, monitor})
		return genserv.NoReply(s) // the reply comes with the name
	case "release":
		if l := s.locks[name]; l == nil || l.queue[0].from.Pid != from.Pid {
			return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("not_owner")}, s)
		}
		s.remove(p, name, 0)
		return genserv.Reply(etf.Atom("ok"), s)
	case "owners":
		return genserv.Reply(s.owners(), s)
	}
	return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, s)
}

// HandleInfo implements genserv.Informer. {'DOWN', Monitor, process, Pid, Reason} ends a claim.
func (Server) HandleInfo(p *genserv.Process, msg etf.Term, s State) genserv.Result[State] {
	if down, ok := genserv.AsDown(msg); ok {
		for name, l := range s.locks {
			if i := slices.IndexFunc(l.queue, func(c claim) bool { return c.monitor == down.Ref }); i >= 0 {
				s.remove(p, name, i)
				break
			}
		}
	}
	return genserv.NoReply(s)
}

// FormatStatus implements genserv.StatusFormatter. sys:get_status shows the owners instead of the internal state.
func (Server) FormatStatus(status genserv.Status, s State) genserv.Status {
	status.State = s.owners()
	return status
}

// parse splits a request: owners is an atom, acquire and release come as {Verb, Name}.
func parse(request etf.Term) (verb, name etf.Atom) {
	verb, args := etf.Verb(request)
	switch len(args) {
	case 0:
		return verb, ""
	case 1:
		if name, ok := args[0].(etf.Atom); ok {
			return verb, name
		}
	}
	return "", ""
}

// add appends a claim to the queue of a name.
func (s State) add(p *genserv.Process, name etf.Atom, c claim) {
	l := s.locks[name]
	if l == nil {
		l = &lock{}
		s.locks[name] = l
	}
	if l.queue = append(l.queue, c); len(l.queue) == 1 {
		grant(p, c)
	}
}

// remove removes a claim. If it was the owner's, the next claim gets the name.
func (s State) remove(p *genserv.Process, name etf.Atom, i int) {
	l := s.locks[name]
	p.Demonitor(l.queue[i].monitor)
	if l.queue = slices.Delete(l.queue, i, i+1); len(l.queue) == 0 {
		delete(s.locks, name)
		return
	}
	if i == 0 {
		grant(p, l.queue[0])
	}
}

// grant answers the call that acquires a name. If the process has ended, the reply is lost; its monitor then removes
// the claim.
func grant(p *genserv.Process, c claim) { _ = p.TryReply(c.from, etf.Atom("ok")) }

func (s State) owners() etf.Term {
	owners := etf.Map{}
	for _, name := range slices.Sorted(maps.Keys(s.locks)) {
		owners = append(owners, etf.MapPair{Key: name, Value: s.locks[name].queue[0].from.Pid})
	}
	return owners
}
