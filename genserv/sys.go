package genserv

import (
	"fmt"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// system serves a system message: handle_system_msg/8 of sys.erl. The answer is sent before its effect is seen.
func (l *Loop) system(from From, request etf.Term) {
	if etf.IsAtom(request, "get_state") && l.stateLater(from) {
		return
	}
	answer, then := l.command(request)
	if !l.answer(from, answer) {
		return
	}
	switch {
	case then.stop:
		l.terminate(then.reason, nobody, etf.List{})
	case then.mode == modeSuspended:
		l.becomeSuspended()
	default:
		l.becomeRunning()
	}
}

// then is what the loop does after a command.
type then struct {
	mode   mode
	stop   bool
	reason etf.Term
}

// command is do_cmd/6 of sys.erl: it answers a request and says what follows.
func (l *Loop) command(request etf.Term) (answer etf.Term, next then) {
	next.mode = l.mode
	switch r := request.(type) {
	case etf.Atom:
		switch r {
		case "suspend":
			return atomOk, then{mode: modeSuspended}
		case "resume":
			return atomOk, then{mode: modeRunning}
		case "get_state":
			return etf.Tuple{atomOk, l.inst.stateTerm()}, next
		case "get_status":
			return l.status(), next
		}
	case etf.Tuple:
		switch name, _ := first(r).(etf.Atom); {
		case name == "replace_state" && len(r) == 2:
			return l.replaceState(r[1]), next
		case name == "debug" && len(r) == 2:
			return l.debugCommand(r[1]), next
		case name == "terminate" && len(r) == 2:
			return atomOk, then{stop: true, reason: r[1]}
		case name == "change_code" && len(r) == 4 && l.mode == modeSuspended:
			return l.changeCode(r[2], r[3]), next
		}
	}
	return errorAnswer(etf.Tuple{etf.Atom("unknown_system_msg"), request}), next
}

func errorAnswer(why etf.Term) etf.Term { return etf.Tuple{atomError, why} }

// stateLater answers get_state to whoever does not, or may not, take {ok, State}: callers before stdlib 5.1 (OTP 26.1)
// return whatever they are sent, later ones take only the pair, and nothing in the message tells them apart. What the
// node has to find out first is answered then, with the state as it is now. false means that {ok, State} is the
// answer.
func (l *Loop) stateLater(from From) bool {
	if l.host.BareState == nil || from.Destination() == nil {
		return false
	}
	state := l.inst.stateTerm()
	bare, known := l.host.BareState(from.Pid, func(bare bool) {
		var answer etf.Term = etf.Tuple{atomOk, state}
		if bare {
			answer = state
		}
		l.p.replyNoTerm(from, l.p.TryReply(from, answer))
	})
	if known && bare {
		l.answer(from, state)
	}
	return bare || !known
}

// replaceState answers {replace_state, Fun} like an OTP server in which the fun fails, since no fun of a BEAM can run
// here.
func (l *Loop) replaceState(f etf.Term) etf.Term {
	var why etf.Term = etf.Tuple{etf.Atom("badfun"), f}
	arity := -1
	switch f := f.(type) {
	case *etf.Fun:
		arity = int(f.Arity)
	case etf.Export:
		arity = int(f.Arity)
	}
	switch arity {
	case -1:
	case 1:
		why = etf.Atom("undef")
	default:
		why = etf.Tuple{etf.Atom("badarity"), etf.Tuple{f, etf.List{l.inst.stateTerm()}}}
	}
	return errorAnswer(etf.Tuple{
		etf.Atom("callback_failed"),
		etf.Tuple{atomGenServer, etf.Atom("system_replace_state")},
		etf.Tuple{atomError, why},
	})
}

// changeCode answers {change_code, Module, OldVsn, Extra}. The Module does not matter, as in
// gen_server:system_code_change/4: it is the callback module of the server whose code_change runs, in the version
// that is loaded by now.
func (l *Loop) changeCode(oldVsn, extra etf.Term) etf.Term {
	running := l.Code()
	var next Module
	change := l.ChangeCode
	if l.host.NextCode != nil {
		code, loaded := l.host.NextCode(running, oldVsn)
		if next, _ = code.(Module); loaded {
			change = l.ChangeLoaded
		}
	}
	if next != nil && next != running {
		_, err := change(oldVsn, next, extra)
		return l.changedByHand(err)
	}
	return l.changedByHand(l.changeInPlace(oldVsn, extra))
}

// changeInPlace has the running module change its own state.
func (l *Loop) changeInPlace(oldVsn, extra etf.Term) error {
	next, failure := l.inst.copyInstance()
	if failure == nil {
		failure = next.codeChange(&l.p, oldVsn, extra)
	}
	if failure != nil {
		return failure
	}
	l.replace(next, next)
	return nil
}

// changedByHand answers change_code. Nobody undoes what is changed by hand.
func (l *Loop) changedByHand(err error) etf.Term {
	if err != nil {
		return errorAnswer(driver.ChangeReason(err))
	}
	l.KeepCodeChanges()
	return atomOk
}

// status answers get_status: {status, Pid, {module, gen_server}, [PDict, SysState, Parent, Debug, Misc]}, with Misc as
// gen_server:format_status/2 makes it.
func (l *Loop) status() etf.Term {
	var sysState etf.Term = etf.Atom("running")
	if l.mode == modeSuspended {
		sysState = etf.Atom("suspended")
	}
	shown := l.inst.formatStatus(Status{Log: l.events()})
	name := l.nameTerm()
	misc := etf.List{
		etf.Tuple{etf.Atom("header"), statusHeader(name)},
		etf.Tuple{etf.Atom("data"), etf.List{
			etf.Tuple{statusKey, sysState},
			etf.Tuple{parentKey, l.parent},
			etf.Tuple{loggedKey, shown.Log},
		}},
		etf.Tuple{etf.Atom("data"), etf.List{etf.Tuple{stateKey, shown.State}}},
	}
	misc = append(misc, shown.Misc...)
	return etf.Tuple{
		etf.Atom("status"), l.p.Self(), etf.Tuple{etf.Atom("module"), atomGenServer},
		etf.List{l.p.Dictionary(), sysState, l.parent, l.debug.terms(name), misc},
	}
}

var (
	statusKey = etf.Charlist("Status")
	parentKey = etf.Charlist("Parent")
	loggedKey = etf.Charlist("Logged events")
	stateKey  = etf.Charlist("State")
)

// statusHeader is gen:format_status_header/2.
func statusHeader(name etf.Term) etf.Term {
	const line = "Status for generic server"
	switch n := name.(type) {
	case etf.Atom:
		return etf.Charlist(line + " " + string(n))
	case etf.Pid:
		return etf.Charlist(line + " " + localPid(n))
	}
	return etf.Tuple{etf.Charlist(line), name}
}

// localPid is pid_to_list/1 on the node of the process.
func localPid(p etf.Pid) string { return fmt.Sprintf("<0.%d.%d>", p.ID, p.Serial) }

// nameTerm is what reports call the server: its name, or its pid.
func (l *Loop) nameTerm() etf.Term {
	if l.p.name != nil {
		return l.p.name
	}
	return l.p.Self()
}
