package shop

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// number is the number of the server when it calls other servers.
func (b base) number() int64 {
	for i, s := range Servers {
		if s.Name == b.name {
			return int64(32 + i)
		}
	}
	return 0
}

// callLimit is how long a server waits for another one.
const callLimit = time.Minute

// passOn adds the amount to the accounts of other servers, which expect this one.
func (b base) passOn(p *genserv.Process, next []etf.Atom, seq, amount int64) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	for _, to := range next {
		request := etf.Tuple{etf.Atom("add"), etf.Int(b.number()), etf.Int(seq), etf.Int(amount)}
		reply, err := p.Call(ctx, to, request)
		if err != nil {
			panic(genserv.Exit{Reason: etf.Tuple{etf.Atom("no_answer"), to, etf.Binary(err.Error())}})
		}
		if t, ok := reply.(etf.Tuple); !ok || !etf.IsAtom(t[0], "ok") {
			panic(genserv.Exit{Reason: etf.Tuple{etf.Atom("wrong_answer"), to, reply}})
		}
	}
}

// route2 is an account that also has the last entry.
type (
	route2 struct {
		plain
		Last line
	}
	calling1 struct {
		base
		next []etf.Atom
	}
	calling2 struct {
		base
		next []etf.Atom
	}
)

func (s route2) enter(who, seq, amount int64) (route2, bool) {
	next, ok := s.plain.enter(who, seq, amount)
	return route2{next, line{who, seq, amount}}, ok
}

func (calling1) Init(*genserv.Process, etf.Term) genserv.InitResult[plain] {
	return genserv.Ok(plain{})
}
func (calling2) Init(*genserv.Process, etf.Term) genserv.InitResult[route2] {
	return genserv.Ok(route2{})
}

func (b calling1) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s plain) genserv.Result[plain] {
	if _, _, amount, ok := entry(request); ok {
		b.passOn(p, b.next, s.Entries+1, amount)
	}
	return answer(b.base, 1, request, s)
}

func (b calling2) HandleCall(p *genserv.Process, request etf.Term, _ genserv.From, s route2) genserv.Result[route2] {
	if _, _, amount, ok := entry(request); ok {
		b.passOn(p, b.next, s.Entries+1, amount)
	}
	return answer(b.base, 2, request, s)
}

func (b calling2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (route2, error) {
	return route2{plain: old.(plain)}, b.shop.trip(p, b.name)
}

func (b calling2) Downgrade(p *genserv.Process, _ etf.Term, s route2, _ etf.Term) (any, error) {
	return s.plain, b.shop.trip(p, b.name)
}

// owed is a reply that is still to be sent.
type owed struct {
	From    genserv.From
	Receipt etf.Term
}

// tray1 sends its replies when its own message comes back. tray2 of version 2 keeps them by number.
type (
	tray1 struct {
		plain
		Owed []owed
	}
	tray2 struct {
		plain
		Owed  map[int64]owed
		First int64
	}
	deferred1 struct{ base }
	deferred2 struct{ base }
)

func (deferred1) Init(*genserv.Process, etf.Term) genserv.InitResult[tray1] {
	return genserv.Ok(tray1{})
}
func (deferred2) Init(*genserv.Process, etf.Term) genserv.InitResult[tray2] {
	return genserv.Ok(tray2{Owed: map[int64]owed{}})
}

func (b deferred1) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s tray1) genserv.Result[tray1] {
	who, seq, amount, ok := entry(request)
	if !ok {
		return genserv.Reply(statement(1, s.plain), s)
	}
	s.plain, ok = s.plain.enter(who, seq, amount)
	s.Owed = append(s.Owed, owed{from, b.receipt(1, seq, ok)})
	p.Send(p.Self(), etf.Atom("answer"))
	return genserv.NoReply(s)
}

func (b deferred2) HandleCall(p *genserv.Process, request etf.Term, from genserv.From, s tray2) genserv.Result[tray2] {
	who, seq, amount, ok := entry(request)
	if !ok {
		return genserv.Reply(statement(2, s.plain), s)
	}
	s.plain, ok = s.plain.enter(who, seq, amount)
	s.Owed[s.First+int64(len(s.Owed))] = owed{from, b.receipt(2, seq, ok)}
	p.Send(p.Self(), etf.Atom("answer"))
	return genserv.NoReply(s)
}

func (deferred1) HandleInfo(p *genserv.Process, _ etf.Term, s tray1) genserv.Result[tray1] {
	p.Reply(s.Owed[0].From, s.Owed[0].Receipt)
	s.Owed = s.Owed[1:]
	return genserv.NoReply(s)
}

func (deferred2) HandleInfo(p *genserv.Process, _ etf.Term, s tray2) genserv.Result[tray2] {
	p.Reply(s.Owed[s.First].From, s.Owed[s.First].Receipt)
	delete(s.Owed, s.First)
	s.First++
	return genserv.NoReply(s)
}

// CopyState implements genserv.StateCopier.
func (deferred1) CopyState(s tray1) tray1 {
	s.Owed = append([]owed(nil), s.Owed...)
	return s
}

// CopyState implements genserv.StateCopier.
func (deferred2) CopyState(s tray2) tray2 {
	all := make(map[int64]owed, len(s.Owed))
	for k, o := range s.Owed {
		all[k] = o
	}
	s.Owed = all
	return s
}

func (b deferred2) CodeChange(p *genserv.Process, _ etf.Term, old any, _ etf.Term) (tray2, error) {
	from := old.(tray1)
	s := tray2{plain: from.plain, Owed: map[int64]owed{}}
	for i, o := range from.Owed {
		s.Owed[int64(i)] = o
	}
	clear(from.Owed)
	return s, b.shop.trip(p, b.name)
}

func (b deferred2) Downgrade(p *genserv.Process, _ etf.Term, s tray2, _ etf.Term) (any, error) {
	to := tray1{plain: s.plain}
	for n := s.First; len(s.Owed) > 0; n++ {
		to.Owed = append(to.Owed, s.Owed[n])
		delete(s.Owed, n)
	}
	return to, b.shop.trip(p, b.name)
}
