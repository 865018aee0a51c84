package genserv

import "github.com/gonode-otp/gonode/etf"

// kind says which of the loop's clauses a message belongs to.
type kind uint8

const (
	kindInfo       kind = iota // anything else
	kindCall                   // {'$gen_call', From, Request}
	kindCast                   // {'$gen_cast', Request}
	kindSystem                 // {system, From, Request}
	kindParentExit             // {'EXIT', Parent, Reason}
)

// classify is the only place that knows the shapes of the messages: decode_msg/9 and handle_msg/6 of gen_server.erl. A
// tuple of another size is an ordinary message, even if it begins with one of these atoms. From is not looked at.
func classify(msg etf.Term, parent etf.Pid) kind {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) < 2 || len(t) > 3 {
		return kindInfo
	}
	tag, ok := t[0].(etf.Atom)
	if !ok {
		return kindInfo
	}
	switch {
	case len(t) == 2:
		if tag == "$gen_cast" {
			return kindCast
		}
	case tag == "$gen_call":
		return kindCall
	case tag == "system":
		return kindSystem
	case tag == "EXIT":
		if pid, ok := t[1].(etf.Pid); ok && pid == parent {
			return kindParentExit
		}
	}
	return kindInfo
}
