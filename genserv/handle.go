package genserv

import (
	"errors"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// Handle gives the server a message and returns when it has been dealt with.
func (l *Loop) Handle(msg etf.Term) driver.Next {
	for l.stepPending() {
		l.step()
	}
	l.receive(msg)
	return l.finishStep()
}

// receive deals with one message: decode_msg/9 of gen_server.erl, and suspend_loop/6 of sys.erl.
func (l *Loop) receive(msg etf.Term) {
	switch k := classify(msg, l.parent); {
	case l.mode == modeStopped:
	case k == kindSystem && l.mode != modeNew:
		t := msg.(etf.Tuple)
		l.system(fromTerm(t[1]), t[2])
	case l.mode != modeRunning && k != kindParentExit, l.mode == modeNew:
		l.kept.push(msg)
	case k == kindParentExit:
		l.parentExit(msg.(etf.Tuple))
	case l.timer.pending() && l.timerMessage(msg):
	default:
		l.message(k, msg)
	}
}

// message runs the callback for an ordinary message: handle_msg/6.
func (l *Loop) message(k kind, msg etf.Term) {
	l.handled++
	switch k {
	case kindCall:
		t := msg.(etf.Tuple)
		l.debugIn(msg)
		from := fromTerm(t[1])
		l.finish(l.inst.call(&l.p, t[2], from), from, t[2])
	case kindCast:
		l.debugIn(msg)
		l.finish(l.inst.cast(&l.p, msg.(etf.Tuple)[1]), nobody, msg)
	default:
		l.info(msg)
	}
}

func (l *Loop) info(msg etf.Term) {
	l.debugIn(msg)
	l.finish(l.inst.info(&l.p, msg), nobody, msg)
}

func (l *Loop) continueWith(term etf.Term) {
	msg := etf.Tuple{etf.Atom("continue"), term}
	o := l.inst.continueWith(&l.p, term)
	l.debugEvent(msg)
	l.finish(o, nobody, msg)
}

// parentExit ends the server with its parent. Only a process that traps exits sees the message at all.
func (l *Loop) parentExit(msg etf.Tuple) {
	var last etf.Term = msg
	if l.mode == modeSuspended {
		last = etf.List{} // as system_terminate/4 has it
	}
	l.terminate(msg[2], nobody, last)
}

// finish does what the result of a callback asks for: handle_common_reply/8. from is nobody if the message was no
// call; last is the message as a report shows it.
func (l *Loop) finish(o outcome, from From, last etf.Term) {
	switch o.kind {
	case outReply:
		if !l.reply(from, o.reply, last) {
			return
		}
		l.debugOut(o.reply, from)
		l.await(o.action)
	case outNoReply:
		l.debugNoReply()
		l.await(o.action)
	case outUnhandled:
		l.warnNoHandleInfo(last)
		l.debugNoReply()
		l.await(action{})
	case outStop, outBad:
		l.terminate(o.reason, from, last)
	case outStopReply:
		l.terminate(o.reason, from, last)
		if l.answer(from, o.reply) {
			l.debugOut(o.reply, from)
		}
	case outCrash:
		l.crash(o.crash, from, last)
	}
}

// await sets how the server waits for the next message, or what it does before.
func (l *Loop) await(a action) {
	l.wait, l.timeout = actNone, 0
	switch a.kind {
	case actTimeout:
		if a.wait != Infinity {
			l.wait, l.timeout = actTimeout, a.wait
		}
	case actHibernate:
		l.wait = actHibernate
	case actContinue:
		l.todo = todo{kind: todoContinue, term: a.term}
	case actTimer, actHibernateTimer:
		l.awaitTimer(a)
	}
}

// reply answers a call, whose caller may be gone. It returns false if the server has ended because of the reply.
func (l *Loop) reply(from From, reply, last etf.Term) bool {
	err := l.p.TryReply(from, reply)
	return err == nil || l.lostReply(err, from, reply, last)
}

// lostReply ends the server if its reply is no term: the caller would wait for it in vain. Differs from OTP, where
// every value is a term.
func (l *Loop) lostReply(err error, from From, reply, last etf.Term) bool {
	var bad *etf.EncodeError
	switch {
	case errors.Is(err, ErrBadFrom):
		l.die(functionClause("gen", "reply", from.Term(), reply))
		return false
	case errors.As(err, &bad):
		l.crash(&crash{class: atomError, reason: driver.BadReply(err)}, from, last)
		return false
	}
	return true
}

// answer replies to a system message, or when the server has ended already. If the answer is no term, as a state may
// be, the asker gets an error and the server goes on.
func (l *Loop) answer(from From, reply etf.Term) bool {
	err := l.p.TryReply(from, reply)
	switch {
	case errors.Is(err, ErrBadFrom):
		l.die(functionClause("gen", "reply", from.Term(), reply))
		return false
	case l.mode != modeStopped: // else the caller hears of the end
		l.p.replyNoTerm(from, err)
	}
	return true
}

// replyNoTerm answers a caller whose reply could not be encoded with that error, if err is one.
func (p *Process) replyNoTerm(from From, err error) {
	var bad *etf.EncodeError
	if errors.As(err, &bad) {
		_ = p.TryReply(from, errorAnswer(driver.BadReply(err))) // it is a text, and From has been used
	}
}
