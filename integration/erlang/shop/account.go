package shop

import (
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// people is how many callers an account has room for.
const people = 64

// account is a state.
type account[S any] interface {
	// enter adds an amount. It refuses a number that is not the next number of who.
	enter(who, seq, amount int64) (S, bool)
	balance() (sum, entries int64)
}

// answer is the HandleCall of servers that reply at once.
func answer[S account[S]](b base, vsn int64, request etf.Term, s S) genserv.Result[S] {
	if who, seq, amount, ok := entry(request); ok {
		s, ok = s.enter(who, seq, amount)
		return genserv.Reply(b.receipt(vsn, seq, ok), s)
	}
	return genserv.Reply(statement(vsn, s), s)
}

// receipt is the reply to an entry.
func (b base) receipt(vsn, seq int64, ok bool) etf.Term {
	if !ok {
		return etf.Tuple{etf.Atom("wrong"), etf.Int(seq)}
	}
	b.shop.Served.Add(1)
	return etf.Tuple{etf.Atom("ok"), etf.Int(vsn), etf.Int(seq)}
}

// statement is the reply to balance.
func statement[S account[S]](vsn int64, s S) etf.Term {
	sum, entries := s.balance()
	return etf.Tuple{etf.Int(vsn), etf.Int(sum), etf.Int(entries)}
}

// entry parses {add, Who, Seq, Amount}.
func entry(request etf.Term) (who, seq, amount int64, ok bool) {
	t, ok := etf.AsTuple(request, "add", 4)
	if !ok {
		return 0, 0, 0, false
	}
	var n [3]int64
	for i := range n {
		v, isInt := t[i+1].(etf.Int)
		if !isInt {
			return 0, 0, 0, false
		}
		n[i] = int64(v)
	}
	return n[0], n[1], n[2], n[0] >= 0 && n[0] < people
}

// plain is an account without pointers.
type plain struct {
	Sum, Entries int64
	Last         [people]int64
}

func (s plain) enter(who, seq, amount int64) (plain, bool) {
	if s.Last[who]+1 != seq {
		return s, false
	}
	s.Last[who] = seq
	s.Sum += amount
	s.Entries++
	return s, true
}

func (s plain) balance() (sum, entries int64) { return s.Sum, s.Entries }

// line is an entry of an account that keeps all entries.
type line struct{ Who, Seq, Amount int64 }
