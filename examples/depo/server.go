package depo

import (
	"context"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Module is the callback module of Depo.DB: the alias Depo.DB of Elixir. A database can be registered under it.
const Module = etf.Atom("Elixir.Depo.DB")

// MaxTaught is how many statements a database keeps.
const MaxTaught = 10_000

// ok is the reply of what has no other result.
const ok = etf.Atom("ok")

// V1 is version 1 of Depo.DB, a gen_server that owns a connection to SQLite and the statements it was taught. The
// package comment has its requests.
type V1 struct {
	Names *Names // of the columns, shared by the servers of a node
}

// State is the state of version 1.
type State struct{ db *database }

var (
	_ genserv.Caster[State]          = V1{}
	_ genserv.Informer[State]        = V1{}
	_ genserv.Terminator[State]      = V1{}
	_ genserv.StatusFormatter[State] = V1{}
	_ genserv.StateShower[State]     = V1{}
	_ genserv.StateCopier[State]     = V1{}
	_ genserv.Blocker                = V1{}
)

// ModuleName implements genserv.Namer.
func (V1) ModuleName() etf.Atom { return Module }

// MayBlock implements genserv.Blocker: SQL may take long.
func (V1) MayBlock() bool { return true }

// Init implements genserv.Server. args says what to open, see the package comment; [What, Pid] links the server to a
// process too, as start_link of Elixir does.
func (s V1) Init(p *genserv.Process, args etf.Term) genserv.InitResult[State] {
	db, err := openDatabase(p, s.Names, args)
	if err != nil {
		return genserv.StopInit[State](reason(err))
	}
	return genserv.Ok(State{db})
}

// HandleCall implements genserv.Server.
func (V1) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s State) genserv.Result[State] {
	s.db.request(p, job{kind: jobCall, request: request, from: from, pid: from.Pid})
	return genserv.NoReply(s)
}

// HandleCast implements genserv.Caster.
func (V1) HandleCast(p *genserv.Process, request etf.Term, s State) genserv.Result[State] {
	s.db.request(p, castJob(request))
	return genserv.NoReply(s)
}

// HandleInfo implements genserv.Informer.
func (V1) HandleInfo(p *genserv.Process, msg etf.Term, s State) genserv.Result[State] {
	if why := s.db.info(p, msg); why != nil {
		return genserv.Stop(why, s)
	}
	return genserv.NoReply(s)
}

// Terminate implements genserv.Terminator: it closes the connection, which rolls an open transaction back.
func (V1) Terminate(_ *genserv.Process, _ etf.Term, s State) { s.db.close() }

// FormatStatus implements genserv.StatusFormatter: #{cache => Names}, without SQL, values and handles.
func (V1) FormatStatus(status genserv.Status, s State) genserv.Status {
	status.State = s.db.term()
	return status
}

// ShowState implements genserv.StateShower.
func (V1) ShowState(s State) etf.Term { return s.db.term() }

// CopyState implements genserv.StateCopier: code changes leave the database alone.
func (V1) CopyState(s State) State { return s }

// openDatabase does the work of Init.
func openDatabase(p *genserv.Process, names *Names, args etf.Term) (*database, error) {
	var owner etf.Pid
	if list, ok := args.(etf.List); ok && len(list) == 2 {
		if pid, ok := list[1].(etf.Pid); ok {
			owner, args = pid, list[0]
		}
	}
	c, err := openArgs(p.Context(), names, args)
	if err != nil {
		return nil, err
	}
	p.TrapExit(true)
	if owner != (etf.Pid{}) {
		p.Link(owner)
	}
	// A process that is killed has no Terminate.
	context.AfterFunc(p.Context(), c.close)
	return &database{c: c, owner: owner, cursors: map[etf.Pid]*stream{}}, nil
}

// openArgs opens what the argument of Depo.open says: memory, a path, [{create, Path}] or [{or_create, Path}].
func openArgs(ctx context.Context, names *Names, args etf.Term) (*conn, error) {
	if etf.IsAtom(args, "memory") {
		return openMemory(ctx, names)
	}
	form, path := etf.Atom(""), args
	if list, ok := args.(etf.List); ok && len(list) == 1 {
		args = list[0]
	}
	if pair, ok := args.(etf.Tuple); ok && len(pair) == 2 {
		form, _ = pair[0].(etf.Atom)
		path = pair[1]
		if form != "create" && form != "or_create" {
			return nil, &reasonError{etf.Tagged("bad_open", args)}
		}
	}
	text, isText := etf.AsText(path)
	_, isAtom := path.(etf.Atom)
	if !isText || isAtom || text == "" || strings.IndexByte(text, 0) >= 0 {
		return nil, &reasonError{etf.Tagged("bad_open", args)}
	}
	return openFile(ctx, names, text, form == "create", form == "or_create")
}
