package depo

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// database is what all versions of the server have in their states. It belongs to the callbacks of its process.
type database struct {
	c       *conn
	owner   etf.Pid // the process that the server was linked to, if any
	tx      *transaction
	waiting []job // what came from others while tx is open, in order
	cursors map[etf.Pid]*stream
	beginID int // counts the begins with a time-out
}

func (db *database) close() { db.c.close() }

func (db *database) term() etf.Term {
	return etf.Map{{Key: etf.Atom("cache"), Value: etf.Atoms(db.c.taught()...)}}
}

type jobKind int

const (
	jobCall  jobKind = iota // has to be answered
	jobCast                 // nobody hears of its errors
	jobFetch                // a stream wants its next rows
)

// job is something to be done by the connection.
type job struct {
	kind    jobKind
	request etf.Term
	from    genserv.From
	pid     etf.Pid // whose it is; zero if a cast does not say so
	id      int     // of a begin that may wait for some time only
}

// castJob knows the sender of {write, Command, Values, Pid}, which is how the module Depo casts.
func castJob(request etf.Term) job {
	j := job{kind: jobCast, request: request}
	if t, ok := etf.AsTuple(request, "write", 4); ok {
		if pid, ok := t[3].(etf.Pid); ok {
			j.request, j.pid = t[:3], pid
		}
	}
	return j
}

// request does a job now, or has it wait for the transaction of another process to end.
func (db *database) request(p *genserv.Process, j job) {
	if db.tx == nil || db.tx.owner == j.pid {
		db.do(p, j)
		db.next(p)
		return
	}
	if j.kind == jobCall && (etf.IsAtom(j.request, "commit") || etf.IsAtom(j.request, "rollback")) {
		p.Reply(j.from, noTransaction)
		return
	}
	if begin, ok := etf.AsTuple(j.request, "begin", 2); ok && j.kind == jobCall {
		db.expireLater(p, &j, begin[1])
	}
	db.waiting = append(db.waiting, j)
}

// next does what waits, until one of the jobs begins a transaction.
func (db *database) next(p *genserv.Process) {
	for db.tx == nil && len(db.waiting) > 0 {
		j := db.waiting[0]
		db.waiting[0] = job{}
		db.waiting = db.waiting[1:]
		db.do(p, j)
	}
}

func (db *database) do(p *genserv.Process, j job) {
	growStack(len(db.waiting))
	switch j.kind {
	case jobFetch:
		db.fetch(p, j.pid)
	case jobCast:
		if err := db.cast(j.request); err != nil {
			p.Logger().Warn("a write has failed", "request", etf.FormatMax(j.request, 200),
				"reason", genserv.LogTerm{Term: reason(err)})
		}
	case jobCall:
		reply, err := db.call(p, j)
		if err != nil {
			reply = errorReply(err)
		}
		p.Reply(j.from, reply)
	}
}

func (db *database) cast(request etf.Term) error {
	verb, args := etf.Verb(request)
	if verb != "write" || len(args) < 1 || len(args) > 2 {
		return failure("misuse", "unknown request")
	}
	_, err := db.write(args)
	return err
}

// call answers a request with a term, or with an error, which becomes {error, Reason}.
func (db *database) call(p *genserv.Process, j job) (etf.Term, error) {
	verb, args := etf.Verb(j.request)
	switch {
	case verb == "write" && (len(args) == 1 || len(args) == 2):
		n, err := db.write(args)
		return etf.Tagged("ok", etf.Int(n)), err
	case verb == "read" && (len(args) == 1 || len(args) == 2):
		return db.read(args)
	case verb == "teach" && len(args) == 1:
		return ok, db.teach(args[0])
	case verb == "stream" && len(args) >= 2 && len(args) <= 4:
		return db.stream(p, j.pid, args)
	case verb == "begin" && len(args) <= 1:
		return ok, db.begin(p, j.pid)
	case verb == "commit" && len(args) == 0:
		return ok, db.commit(p)
	case verb == "rollback" && len(args) == 0:
		return ok, db.rollback(p)
	}
	return nil, &reasonError{etf.Atom("unknown_request")}
}

