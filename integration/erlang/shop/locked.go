package shop

import (
	"sync"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// page is a part of an account, behind a lock.
type page struct {
	mu           sync.Mutex
	last         map[int64]int64
	sum, entries int64
}

func (g *page) enter(who, seq, amount int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last[who]+1 != seq {
		return false
	}
	g.last[who] = seq
	g.sum += amount
	g.entries++
	return true
}

func (g *page) clone() *page {
	g.mu.Lock()
	defer g.mu.Unlock()
	to := &page{last: map[int64]int64{}, sum: g.sum, entries: g.entries}
	for who, seq := range g.last {
		to.last[who] = seq
	}
	return to
}

// merge moves all entries of from, which is empty afterwards.
func (g *page) merge(from *page) {
	from.mu.Lock()
	defer from.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for who, seq := range from.last {
		g.last[who] = seq
		delete(from.last, who)
	}
	g.sum += from.sum
	g.entries += from.entries
	from.sum, from.entries = 0, 0
}

// shards is how many pages version 2 has. Each page is for some of the callers.
const shards = 4

type (
	book1   struct{ *page }
	book2   struct{ pages *[shards]*page }
	locked1 struct{ base }
	locked2 struct{ base }
)

func newPage() *page { return &page{last: map[int64]int64{}} }

func newBook2() book2 {
	s := book2{&[shards]*page{}}
	for i := range s.pages {
		s.pages[i] = newPage()
	}
	return s
}

func (s book1) enter(who, seq, amount int64) (book1, bool) { return s, s.page.enter(who, seq, amount) }
func (s book1) balance() (sum, entries int64)              { return s.sum, s.entries }

func (s book2) enter(who, seq, amount int64) (book2, bool) {
	return s, s.pages[who%shards].enter(who, seq, amount)
}

func (s book2) balance() (sum, entries int64) {
	for _, g := range s.pages {
		sum += g.sum
		entries += g.entries
	}
	return sum, entries
}

func (locked1) Init(*genserv.Process, etf.Term) genserv.InitResult[book1] {
	return genserv.Ok(book1{newPage()})
}

func (locked2) Init(*genserv.Process, etf.Term) genserv.InitResult[book2] {
	return genserv.Ok(newBook2())
}

func (b locked1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s book1) genserv.Result[book1] {
	return answer(b.base, 1, request, s)
}

func (b locked2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s book2) genserv.Result[book2] {
	return answer(b.base, 2, request, s)
}

// CopyState implements genserv.StateCopier.
func (locked1) CopyState(s book1) book1 { return book1{s.clone()} }

// CopyState implements genserv.StateCopier.
func (locked2) CopyState(s book2) book2 {
	to := book2{&[shards]*page{}}
	for i, g := range s.pages {
		to.pages[i] = g.clone()
	}
	return to
}

// CodeChange empties the state that it gets, which has to be a copy.
func (b locked2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (book2, error) {
	s, from := newBook2(), old.(book1)
	for who, seq := range from.last {
		s.pages[who%shards].last[who] = seq
	}
	clear(from.last)
	s.pages[0].merge(from.page)
	return s, b.shop.trip(p, b.name)
}

// Downgrade empties the state that it gets, too.
func (b locked2) Downgrade(p *genserv.Process, _ etf.Term, s book2, _ etf.Term) (any, error) {
	to := book1{newPage()}
	for _, g := range s.pages {
		to.merge(g)
	}
	return to, b.shop.trip(p, b.name)
}
