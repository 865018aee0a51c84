package genserv

import "github.com/gonode-otp/gonode/etf"

// Down is the message with which a monitor tells of the end of a process: {'DOWN', Ref, process, Object, Reason}.
type Down struct {
	Ref    etf.Ref  // what Monitor returned
	Object etf.Term // the pid that was watched, or {Name, Node} for a name
	Reason etf.Term // noproc if there was no such process, noconnection if its node went away
}

// AsDown takes such a message apart; ok is false for any other one. erlang:monitor/2.
//
//	if down, ok := genserv.AsDown(msg); ok && down.Ref == s.watch { ... }
func AsDown(msg etf.Term) (down Down, ok bool) {
	t, ok := etf.AsTuple(msg, "DOWN", 5)
	if !ok || !etf.IsAtom(t[2], "process") {
		return Down{}, false
	}
	ref, ok := t[1].(etf.Ref)
	if !ok {
		return Down{}, false
	}
	return Down{Ref: ref, Object: t[3], Reason: t[4]}, true
}

// AsExit takes {'EXIT', Pid, Reason} apart, the message of the end of a linked process to one that traps exits; ok is
// false for any other one. erlang:process_flag(trap_exit, true).
func AsExit(msg etf.Term) (pid etf.Pid, reason etf.Term, ok bool) {
	t, ok := etf.AsTuple(msg, "EXIT", 3)
	if !ok {
		return etf.Pid{}, nil, false
	}
	if pid, ok = t[1].(etf.Pid); !ok {
		return etf.Pid{}, nil, false
	}
	return pid, t[2], true
}
