// Package survey is a gen_server that asks others. It asks many nodes for the version of an application, or any server
// any question. The example shows calls to many nodes at once, requests whose answers come later, and the possible
// outcomes of a call.
//
// From a shell of the same cluster, with the server registered as survey on the node gonode@host:
//
//	gen_server:call({survey, gonode@host}, {versions, kernel, [node() | nodes()]}).             % Erlang
//	GenServer.call({:survey, :"gonode@host"}, {:versions, :kernel, [node() | Node.list()]})     # Elixir
package survey

import (
	"context"
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Server understands the calls {versions, App, Nodes} and {ask, To, Request}. The first answers [{Node, Vsn}], with
// undefined for a node that does not run App, and unreachable for a node that did not answer. The second answers {ok,
// Reply} or {error, Reason}.
type Server struct {
	Timeout time.Duration // how long a server may take to answer; 0 means two seconds
}

// State holds the questions that have not been answered, each with the call that asked it.
type State struct {
	open *genserv.RequestIDs[genserv.From]
}

// This line does not compile if HandleInfo does not have the signature of the interface.
var _ genserv.Informer[State] = Server{}

func (srv Server) timeout() time.Duration {
	if srv.Timeout > 0 {
		return srv.Timeout
	}
	return 2 * time.Second
}

// Init implements genserv.Server.
func (Server) Init(*genserv.Process, etf.Term) genserv.InitResult[State] {
	return genserv.Ok(State{open: &genserv.RequestIDs[genserv.From]{}})
}

// HandleCall implements genserv.Server.
func (srv Server) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State) genserv.Result[State] {
	t, ok := request.(etf.Tuple)
	if !ok || len(t) != 3 {
		return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, s)
	}
	switch t[0] {
	case etf.Atom("versions"):
		return genserv.Reply(srv.versions(p, t[1], t[2]), s)
	case etf.Atom("ask"):
		id, err := p.SendRequest(t[1], t[2])
		if err != nil {
			return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("badarg")}, s)
		}
		s.open.Add(id, from)
		p.SendAfter(srv.timeout(), p.Self(), etf.Tuple{etf.Atom("enough"), from.Term()})
		return genserv.NoReply(s) // the reply comes with the answer
	}
	return genserv.Reply(etf.Tuple{etf.Atom("error"), etf.Atom("unknown_request")}, s)
}

// HandleInfo gets the answers, and the message that a question has timed out.
func (Server) HandleInfo(p *genserv.Process, msg etf.Term, s State) genserv.Result[State] {
	if r, ok := s.open.Check(p, msg); ok {
		p.Reply(r.Label, outcome(r.Reply, r.Err))
		return genserv.NoReply(s)
	}
	if t, ok := etf.AsTuple(msg, "enough", 2); ok {
		giveUp(p, t[1], s)
	}
	return genserv.NoReply(s)
}

// giveUp answers a question that has timed out.
func giveUp(p *genserv.Process, from etf.Term, s State) {
	left := &genserv.RequestIDs[genserv.From]{}
	for id, label := range s.open.All() {
		if !etf.Equal(label.Term(), from) {
			left.Add(id, label)
			continue
		}
		id.Abandon(p)
		p.Reply(label, outcome(nil, genserv.ErrTimeout))
	}
	*s.open = *left
}

// outcome returns the result of a call as an Erlang term.
func outcome(reply etf.Term, err error) etf.Term {
	var exit *genserv.Exit
	var reason etf.Term
	switch {
	case err == nil:
		return etf.Tuple{etf.Atom("ok"), reply}
	case errors.Is(err, genserv.ErrNoProc):
		reason = etf.Atom("noproc")
	case errors.Is(err, genserv.ErrNoConnection):
		reason = etf.Atom("noconnection")
	case errors.Is(err, genserv.ErrTimeout):
		reason = etf.Atom("timeout")
	case errors.As(err, &exit):
		reason = exit.Reason
	default:
		reason = etf.Binary(err.Error())
	}
	return etf.Tuple{etf.Atom("error"), reason}
}

// versions asks the application_controller of all nodes at once.
func (srv Server) versions(p *genserv.Process, app, nodes etf.Term) etf.Term {
	var names []etf.Atom
	if err := etf.Unmarshal(nodes, &names); err != nil {
		return etf.Tuple{etf.Atom("error"), etf.Atom("badarg")}
	}
	ctx, cancel := context.WithTimeout(context.Background(), srv.timeout())
	defer cancel()
	replies, bad := p.MultiCall(ctx, names, "application_controller", etf.Atom("which_applications"))
	versions := etf.List{}
	for _, r := range replies {
		versions = append(versions, etf.Tuple{r.Node, version(r.Reply, app)})
	}
	for _, name := range bad {
		versions = append(versions, etf.Tuple{name, etf.Atom("unreachable")})
	}
	return versions
}

// version finds an application in [{App, Description, Vsn}].
func version(running, app etf.Term) etf.Term {
	list, _ := running.(etf.List)
	for _, entry := range list {
		if t, ok := entry.(etf.Tuple); ok && len(t) == 3 && etf.Equal(t[0], app) {
			return t[2]
		}
	}
	return etf.Atom("undefined")
}
