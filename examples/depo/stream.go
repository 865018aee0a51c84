package depo

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// How many rows, and bytes of them, go from the database to a stream at a time.
const (
	fetchRows  = 100
	fetchBytes = 256 << 10
)

const (
	fetchTag = etf.Atom("$depo_fetch") // {'$depo_fetch', Stream}, from the stream to the database
	rowsTag  = etf.Atom("$depo_rows")  // {'$depo_rows', Rows, more | done | {error, Reason}}, the answer
)

// stream is what the database knows of a stream.
type stream struct {
	cursor *cursor
	owner  etf.Pid // who has asked for it
	watch  etf.Ref
}

// stream starts a process that sends rows: {stream, Receiver, Command}, {stream, Receiver, Command, Values} or {stream,
// Receiver, Command, Values, Demand}.
func (db *database) stream(p *genserv.Process, owner etf.Pid, args etf.Tuple) (etf.Term, error) {
	receiver, isPid := args[0].(etf.Pid)
	values, demand := etf.Term(etf.List{}), etf.Term(etf.Atom("infinity"))
	if len(args) > 2 {
		values = args[2]
	}
	if len(args) > 3 {
		demand = args[3]
	}
	if _, isInt := demandOf(demand); !isPid || !isInt {
		return nil, failure("misuse", "no stream: "+etf.FormatMax(args, 100))
	}
	if err := db.tx.broken(); err != nil {
		return nil, err
	}
	r, err := db.c.start(args[1], values)
	if err != nil {
		db.tx.spoil(err)
		return nil, err
	}
	pid, err := p.Spawn(genserv.Child{Module: genserv.Of(streamServer{}), Args: etf.Tuple{receiver, p.Self(), demand}})
	if err == nil {
		var watch etf.Ref
		if watch, err = p.Monitor(pid); err == nil {
			db.cursors[pid] = &stream{cursor: r, owner: owner, watch: watch}
			return pid, nil
		}
	}
	db.c.stop(r)
	return nil, err
}

// start starts a statement of its own, which others may not start anew.
func (c *conn) start(cmd, values etf.Term) (*cursor, error) {
	as, cmd := shapeOf(cmd)
	args, err := parameters(values)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := cmd.(etf.Atom); ok && c.cache[name] != nil {
		cmd = etf.Binary(c.cache[name].sql)
	}
	s, _, err := c.find(cmd)
	c.own = false
	if err != nil {
		return nil, err
	}
	r, err := c.query(s, args, as)
	if err != nil {
		_ = s.close()
		return nil, err
	}
	r.own = s
	return r, nil
}

func (c *conn) stop(r *cursor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.close()
}

// fetch sends a stream its next rows.
func (db *database) fetch(p *genserv.Process, pid etf.Pid) {
	s := db.cursors[pid]
	if s == nil {
		return // it has ended while it waited
	}
	db.c.mu.Lock()
	var rows etf.List
	more, err := false, error(errClosed)
	if _, open := db.c.open[s.cursor]; open {
		rows, more, err = s.cursor.next(fetchRows, fetchBytes)
	}
	db.c.mu.Unlock()
	status := etf.Term(etf.Atom("more"))
	switch {
	case err != nil:
		status = errorReply(err)
	case !more:
		status = etf.Atom("done")
	}
	if err != nil || !more {
		db.closeCursor(pid)
	}
	p.Send(pid, etf.Tagged(rowsTag, rows, status))
}

func (db *database) closeCursor(pid etf.Pid) {
	db.c.stop(db.cursors[pid].cursor)
	delete(db.cursors, pid)
}

// streamServer is the process that sends the rows of a query to another one, as {Stream, Row}. It takes the next ones
// from the database when those before are sent, and sending waits while the connection to the receiver is busy.
//
// With a demand, which is a number of rows, it sends no more than that. {more, N} from the receiver adds to it, and the
// end is {Stream, done} or {Stream, {error, Reason}}.
type streamServer struct{}

// streamState is the state of a stream.
type streamState struct {
	receiver, db etf.Pid
	receiverRef  etf.Ref
	dbRef        etf.Ref
	counted      bool // there is a demand
	demand       int
	rows         etf.List // that are not sent
	status       etf.Term // what comes behind them; nil while the database is asked
}

