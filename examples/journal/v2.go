package journal

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// V2 is version 2. It beats faster, and writes each beat into a database.
type V2 struct{}

// ModuleName is the same for all versions.
func (V2) ModuleName() etf.Atom { return "journal" }

// open opens the resources of a state. If it fails, the returned state owns nothing.
func open(p *genserv.Process, n int) (Journal, error) {
	db, err := sql.Open("stub", "journal")
	if err != nil {
		return Journal{}, err
	}
	if err := db.Ping(); err != nil {
		_ = db.Close()
		return Journal{}, err
	}
	return Journal{N: n, Pulse: StartPulse(p, time.Second), DB: db}, nil
}

// Init implements genserv.Server.
func (V2) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[Journal] {
	p.TrapExit(true)
	s, err := open(p, 0)
	if err != nil {
		return genserv.StopInit[Journal](etf.Binary(err.Error()))
	}
	return genserv.Ok(s)
}

// MayBlock implements genserv.Blocker. It reports that callbacks may wait for a database.
func (V2) MayBlock() bool { return true }

// HandleCall answers every request with the number of beats.
func (V2) HandleCall(_ *genserv.Process, _ etf.Term, _ genserv.From, s Journal) genserv.Result[Journal] {
	return genserv.Reply(etf.Int(s.N), s)
}

// HandleInfo handles a beat.
func (V2) HandleInfo(p *genserv.Process, msg etf.Term, s Journal) genserv.Result[Journal] {
	if etf.IsAtom(msg, "beat") {
		s.N++
		if _, err := s.DB.Exec("insert"); err != nil {
			p.Logger().Warn("a beat was not written", "error", err)
		}
	}
	return genserv.NoReply(s)
}

// Terminate implements genserv.Terminator.
func (V2) Terminate(_ *genserv.Process, _ etf.Term, s Journal) { s.Release() }

// CopyState implements genserv.StateCopier. No code change alters what the state points to, so the state is its own
// copy.
func (V2) CopyState(s Journal) Journal { return s }

// CodeChange implements genserv.ProcessCodeChanger. It opens what the new state owns. It does not touch what the old
// state owns, because the server goes on with the old state if the upgrade fails.
func (V2) CodeChange(p *genserv.Process, oldVsn etf.Term, old any, _ etf.Term) (Journal, error) {
	s, ok := old.(Beats)
	if !ok {
		return Journal{}, fmt.Errorf("version %v has a state of type %T", oldVsn, old)
	}
	return open(p, s.N)
}

// Downgrade implements genserv.ProcessDowngrader. It does the same for version 1.
func (V2) Downgrade(p *genserv.Process, _ etf.Term, s Journal, _ etf.Term) (any, error) {
	return Beats{N: s.N, Pulse: StartPulse(p, time.Minute)}, nil
}

// EndCodeChange implements genserv.CodeChangeEnder. It releases what the discarded state owns, after an upgrade and
// after a downgrade.
func (V2) EndCodeChange(_ *genserv.Process, kept bool, oldState, newState any) {
	given := newState
	if kept {
		given = oldState
	}
	given.(interface{ Release() }).Release()
}
