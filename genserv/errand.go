package genserv

import "github.com/gonode-otp/gonode/etf"

// Errand is a message of the node itself: it has a Go function run where the callbacks run. It takes its turn in the
// mailbox like a system message and, like one, is served while the server is suspended. No callback and no Receive sees it,
// and it cannot be sent to another node.
type Errand struct {
	etf.Atom // makes it a term, so that it fits into a mailbox
	run      func(*Loop)
}

// NewErrand makes an errand. run may use the loop only until it returns. If the process ends before its turn has come, run
// is never called.
func NewErrand(run func(*Loop)) etf.Term { return &Errand{Atom: "$errand", run: run} }

// noErrand keeps errands out of the hands of a callback that takes whatever there is.
func noErrand(match func(etf.Term) bool) func(etf.Term) bool {
	return func(msg etf.Term) bool {
		if _, errand := msg.(*Errand); errand {
			return false
		}
		return match(msg)
	}
}
