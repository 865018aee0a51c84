package genserv

import (
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

// eventLog is a ring of the last events.
type eventLog struct {
	size int
	ring []etf.Term // at most size
	next int        // where the next one goes once the ring is full
}

func (g *eventLog) put(event etf.Term) {
	if len(g.ring) < g.size {
		g.ring = append(g.ring, event)
		return
	}
	g.ring[g.next] = event
	g.next = (g.next + 1) % g.size
}

// events returns the events, the oldest first.
func (g *eventLog) events() etf.List {
	return slices.Concat(etf.List{}, g.ring[g.next:], g.ring[:g.next])
}

// term returns the log in the shape in which sys keeps it inside the process, and hands it out with sys:get_status:
// while it fills [Room | Newest first], then [Newest first | Rest].
func (g *eventLog) term(name etf.Term) etf.Term {
	events := g.events()
	items := make(etf.List, 0, len(events)+1)
	for _, event := range slices.Backward(events) {
		items = append(items, etf.Tuple{event, name, printEvent})
	}
	if len(items) < g.size {
		return slices.Insert(items, 0, etf.Term(etf.Int(g.size-len(items))))
	}
	return etf.List{items}
}

// printEvent stands for the fun with which gen_server prints an event.
var printEvent etf.Term = etf.Export{Module: "gen_server", Function: "print_event", Arity: 3}

// terms returns the debug functions as sys:get_status shows them.
func (d *debug) terms(name etf.Term) etf.List {
	list := etf.List{}
	if d == nil {
		return list
	}
	for _, item := range d.items {
		list = append(list, etf.Tuple{item.kind, item.data(name)})
	}
	return list
}

func (i *debugItem) data(name etf.Term) etf.Term {
	switch i.kind {
	case debugLog:
		return i.log.term(name)
	case debugStatistics:
		s := i.stats
		reductions := etf.Tuple{etf.Atom("reductions"), etf.Int(s.reductions)}
		return etf.Tuple{dateTime(s.start), reductions, etf.Int(s.in), etf.Int(s.out)}
	}
	return etf.Atom("true")
}

// eventText returns an event as print_event/3 of gen_server.erl prints it, without the line break.
func eventText(name etf.Term, event etf.Tuple) string {
	text := "*DBG* " + etf.Format(name)
	plain := etf.Printer{Plain: true}
	switch tag, _ := event[0].(etf.Atom); {
	case tag == "in" && len(event) == 2:
		return text + inText(event[1])
	case tag == "out" && len(event) == 4:
		to := event[2]
		if from, ok := to.(etf.Tuple); ok && len(from) == 2 {
			to = from[0]
		}
		return text + " sent " + etf.Format(event[1]) + " to " + plain.Format(to) + ", new state " + etf.Format(event[3])
	case tag == "noreply" && len(event) == 2:
		return text + " new state " + etf.Format(event[1])
	}
	return text + " dbg  " + etf.Format(event)
}

func inText(msg etf.Term) string {
	switch classify(msg, etf.Pid{}) {
	case kindCall:
		t := msg.(etf.Tuple)
		if from, ok := t[1].(etf.Tuple); ok && len(from) == 2 {
			return " got call " + etf.Format(t[2]) + " from " + etf.Printer{Plain: true}.Format(from[0])
		}
	case kindCast:
		return " got cast " + etf.Format(msg.(etf.Tuple)[1])
	}
	return " got " + etf.Format(msg)
}

// first returns the first element of a tuple, nil if it has none.
func first(t etf.Tuple) etf.Term {
	if len(t) == 0 {
		return nil
	}
	return t[0]
}