// ModuleName implements genserv.Namer.
func (streamServer) ModuleName() etf.Atom { return "Elixir.Depo.Stream" }

// MayBlock implements genserv.Blocker.
func (streamServer) MayBlock() bool { return true }

// ShowState implements genserv.StateShower.
func (streamServer) ShowState(s streamState) etf.Term {
	return etf.Map{{Key: etf.Atom("receiver"), Value: s.receiver}, {Key: etf.Atom("db"), Value: s.db},
		{Key: etf.Atom("demand"), Value: s.demandTerm()}}
}

func (s streamState) demandTerm() etf.Term {
	if !s.counted {
		return etf.Atom("infinity")
	}
	return etf.Int(s.demand)
}

// demandOf reads a demand: a number of rows, or infinity.
func demandOf(t etf.Term) (n int, ok bool) {
	if etf.IsAtom(t, "infinity") {
		return 0, true
	}
	n, ok = etf.AsInt(t)
	return n, ok && n >= 0 && n <= 1<<30
}

// Init implements genserv.Server. args is {Receiver, DB, Demand}.
func (streamServer) Init(p *genserv.Process, args etf.Term) genserv.InitResult[streamState] {
	t := args.(etf.Tuple)
	s := streamState{receiver: t[0].(etf.Pid), db: t[1].(etf.Pid), counted: !etf.IsAtom(t[2], "infinity")}
	s.demand, _ = demandOf(t[2])
	var err error
	if s.receiverRef, err = p.Monitor(s.receiver); err != nil {
		return genserv.StopInit[streamState](genserv.ExitReason(err))
	}
	if s.dbRef, err = p.Monitor(s.db); err != nil {
		return genserv.StopInit[streamState](genserv.ExitReason(err))
	}
	p.Send(s.db, etf.Tagged(fetchTag, p.Self()))
	return genserv.Ok(s)
}

// HandleCall implements genserv.Server.
func (streamServer) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From,
	s streamState) genserv.Result[streamState] {
	return genserv.Reply(etf.Term(etf.Tagged("error", etf.Atom("unknown_request"))), s)
}

// HandleInfo implements genserv.Informer.
func (streamServer) HandleInfo(p *genserv.Process, msg etf.Term, s streamState) genserv.Result[streamState] {
	if down, ok := genserv.AsDown(msg); ok {
		switch down.Ref {
		case s.receiverRef:
			return genserv.Stop(genserv.Normal, s)
		case s.dbRef:
			if s.status == nil || etf.IsAtom(s.status, "more") {
				s.status = etf.Tagged("error", etf.Atom("closed"))
			}
		}
	} else if t, ok := etf.AsTuple(msg, rowsTag, 3); ok {
		if rows, ok := t[1].(etf.List); ok && s.status == nil {
			s.rows, s.status = rows, t[2]
		}
	} else if t, ok := etf.AsTuple(msg, "more", 2); ok && s.counted {
		if n, ok := demandOf(t[1]); ok {
			s.demand = min(s.demand+n, 1<<30)
		}
	}
	return s.send(p)
}

// send sends what may be sent, and asks for more when there is none left.
func (s streamState) send(p *genserv.Process) genserv.Result[streamState] {
	for len(s.rows) > 0 && (!s.counted || s.demand > 0) {
		p.Send(s.receiver, etf.Tuple{p.Self(), s.rows[0]})
		s.rows = s.rows[1:]
		s.demand--
	}
	if len(s.rows) > 0 || s.status == nil {
		return genserv.NoReply(s)
	}
	if etf.IsAtom(s.status, "more") {
		s.status = nil
		p.Send(s.db, etf.Tagged(fetchTag, p.Self()))
		return genserv.NoReply(s)
	}
	if s.counted {
		p.Send(s.receiver, etf.Tuple{p.Self(), s.status})
	}
	if failed, ok := etf.AsTuple(s.status, "error", 2); ok {
		return genserv.Stop(genserv.ShutdownBecause(failed[1]), s)
	}
	return genserv.Stop(genserv.Normal, s)
}
