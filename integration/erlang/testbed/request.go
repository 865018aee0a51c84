package main

import (
	"errors"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// request handles {request, How, To, Request, Timeout}. It returns the result of gen_server:receive_response/2 or
// wait_response/2. If How is again, it waits a second time without a time-out, and returns both results.
func request(p *genserv.Process, a etf.Tuple) etf.Term {
	id := must2(p.SendRequest(a[1], a[2]))
	switch a[0].(etf.Atom) {
	case "receive":
		return response(a[1])(id.Receive(p, millis(a[3])))
	case "again":
		first := response(a[1])(id.Wait(p, millis(a[3])))
		return etf.Tuple{first, response(a[1])(id.Wait(p, genserv.Infinity))}
	}
	return response(a[1])(id.Wait(p, millis(a[3])))
}

func must2[T any](t T, err error) T {
	check(err)
	return t
}

// response returns {reply, Reply}, timeout or {error, {Reason, To}}.
func response(to etf.Term) func(reply etf.Term, err error) etf.Term {
	return func(reply etf.Term, err error) etf.Term {
		switch {
		case errors.Is(err, genserv.ErrTimeout):
			return etf.Atom("timeout")
		case errors.Is(err, genserv.ErrNoConnection):
			return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("noconnection"), to}}
		case err != nil:
			return etf.Tuple{etf.Atom("error"), etf.Tuple{reasonOf(err, to), to}}
		}
		return etf.Tuple{etf.Atom("reply"), reply}
	}
}

// labelled is the label of a request in a collection.
type labelled struct{ to, label etf.Term }

// requests handles {requests, [{To, Request, Label}], Timeout}. It returns the responses with their labels, and the
// last result.
func requests(p *genserv.Process, a etf.Tuple) etf.Term {
	var ids genserv.RequestIDs[labelled]
	for _, r := range a[0].(etf.List) {
		t := r.(etf.Tuple)
		ids.Add(must2(p.SendRequest(t[0], t[1])), labelled{t[0], t[2]})
	}
	var come etf.List
	for {
		r, err := ids.Receive(p, millis(a[1]))
		switch {
		case errors.Is(err, genserv.ErrNoRequest):
			return append(come, etf.Atom("no_request"))
		case err != nil:
			return append(come, etf.Atom("timeout"))
		}
		come = append(come, etf.Tuple{r.Label.label, response(r.Label.to)(r.Reply, r.Err)})
	}
}

// all handles {all, Deeds}.
func all(p *genserv.Process, a etf.Tuple) etf.Term {
	var results etf.List
	for _, d := range a[0].(etf.List) {
		verb, args := etf.Verb(d)
		results = append(results, do(p, verb, args))
	}
	return results
}

// later handles {'after', Ms, Deed}.
func later(p *genserv.Process, a etf.Tuple) etf.Term {
	p.SendAfter(time.Duration(a[0].(etf.Int))*time.Millisecond, p.Self(), etf.Tuple{etf.Atom("do"), a[1]})
	return ok
}

// childDoes handles {child, Deed}: another probe carries it out.
func childDoes(p *genserv.Process, a etf.Tuple) etf.Term {
	pid := must2(p.Spawn(genserv.Child{Module: genserv.Of(probe{})}))
	return done(p.TrySend(pid, etf.Tuple{etf.Atom("do"), a[0]}))
}
