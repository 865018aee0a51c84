package genserv

import (
	"context"
	"log/slog"
	"strconv"

	"github.com/gonode-otp/gonode/etf"
)

// LogTerm is a term as the value of a log record. A handler that writes text gets it in Erlang syntax; one that sends
// the record to a BEAM finds the term in slog.Value.Any before it resolves the value.
type LogTerm struct{ etf.Term }

// maxLogText bounds a term in a log record. OTP limits its reports by logger's depth and chars_limit.
const maxLogText = 16 << 10

// LogValue returns the term as text.
func (t LogTerm) LogValue() slog.Value {
	return slog.StringValue(etf.FormatMax(orUndefined(t.Term), maxLogText))
}

func logTerm(key string, t etf.Term) slog.Attr { return slog.Any(key, LogTerm{t}) }

// report tells that the server ended in disorder: error_info/8 of gen_server.erl, with its keys. stack is nil if the
// reason came from a result and not from a failure.
func (l *Loop) report(reason etf.Term, stack *etf.List, from From, last etf.Term) {
	log := l.p.Logger()
	if !log.Enabled(context.Background(), slog.LevelError) {
		return
	}
	s := l.inst.formatStatus(Status{Reason: reason, Message: last, Log: l.events()})
	if s.Reason != nil {
		reason = s.Reason
	}
	if stack != nil {
		reason = etf.Tuple{reason, *stack}
	}
	log.LogAttrs(context.Background(), slog.LevelError, "gen_server terminating",
		logTerm("label", etf.Tuple{atomGenServer, etf.Atom("terminate")}),
		logTerm("name", l.nameTerm()),
		logTerm("last_message", s.Message),
		logTerm("state", s.State),
		logTerm("log", s.Log),
		logTerm("reason", reason),
		logTerm("client_info", l.clientInfo(from)),
	)
}

// clientInfo describes the caller of the call that the server failed in: client_stacktrace/1. Differs from OTP: what
// a local client was doing is not known, so that its stack is empty.
func (l *Loop) clientInfo(from From) etf.Term {
	switch {
	case from.Pid == (etf.Pid{}):
		return atomUndefined
	case from.Pid.Node != l.p.Self().Node:
		return etf.Tuple{from.Pid, etf.Atom("remote")}
	}
	var who etf.Term = from.Pid
	switch name, alive := l.p.proc.NameOf(from.Pid); {
	case !alive:
		return etf.Tuple{from.Pid, etf.Atom("dead")}
	case name != "":
		who = name
	}
	return etf.Tuple{from.Pid, etf.Tuple{who, etf.List{}}}
}

// reportCrash tells that the process ended outside of the callbacks' care, as the crash report of proc_lib does: in
// Init, or because of a message that makes OTP's own code fail.
func (l *Loop) reportCrash(c *crash) {
	if c.class == atomExit && IsOrderly(c.reason) {
		return
	}
	ancestors, _ := l.p.Get(etf.Atom("$ancestors"))
	var name etf.Term = etf.List{}
	if l.p.name != nil {
		name = l.p.name
	}
	l.p.Logger().LogAttrs(context.Background(), slog.LevelError, "gen_server crashed",
		logTerm("label", etf.Tuple{etf.Atom("proc_lib"), etf.Atom("crash")}),
		logTerm("initial_call", l.initialCallWithArgs()),
		logTerm("pid", l.p.Self()),
		logTerm("registered_name", name),
		logTerm("error_info", etf.Tuple{c.class, c.reason, c.stack}),
		logTerm("ancestors", ancestors),
	)
}

// initialCallWithArgs is '$initial_call' as crash reports have it: {Module, init, ['Argument__1']}.
func (l *Loop) initialCallWithArgs() etf.Term {
	call, _ := l.p.Get(etf.Atom("$initial_call"))
	mfa, ok := call.(etf.Tuple)
	if !ok || len(mfa) != 3 {
		return orUndefined(call)
	}
	var args etf.List
	if arity, ok := mfa[2].(etf.Int); ok {
		for i := range min(int(arity), 255) {
			args = append(args, etf.Atom("Argument__"+strconv.Itoa(i+1)))
		}
	}
	return etf.Tuple{mfa[0], mfa[1], args}
}

// warnNoHandleInfo tells that a message was dropped: try_dispatch/4 of gen_server.erl.
func (l *Loop) warnNoHandleInfo(msg etf.Term) {
	l.p.Logger().LogAttrs(context.Background(), slog.LevelWarn, "message dropped: the server has no HandleInfo",
		logTerm("label", etf.Tuple{atomGenServer, etf.Atom("no_handle_info")}),
		logTerm("module", l.inst.moduleName()),
		logTerm("message", msg),
	)
}
