package shop

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// table2 is a table that also counts what was entered through it.
type table2 struct {
	table
	Entered int64
}

func (s table2) enter(who, seq, amount int64) (table2, bool) {
	t, ok := s.table.enter(who, seq, amount)
	return table2{t, s.Entered + 1}, ok
}

// StateTerm returns what sys:get_state shows.
func (t table) StateTerm() etf.Term { return t.name }

type (
	database1 struct{ base }
	database2 struct{ base }
)

// open makes a table with a handle of its own.
func (b base) open() (table, error) {
	db, err := b.shop.store.open()
	return table{db, b.name}, err
}

func (b database1) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[table] {
	p.TrapExit(true) // so that Terminate is called
	t, err := b.open()
	if err != nil {
		return genserv.StopInit[table](etf.Binary(err.Error()))
	}
	return genserv.Ok(t)
}

func (b database2) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[table2] {
	p.TrapExit(true)
	t, err := b.open()
	if err != nil {
		return genserv.StopInit[table2](etf.Binary(err.Error()))
	}
	return genserv.Ok(table2{table: t})
}

func (database1) MayBlock() bool { return true }
func (database2) MayBlock() bool { return true }

func (b database1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s table) genserv.Result[table] {
	return answer(b.base, 1, request, s)
}

func (b database2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s table2) genserv.Result[table2] {
	return answer(b.base, 2, request, s)
}

func (database1) Terminate(_ *genserv.Process, _ etf.Term, s table)  { _ = s.db.Close() }
func (database2) Terminate(_ *genserv.Process, _ etf.Term, s table2) { _ = s.db.Close() }

func (database1) CopyState(s table) table   { return s }
func (database2) CopyState(s table2) table2 { return s }

func (b database2) CodeChange(p *genserv.Process, _ etf.Term, _ any, _ etf.Term) (table2, error) {
	if err := b.shop.trip(p, b.name); err != nil {
		return table2{}, err
	}
	t, err := b.open()
	return table2{table: t}, err
}

func (b database2) Downgrade(p *genserv.Process, _ etf.Term, _ table2, _ etf.Term) (any, error) {
	if err := b.shop.trip(p, b.name); err != nil {
		return nil, err
	}
	return b.open()
}

// EndCodeChange closes the handle of the discarded state.
func (database2) EndCodeChange(_ *genserv.Process, kept bool, oldState, newState any) {
	given := newState
	if kept {
		given = oldState
	}
	switch s := given.(type) {
	case table:
		_ = s.db.Close()
	case table2:
		_ = s.db.Close()
	}
}

// A frail server may be killed at any time. It owns nothing, and all its data is in the database.
type (
	frail1 struct{ base }
	frail2 struct{ base }
)

func (b frail1) Init(*genserv.Process, etf.Term) genserv.InitResult[table] {
	return genserv.Ok(table{b.shop.store.shared(), b.name})
}

func (b frail2) Init(*genserv.Process, etf.Term) genserv.InitResult[table2] {
	return genserv.Ok(table2{table: table{b.shop.store.shared(), b.name}})
}

func (frail1) MayBlock() bool { return true }
func (frail2) MayBlock() bool { return true }

func (b frail1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s table) genserv.Result[table] {
	return answer(b.base, 1, request, s)
}

func (b frail2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s table2) genserv.Result[table2] {
	return answer(b.base, 2, request, s)
}

func (frail1) CopyState(s table) table   { return s }
func (frail2) CopyState(s table2) table2 { return s }

func (b frail2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (table2, error) {
	return table2{table: old.(table)}, b.shop.trip(p, b.name)
}

func (b frail2) Downgrade(p *genserv.Process, _ etf.Term, s table2, _ etf.Term) (any, error) {
	return s.table, b.shop.trip(p, b.name)
}
