package shop

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// largest is an account that also has its largest entry.
type largest struct {
	plain
	Largest int64
}

func (s largest) enter(who, seq, amount int64) (largest, bool) {
	next, ok := s.plain.enter(who, seq, amount)
	return largest{next, max(s.Largest, amount)}, ok
}

type (
	value1 struct{ base }
	value2 struct{ base }
)

func (value1) Init(*genserv.Process, etf.Term) genserv.InitResult[plain] { return genserv.Ok(plain{}) }
func (value2) Init(*genserv.Process, etf.Term) genserv.InitResult[largest] {
	return genserv.Ok(largest{})
}

func (b value1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s plain) genserv.Result[plain] {
	return answer(b.base, 1, request, s)
}

func (b value2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s largest) genserv.Result[largest] {
	return answer(b.base, 2, request, s)
}

func (b value2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (largest, error) {
	return largest{plain: old.(plain)}, b.shop.trip(p, b.name)
}

func (b value2) Downgrade(p *genserv.Process, _ etf.Term, s largest, _ etf.Term) (any, error) {
	return s.plain, b.shop.trip(p, b.name)
}

// same is a server whose state is the same in both versions.
type same struct {
	base
	vsn int64
}

func (same) Init(*genserv.Process, etf.Term) genserv.InitResult[plain] { return genserv.Ok(plain{}) }

func (b same) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s plain) genserv.Result[plain] {
	return answer(b.base, b.vsn, request, s)
}

// basket1 keeps every entry; basket2 also keeps the sum.
type (
	basket1 struct{ Lines []line }
	basket2 struct {
		Sum   int64
		Lines map[int64]line // by the order in which they came
	}
	dynamic1 struct{ base }
	dynamic2 struct{ base }
)

func (s basket1) enter(who, seq, amount int64) (basket1, bool) {
	if int64(len(s.Lines))+1 != seq {
		return s, false
	}
	return basket1{append(s.Lines, line{who, seq, amount})}, true
}

func (s basket1) balance() (sum, entries int64) {
	for _, l := range s.Lines {
		sum += l.Amount
	}
	return sum, int64(len(s.Lines))
}

func (s basket2) enter(who, seq, amount int64) (basket2, bool) {
	if int64(len(s.Lines))+1 != seq {
		return s, false
	}
	s.Lines[seq] = line{who, seq, amount}
	s.Sum += amount
	return s, true
}

func (s basket2) balance() (sum, entries int64) { return s.Sum, int64(len(s.Lines)) }

func (dynamic1) Init(*genserv.Process, etf.Term) genserv.InitResult[basket1] {
	return genserv.Ok(basket1{})
}
func (dynamic2) Init(*genserv.Process, etf.Term) genserv.InitResult[basket2] {
	return genserv.Ok(basket2{Lines: map[int64]line{}})
}

func (b dynamic1) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s basket1) genserv.Result[basket1] {
	return answer(b.base, 1, request, s)
}

func (b dynamic2) HandleCall(_ *genserv.Process, request etf.Term, _ genserv.From, s basket2) genserv.Result[basket2] {
	return answer(b.base, 2, request, s)
}

// CopyState implements genserv.StateCopier.
func (dynamic1) CopyState(s basket1) basket1 { return basket1{append([]line(nil), s.Lines...)} }

// CopyState implements genserv.StateCopier.
func (dynamic2) CopyState(s basket2) basket2 {
	lines := make(map[int64]line, len(s.Lines))
	for k, l := range s.Lines {
		lines[k] = l
	}
	return basket2{s.Sum, lines}
}

// CodeChange spoils the state that it gets, which has to be a copy.
func (b dynamic2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (basket2, error) {
	from := old.(basket1)
	s := basket2{Lines: map[int64]line{}}
	for i, l := range from.Lines {
		if l.Seq != int64(i+1) {
			return s, fmt.Errorf("line %d of a %s is number %d", i+1, b.name, l.Seq)
		}
		s.Sum += l.Amount
		s.Lines[l.Seq] = l
		from.Lines[i] = line{}
	}
	return s, b.shop.trip(p, b.name)
}

// Downgrade spoils the state that it gets, too.
func (b dynamic2) Downgrade(p *genserv.Process, _ etf.Term, s basket2, _ etf.Term) (any, error) {
	var to basket1
	for seq := int64(1); len(s.Lines) > 0; seq++ {
		to.Lines = append(to.Lines, s.Lines[seq])
		delete(s.Lines, seq)
	}
	return to, b.shop.trip(p, b.name)
}