// write and read take {Command} or {Command, Values}. Within a transaction an error is the end of its innermost level.
func (db *database) write(args etf.Tuple) (n int64, err error) {
	if err := db.tx.broken(); err != nil {
		return 0, err
	}
	n, err = db.c.write(args[0], valuesOf(args[1:]))
	db.tx.spoil(err)
	return n, err
}

func (db *database) read(args etf.Tuple) (t etf.Term, err error) {
	if err := db.tx.broken(); err != nil {
		return nil, err
	}
	t, err = db.c.read(args[0], valuesOf(args[1:]))
	db.tx.spoil(err)
	return t, err
}

func valuesOf(args etf.Tuple) etf.Term {
	if len(args) == 0 {
		return etf.List{}
	}
	return args[0]
}

// teach takes #{Name => SQL} or [{Name, SQL}].
func (db *database) teach(t etf.Term) error {
	named := map[etf.Atom]string{}
	add := func(name, sql etf.Term) error {
		atom, isAtom := name.(etf.Atom)
		text, isText := etf.AsText(sql)
		if _, named := sql.(etf.Atom); !isAtom || !isText || named {
			return failure("misuse", "no name and SQL text: "+etf.FormatMax(etf.Tuple{name, sql}, 100))
		}
		named[atom] = text
		return nil
	}
	switch t := t.(type) {
	case etf.Map:
		for _, pair := range t {
			if err := add(pair.Key, pair.Value); err != nil {
				return err
			}
		}
	case etf.List:
		for _, e := range t {
			pair, ok := e.(etf.Tuple)
			if !ok || len(pair) != 2 {
				return failure("misuse", "no name and SQL text: "+etf.FormatMax(e, 100))
			}
			if err := add(pair[0], pair[1]); err != nil {
				return err
			}
		}
	default:
		return failure("misuse", "neither a map nor a list: "+etf.FormatMax(t, 100))
	}
	if err := db.tx.broken(); err != nil {
		return err
	}
	if len(named)+len(db.c.taught()) > MaxTaught {
		return failure("full", fmt.Sprintf("more than %d statements", MaxTaught))
	}
	err := db.c.teach(named)
	db.tx.spoil(err)
	return err
}

// info handles every other message. It returns why the server has to end, or nil.
func (db *database) info(p *genserv.Process, msg etf.Term) (why etf.Term) {
	if down, ok := genserv.AsDown(msg); ok {
		db.down(p, down)
		return nil
	}
	if pid, reason, ok := genserv.AsExit(msg); ok {
		if pid == db.owner || !etf.IsAtom(reason, genserv.Normal) {
			return reason
		}
		return nil
	}
	if t, ok := etf.AsTuple(msg, fetchTag, 2); ok {
		if pid, ok := t[1].(etf.Pid); ok && db.cursors[pid] != nil {
			// What its owner may see, the stream may see.
			j := job{kind: jobFetch, pid: pid}
			if db.tx != nil && db.tx.owner == db.cursors[pid].owner {
				db.do(p, j)
			} else {
				db.request(p, j)
			}
		}
		return nil
	}
	if t, ok := etf.AsTuple(msg, expireTag, 2); ok {
		db.expire(p, t[1])
		return nil
	}
	p.Logger().Debug("an unexpected message is dropped", "message", etf.FormatMax(msg, 200))
	return nil
}

// down is told of processes that have ended: the owner of the transaction, and streams.
func (db *database) down(p *genserv.Process, down genserv.Down) {
	if tx := db.tx; tx != nil && tx.watch == down.Ref {
		db.end(p, "ROLLBACK")
		db.next(p)
		return
	}
	if pid, ok := down.Object.(etf.Pid); ok && db.cursors[pid] != nil {
		db.closeCursor(pid)
	}
}

// growStack makes the stack of a goroutine large enough for SQLite in one step. The goroutine may be new for each
// message, and a stack that grows while SQLite is deep in it is copied several times, which takes longer than the
// statement.
//
//go:noinline
func growStack(n int) byte {
	var room [20 << 10]byte
	room[n&1023] = 1
	return room[n>>1&1023]
}
