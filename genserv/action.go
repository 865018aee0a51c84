package genserv

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// action is the last element of a callback's return: how to wait for the next message, or what to do before it.
type action struct {
	kind actionKind
	wait time.Duration
	term etf.Term
}

type actionKind uint8

const (
	actNone           actionKind = iota // infinity
	actTimeout                          // Timeout
	actTimer                            // {timeout, Time, Message}
	actHibernate                        // hibernate
	actHibernateTimer                   // {hibernate, Time, Message}
	actContinue                         // {continue, Term}
)

func (a action) valid() bool { return a.wait >= 0 }

func (a action) hibernate() action {
	if a.kind == actTimer {
		a.kind = actHibernateTimer
		return a
	}
	return action{kind: actHibernate}
}

// Term returns the action as a callback in Erlang writes it.
func (a action) Term() etf.Term {
	switch a.kind {
	case actTimeout:
		return milliseconds(a.wait)
	case actTimer:
		return etf.Tuple{atomTimeout, milliseconds(a.wait), a.term}
	case actHibernate:
		return etf.Atom("hibernate")
	case actHibernateTimer:
		return etf.Tuple{etf.Atom("hibernate"), milliseconds(a.wait), a.term}
	case actContinue:
		return etf.Tuple{etf.Atom("continue"), a.term}
	}
	return etf.Atom("infinity")
}

func milliseconds(d time.Duration) etf.Term {
	switch {
	case d == Infinity:
		return etf.Atom("infinity")
	case d < 0 && d > -time.Millisecond:
		return etf.Int(-1)
	}
	return etf.Int(d.Milliseconds())
}
