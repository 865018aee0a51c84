package tracker

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/phoenix/tracker/internal/crdt"
)

// The verbs of what shards tell each other, {pub, Verb, ...}.
const (
	heartbeat        etf.Atom = "heartbeat"
	transferReq      etf.Atom = "transfer_req"
	transferAck      etf.Atom = "transfer_ack"
	gracefulPermdown etf.Atom = "graceful_permdown"
)

// message is one of them.
type message struct {
	verb   etf.Atom
	from   crdt.Ref
	update *crdt.Update // of a heartbeat, nil if there is nothing new, and of a transfer_ack
	clocks crdt.Clocks  // of a heartbeat and a transfer_req
	ref    etf.Term     // of a transfer_req, which the transfer_ack repeats
}

var (
	errNoMessage   = errors.New("no message of a shard")
	errNotOfSender = errors.New("the delta is not of the replica that sends it")
)

// parseMessage reads {pub, heartbeat, Ref, empty | State, {Ref, Clocks}}, {pub, transfer_req, Request, Ref,
// {Ref, Clocks}}, {pub, transfer_ack, Request, Ref, State | {State, Values}} and {pub, graceful_permdown, Ref}.
func parseMessage(t etf.Term) (m message, err error) {
	tag, args := etf.Verb(t)
	if tag != "pub" || len(args) < 2 {
		return m, errNoMessage
	}
	m.verb, _ = args[0].(etf.Atom)
	switch {
	case m.verb == gracefulPermdown && len(args) == 2:
		m.from, err = crdt.ParseRef(args[1])
	case m.verb == heartbeat && len(args) == 4:
		if m.from, err = crdt.ParseRef(args[1]); err != nil {
			return m, err
		}
		if m.clocks, err = parseClocksOf(args[3]); err != nil || etf.IsAtom(args[2], "empty") {
			return m, err
		}
		m.update, err = crdt.ParseUpdate(args[2])
		if err == nil && m.update.Replica != m.from {
			err = errNotOfSender
		}
	case m.verb == transferReq && len(args) == 4:
		m.ref = args[1]
		if m.from, err = crdt.ParseRef(args[2]); err == nil {
			m.clocks, err = parseClocksOf(args[3])
		}
	case m.verb == transferAck && len(args) == 4:
		m.ref = args[1]
		if m.from, err = crdt.ParseRef(args[2]); err == nil {
			m.update, err = crdt.ParseUpdate(args[3])
		}
	default:
		err = errNoMessage
	}
	return m, err
}

// parseClocksOf reads {Ref, Clocks}.
func parseClocksOf(t etf.Term) (crdt.Clocks, error) {
	two, _ := t.(etf.Tuple)
	if len(two) != 2 {
		return nil, errNoMessage
	}
	return crdt.ParseClocks(two[1])
}

func (m message) term() etf.Term {
	ref := m.from.Term()
	switch m.verb {
	case heartbeat:
		news := etf.Term(etf.Atom("empty"))
		if m.update != nil {
			news = m.update.Term()
		}
		return etf.Tagged("pub", heartbeat, ref, news, etf.Tuple{ref, m.clocks.Term()})
	case transferReq:
		return etf.Tagged("pub", transferReq, m.ref, ref, etf.Tuple{ref, m.clocks.Term()})
	case transferAck:
		return etf.Tagged("pub", transferAck, m.ref, ref, m.update.Term())
	}
	return etf.Tagged("pub", gracefulPermdown, ref)
}
