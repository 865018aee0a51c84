package genserv

import (
	"io"
	"math"

	"github.com/gonode-otp/gonode/etf"
)

// debugCommand answers {debug, What}: debug_cmd/2 of sys.erl.
func (l *Loop) debugCommand(what etf.Term) etf.Term {
	if etf.IsAtom(what, "no_debug") {
		l.closeDebug()
		return atomOk
	}
	cmd, ok := what.(etf.Tuple)
	if !ok || len(cmd) != 2 {
		return unknownDebug
	}
	switch name, _ := cmd[0].(etf.Atom); name {
	case debugTrace:
		return l.onOff(cmd[1], debugItem{kind: debugTrace})
	case debugStatistics:
		if etf.IsAtom(cmd[1], "get") {
			return etf.Tuple{atomOk, l.statistics()}
		}
		return l.onOff(cmd[1], debugItem{kind: debugStatistics, stats: &statistics{start: l.now()}})
	case debugLog:
		return l.logCommand(cmd[1])
	case debugFile:
		return l.fileCommand(cmd[1])
	case "remove":
		l.removeAny(cmd[1])
		return atomOk
	}
	// Differs from OTP: {install, _} is unknown too, since a fun of a BEAM cannot run here.
	return unknownDebug
}

var unknownDebug etf.Term = etf.Atom("unknown_debug")

func (l *Loop) onOff(flag etf.Term, item debugItem) etf.Term {
	switch flag {
	case etf.Atom("true"):
		l.install(item)
	case etf.Atom("false"):
		l.remove(item.kind)
	default:
		return unknownDebug
	}
	return atomOk
}

func (l *Loop) statistics() etf.Term {
	if item := l.installed(debugStatistics); item != nil {
		return item.stats.term(l.now())
	}
	return etf.Atom("no_statistics")
}

func (l *Loop) logCommand(what etf.Term) etf.Term {
	switch w := what.(type) {
	case etf.Atom:
		switch w {
		case "true":
			l.logLast(defaultLog)
			return atomOk
		case "false":
			l.remove(debugLog)
			return atomOk
		case "get":
			return etf.Tuple{atomOk, l.events()}
		case "print":
			for _, event := range l.events() {
				l.print(eventText(l.nameTerm(), event.(etf.Tuple)))
			}
			return atomOk
		}
	case etf.Tuple:
		if len(w) == 2 && etf.IsAtom(w[0], "true") {
			if n, ok := logSize(w[1]); ok {
				l.logLast(n)
				return atomOk
			}
		}
	}
	return unknownDebug
}

// defaultLog is how many events sys:log keeps if it is not told.
const defaultLog = 10

func logSize(t etf.Term) (n int, ok bool) {
	i, ok := t.(etf.Int)
	return int(min(i, math.MaxInt32)), ok && i >= 1
}

// logLast installs a log of n events. One that is there already keeps its size, as in OTP (sys:install_debug/3).
func (l *Loop) logLast(n int) { l.install(debugItem{kind: debugLog, log: &eventLog{size: n}}) }

func (l *Loop) fileCommand(name etf.Term) etf.Term {
	l.closeFile()
	if etf.IsAtom(name, "false") {
		return atomOk
	}
	if file := l.create(name); file != nil {
		l.install(debugItem{kind: debugFile, file: file})
		return atomOk
	}
	return etf.Tuple{atomError, etf.Atom("open_file")}
}

func (l *Loop) create(name etf.Term) io.WriteCloser {
	path, ok := etf.AsText(name)
	if !ok || l.host.Create == nil {
		return nil
	}
	file, err := l.host.Create(path)
	if err != nil {
		return nil
	}
	return file
}

func (l *Loop) removeAny(what etf.Term) {
	if kind, ok := what.(etf.Atom); ok {
		l.remove(kind)
	}
}

// debugOptions installs what the start options name: sys:debug_options/1.
func (l *Loop) debugOptions(options etf.List) {
	for _, option := range options {
		switch o := option.(type) {
		case etf.Atom:
			l.debugOption(o, nil)
		case etf.Tuple:
			if name, ok := first(o).(etf.Atom); ok && len(o) == 2 {
				l.debugOption(name, o[1])
			}
		}
	}
}

func (l *Loop) debugOption(name etf.Atom, value etf.Term) {
	switch {
	case name == debugTrace && value == nil:
		l.install(debugItem{kind: debugTrace})
	case name == debugLog && value == nil:
		l.logLast(defaultLog)
	case name == debugLog:
		if n, ok := logSize(value); ok {
			l.logLast(n)
		}
	case name == debugStatistics && value == nil:
		l.install(debugItem{kind: debugStatistics, stats: &statistics{start: l.now()}})
	case name == debugFile && value != nil:
		if file := l.create(value); file != nil {
			l.install(debugItem{kind: debugFile, file: file})
		}
	}
}
