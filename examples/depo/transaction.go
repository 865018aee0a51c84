package depo

import (
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// transaction belongs to one process. Its first level is BEGIN, each further one a SAVEPOINT.
// https://www.sqlite.org/lang_savepoint.html
type transaction struct {
	owner  etf.Pid
	watch  etf.Ref
	levels []error // what has failed in each level that is open
}

// MaxLevels is how deep transactions nest.
const MaxLevels = 1000

var noTransaction = etf.Tagged("error", etf.Atom("no_transaction"))

// broken is the error of all work in a level in which something has failed. SQLite may have rolled the whole
// transaction back because of it, so that further work would be committed one by one.
func (tx *transaction) broken() error {
	if tx == nil || tx.levels[len(tx.levels)-1] == nil {
		return nil
	}
	return &reasonError{etf.Tagged("aborted", reason(tx.levels[len(tx.levels)-1]))}
}

func (tx *transaction) spoil(err error) {
	if tx != nil && err != nil {
		tx.levels[len(tx.levels)-1] = err
	}
}

// begin opens a transaction, or within that of the same process a level.
func (db *database) begin(p *genserv.Process, owner etf.Pid) error {
	tx := db.tx
	if tx == nil {
		// IMMEDIATE, so that a program beside this one cannot make the commit impossible.
		if _, err := db.c.exec("BEGIN IMMEDIATE", nil); err != nil {
			return err
		}
		watch, err := p.Monitor(owner)
		if err != nil {
			_, _ = db.c.exec("ROLLBACK", nil)
			return err
		}
		db.tx = &transaction{owner: owner, watch: watch, levels: []error{nil}}
		return nil
	}
	if err := tx.broken(); err != nil {
		return err
	}
	if len(tx.levels) >= MaxLevels {
		return failure("full", fmt.Sprintf("more than %d levels", MaxLevels))
	}
	if _, err := db.c.exec(fmt.Sprintf("SAVEPOINT depo_%d", len(tx.levels)), nil); err != nil {
		tx.spoil(err)
		return err
	}
	tx.levels = append(tx.levels, nil)
	return nil
}

// commit ends the innermost level, by rolling it back if something in it has failed: that is the error then.
func (db *database) commit(p *genserv.Process) error {
	tx := db.tx
	if tx == nil {
		return &reasonError{etf.Atom("no_transaction")}
	}
	if failed := tx.levels[len(tx.levels)-1]; failed != nil {
		_ = db.rollback(p)
		return failed
	}
	if len(tx.levels) == 1 {
		return db.end(p, "COMMIT")
	}
	tx.levels = tx.levels[:len(tx.levels)-1]
	_, err := db.c.exec(fmt.Sprintf("RELEASE depo_%d", len(tx.levels)), nil)
	tx.spoil(err)
	return err
}

// rollback undoes the innermost level.
func (db *database) rollback(p *genserv.Process) error {
	tx := db.tx
	if tx == nil {
		return &reasonError{etf.Atom("no_transaction")}
	}
	if len(tx.levels) == 1 {
		return db.end(p, "ROLLBACK")
	}
	failed := tx.levels[len(tx.levels)-1]
	tx.levels = tx.levels[:len(tx.levels)-1]
	name := fmt.Sprintf("depo_%d", len(tx.levels))
	if _, err := db.c.exec("ROLLBACK TO "+name+"; RELEASE "+name, nil); err != nil {
		// SQLite has rolled back everything, such as after INSERT OR ROLLBACK: so has the level around it failed.
		if failed == nil {
			failed = err
		}
		tx.spoil(failed)
	}
	return nil
}

// end ends the transaction by COMMIT or ROLLBACK. It is gone in any case.
func (db *database) end(p *genserv.Process, how string) error {
	p.Demonitor(db.tx.watch)
	db.tx = nil
	_, err := db.c.exec(how, nil)
	if how == "ROLLBACK" {
		return nil // it only fails if SQLite has done it already
	}
	if err != nil {
		_, _ = db.c.exec("ROLLBACK", nil)
	}
	return err
}

const expireTag = etf.Atom("$depo_expire")

// expireLater gives a begin that has to wait a number and a time in milliseconds.
func (db *database) expireLater(p *genserv.Process, j *job, timeout etf.Term) {
	ms, ok := timeout.(etf.Int)
	if !ok || ms < 0 || ms > 1<<32 {
		return
	}
	db.beginID++
	j.id = db.beginID
	p.SendAfter(time.Duration(ms)*time.Millisecond, p.Self(), etf.Tagged(expireTag, etf.Int(j.id)))
}

// expire answers a begin that has waited for its time.
func (db *database) expire(p *genserv.Process, id etf.Term) {
	for i, j := range db.waiting {
		if j.id != 0 && etf.Equal(id, etf.Int(j.id)) {
			db.waiting = append(db.waiting[:i:i], db.waiting[i+1:]...)
			p.Reply(j.from, etf.Tagged("error", etf.Atom("timeout")))
			return
		}
	}
}
