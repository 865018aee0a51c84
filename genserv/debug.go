package genserv

import (
	"io"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// debug is the list of installed debug functions, the newest first, as sys keeps it. Functions of the caller cannot be
// among them: they are code of another machine.
type debug struct {
	items []debugItem
}

// debugItem is one of {trace, true}, {log, Log}, {log_to_file, File} and {statistics, Data}.
type debugItem struct {
	kind  etf.Atom
	log   *eventLog
	stats *statistics
	file  io.WriteCloser
}

// statistics is what sys:statistics counts.
type statistics struct {
	start      time.Time
	reductions int
	in, out    int
}

func (l *Loop) debugIn(msg etf.Term) {
	if l.debug != nil {
		l.handleDebug(etf.Tuple{etf.Atom("in"), msg})
	}
}

func (l *Loop) debugOut(reply etf.Term, from From) {
	if l.debug != nil {
		l.handleDebug(etf.Tuple{etf.Atom("out"), reply, from.Term(), l.debugState()})
	}
}

func (l *Loop) debugNoReply() {
	if l.debug != nil {
		l.handleDebug(etf.Tuple{etf.Atom("noreply"), l.debugState()})
	}
}

// debugEvent is for an event that is neither a message nor an answer: {continue, Term}.
func (l *Loop) debugEvent(event etf.Tuple) {
	if l.debug != nil {
		l.handleDebug(event)
	}
}

// debugState returns the state as a term for an event if a debug function uses it.
func (l *Loop) debugState() etf.Term {
	for _, item := range l.debug.items {
		if item.stats == nil {
			return l.inst.stateTerm()
		}
	}
	return atomUndefined
}

// handleDebug shows an event to the installed functions: sys:handle_debug/4.
func (l *Loop) handleDebug(event etf.Tuple) {
	for _, item := range l.debug.items {
		switch item.kind {
		case debugTrace:
			l.print(eventText(l.nameTerm(), event))
		case debugLog:
			item.log.put(event)
		case debugFile:
			_, _ = io.WriteString(item.file, eventText(l.nameTerm(), event)+"\n")
		case debugStatistics:
			item.stats.count(event)
		}
	}
}

const (
	debugTrace      = etf.Atom("trace")
	debugLog        = etf.Atom("log")
	debugFile       = etf.Atom("log_to_file")
	debugStatistics = etf.Atom("statistics")
)

// count counts an event. Differs from OTP: Go does not count reductions, so the number of events stands for them.
func (s *statistics) count(event etf.Tuple) {
	s.reductions++
	switch event[0] {
	case etf.Atom("in"):
		s.in++
	case etf.Atom("out"):
		s.out++
	}
}

func (s *statistics) term(now time.Time) etf.Term {
	pair := func(key etf.Atom, value etf.Term) etf.Term { return etf.Tuple{key, value} }
	return etf.List{
		pair("start_time", dateTime(s.start)), pair("current_time", dateTime(now)),
		pair("reductions", etf.Int(s.reductions)), pair("messages_in", etf.Int(s.in)), pair("messages_out", etf.Int(s.out)),
	}
}

// dateTime returns t as calendar:local_time/0 would.
func dateTime(t time.Time) etf.Term {
	t = t.Local()
	y, m, d := t.Date()
	return etf.Tuple{
		etf.Tuple{etf.Int(y), etf.Int(m), etf.Int(d)},
		etf.Tuple{etf.Int(t.Hour()), etf.Int(t.Minute()), etf.Int(t.Second())},
	}
}

func (l *Loop) now() time.Time {
	if l.host.Now != nil {
		return l.host.Now()
	}
	return time.Now()
}

func (l *Loop) print(line string) {
	if l.host.Print != nil {
		l.host.Print(line)
		return
	}
	l.p.Logger().Info(line)
}

// installed returns the debug function of a kind.
func (l *Loop) installed(kind etf.Atom) *debugItem {
	if l.debug == nil {
		return nil
	}
	for i := range l.debug.items {
		if l.debug.items[i].kind == kind {
			return &l.debug.items[i]
		}
	}
	return nil
}

// install puts a debug function in front of the list, unless there is one of its kind: then the old one stays.
func (l *Loop) install(item debugItem) {
	switch {
	case l.debug == nil:
		l.debug = &debug{items: []debugItem{item}}
	case l.installed(item.kind) == nil:
		l.debug.items = slices.Insert(l.debug.items, 0, item)
	}
}

func (l *Loop) remove(kind etf.Atom) {
	if l.debug == nil {
		return
	}
	l.debug.items = slices.DeleteFunc(l.debug.items, func(i debugItem) bool { return i.kind == kind })
	if len(l.debug.items) == 0 {
		l.debug = nil
	}
}

func (l *Loop) closeFile() {
	if item := l.installed(debugFile); item != nil {
		_ = item.file.Close()
		l.remove(debugFile)
	}
}

func (l *Loop) closeDebug() {
	l.closeFile()
	l.debug = nil
}

// events returns what sys:log has kept, the oldest first.
func (l *Loop) events() etf.List {
	if item := l.installed(debugLog); item != nil {
		return item.log.events()
	}
	return etf.List{}
}
