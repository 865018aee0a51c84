package node

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// beamLogQueue is how many events may wait to be sent. What exceeds it is dropped, as OTP does with events for a node
// that is slow (logger_proxy:handle_load/2).
const beamLogQueue = 1000

// beamLog sends what processes log to the logger of a BEAM node, as OTP does for processes whose group leader is there:
// logger:log_remote/2. It is a slog.Handler.
type beamLog struct {
	queue   chan etf.Tuple
	dropped *atomic.Int64 // since the last one that was sent
	attrs   []slog.Attr
	group   string
}

// logTo starts sending the events of processes to the node called name. They are sent one after the other, so that no
// process waits for a connection.
func (n *Node) logTo(name etf.Atom) slog.Handler {
	h := &beamLog{queue: make(chan etf.Tuple, beamLogQueue), dropped: new(atomic.Int64)}
	n.goWork(func() {
		for {
			select {
			case event := <-h.queue:
				if err := n.Send(n.ctx, etf.Tuple{etf.Atom("logger"), name}, event); err != nil {
					n.log.Warn("event not sent", "to", string(name), "error", err)
				}
				if dropped := h.dropped.Swap(0); dropped > 0 {
					n.log.Warn("events dropped", "to", string(name), "count", dropped)
				}
			case <-n.ctx.Done():
				return
			}
		}
	})
	return h
}

// processLog is the logger of a process.
func (n *Node) processLog(pid etf.Pid) *slog.Logger {
	local := n.log.With("pid", pid)
	if n.remoteLog == nil {
		return local
	}
	remote := n.remoteLog.WithAttrs([]slog.Attr{slog.Any("pid", genserv.LogTerm{Term: pid})})
	return slog.New(slog.NewMultiHandler(local.Handler(), remote))
}

// Enabled implements slog.Handler. The level of the other node's logger decides further.
func (h *beamLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (h *beamLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	c := *h
	c.attrs = slices.Concat(h.attrs, h.named(attrs))
	return &c
}

// WithGroup implements slog.Handler.
func (h *beamLog) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.group += name + "."
	return &c
}

func (h *beamLog) named(attrs []slog.Attr) []slog.Attr {
	if h.group == "" {
		return attrs
	}
	named := inlined(attrs)
	for i := range named {
		named[i].Key = h.group + named[i].Key
	}
	return named
}

// inlined returns attributes as a slog.Handler has to show them: values that stand for others are resolved, those of
// a group without a name stand in its place, and empty attributes and groups are left out.
func inlined(attrs []slog.Attr) []slog.Attr {
	all := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if _, isTerm := a.Value.Any().(genserv.LogTerm); !isTerm { // which stays a term
			a.Value = a.Value.Resolve()
		}
		switch {
		case a.Equal(slog.Attr{}):
		case a.Value.Kind() != slog.KindGroup:
			all = append(all, a)
		case a.Key == "":
			all = append(all, inlined(a.Value.Group())...)
		default:
			if group := inlined(a.Value.Group()); len(group) > 0 {
				all = append(all, slog.Attr{Key: a.Key, Value: slog.GroupValue(group...)})
			}
		}
	}
	return all
}

// Handle implements slog.Handler.
func (h *beamLog) Handle(_ context.Context, r slog.Record) error {
	var own []slog.Attr
	r.Attrs(func(a slog.Attr) bool { own = append(own, a); return true })
	select {
	case h.queue <- logEvent(r, h.attrs, h.named(own)):
	default:
		h.dropped.Add(1)
	}
	return nil
}

// logEvent is {log, Level, Report, Meta}. Attributes of the logger are metadata, those of the record the report.
func logEvent(r slog.Record, meta, report []slog.Attr) etf.Tuple {
	m := etf.Map{}
	if !r.Time.IsZero() { // else the other node takes its own: logger:add_default_metadata/1
		m = append(m, etf.MapPair{Key: etf.Atom("time"), Value: etf.Int(r.Time.UnixMicro())})
	}
	for _, a := range inlined(meta) {
		m = put(m, a)
	}
	shape, extra := reportOf(r.Message, inlined(report))
	return etf.Tuple{etf.Atom("log"), logLevel(r.Level), shape, append(m, extra...)}
}

// logLevel is the level of Erlang's logger. Between slog's levels lie those of the shell: notice.
func logLevel(l slog.Level) etf.Atom {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l == slog.LevelInfo:
		return "info"
	case l < slog.LevelWarn:
		return "notice"
	case l < slog.LevelError:
		return "warning"
	}
	return "error"
}

// reporter is what OTP says in the metadata of one of its reports: how to make a text of it, and what it is for
// handlers of error_logger, which are older than logger.
type reporter struct {
	module    etf.Atom // of format_log/2, and of format_log/1 for error_logger
	domain    etf.List
	title     string // of logger_formatter, instead of the level
	tag, kind etf.Atom
}

var (
	domainOTP  = etf.List{etf.Atom("otp")}
	domainSASL = etf.List{etf.Atom("otp"), etf.Atom("sasl")}
)

// reporterOf knows the labels of OTP's reports: gen_server.erl, supervisor.erl, application_controller.erl,
// proc_lib.erl.
func reporterOf(label etf.Term) (r reporter, known bool) {
	t, ok := label.(etf.Tuple)
	if !ok || len(t) != 2 {
		return r, false
	}
	about, _ := t[1].(etf.Atom)
	switch t[0] {
	case etf.Term(etf.Atom("gen_server")):
		if about == "no_handle_info" {
			return reporter{"gen_server", domainOTP, "", "warning_msg", ""}, true
		}
		return reporter{"gen_server", domainOTP, "", "error", ""}, true
	case etf.Term(etf.Atom("supervisor")):
		if about == "progress" {
			return reporter{"supervisor", domainSASL, "PROGRESS REPORT", "info_report", "progress"}, true
		}
		return reporter{"supervisor", domainSASL, "SUPERVISOR REPORT", "error_report", "supervisor_report"}, true
	case etf.Term(etf.Atom("application_controller")):
		if about == "progress" {
			return reporter{"application_controller", domainSASL, "PROGRESS REPORT", "info_report", "progress"}, true
		}
		return reporter{"application_controller", domainOTP, "", "info_report", "std_info"}, true
	case etf.Term(etf.Atom("proc_lib")):
		return reporter{"proc_lib", domainSASL, "CRASH REPORT", "error_report", "crash_report"}, true
	}
	return r, false
}

func (r reporter) meta() etf.Map {
	function := etf.Atom("format_log")
	old := etf.Map{{Key: etf.Atom("tag"), Value: r.tag}}
	if r.kind != "" {
		old = append(old, etf.MapPair{Key: etf.Atom("type"), Value: r.kind})
	}
	if r.module == "proc_lib" {
		function = "report_cb"
	} else {
		old = append(old, etf.MapPair{Key: etf.Atom("report_cb"), Value: etf.Export{Module: r.module, Function: function,
			Arity: 1}})
	}
	meta := etf.Map{
		{Key: etf.Atom("report_cb"), Value: etf.Export{Module: r.module, Function: function, Arity: 2}},
		{Key: etf.Atom("domain"), Value: r.domain},
		{Key: etf.Atom("error_logger"), Value: old},
	}
	if r.title != "" {
		meta = append(meta, etf.MapPair{Key: etf.Atom("logger_formatter"),
			Value: etf.Map{{Key: etf.Atom("title"), Value: etf.Charlist(r.title)}}})
	}
	return meta
}

// reportOf makes the report of a record, in the shape that OTP's own have if it has their label, and the metadata
// that goes with it.
func reportOf(message string, attrs []slog.Attr) (report etf.Map, meta etf.Map) {
	var label etf.Term
	if len(attrs) > 0 && attrs[0].Key == "label" {
		label = termOf(attrs[0].Value)
	}
	r, known := reporterOf(label)
	switch {
	case !known:
		report = etf.Map{{Key: etf.Atom("msg"), Value: etf.Binary(message)}}
		for _, a := range attrs {
			report = put(report, a)
		}
		return report, nil
	case r.module == "gen_server":
		for _, a := range attrs {
			report = put(report, a)
		}
		// gen_server:format_log/2 wants it since OTP 27; earlier ones pass over it.
		return append(report, etf.MapPair{Key: etf.Atom("process_label"), Value: etf.Atom("undefined")}), r.meta()
	}
	var list etf.List
	for _, a := range attrs[1:] {
		list = append(list, etf.Tuple{etf.Atom(a.Key), termOf(a.Value)})
	}
	if r.module == "proc_lib" {
		list = etf.List{crashInfo(list), etf.List{}}
	}
	return etf.Map{{Key: etf.Atom("label"), Value: label}, {Key: etf.Atom("report"), Value: list}}, r.meta()
}

// crashInfo adds to what a crash report says what proc_lib:format_report/3 wants to find: a process in Go has no heap
// of its own.
func crashInfo(known etf.List) etf.List {
	for _, item := range []struct {
		key   etf.Atom
		value etf.Term
	}{
		{"message_queue_len", etf.Int(0)}, {"messages", etf.List{}}, {"links", etf.List{}}, {"dictionary", etf.List{}},
		{"trap_exit", etf.Atom("false")}, {"status", etf.Atom("running")}, {"heap_size", etf.Int(0)},
		{"stack_size", etf.Int(0)},
		{"reductions", etf.Int(0)},
	} {
		known = append(known, etf.Tuple{item.key, item.value})
	}
	return known
}

// put adds an attribute to a map, in the place of an earlier one of its name.
func put(m etf.Map, a slog.Attr) etf.Map {
	key, err := etf.NewAtom(a.Key)
	if err != nil {
		return m
	}
	m = slices.DeleteFunc(m, func(p etf.MapPair) bool { return p.Key == etf.Term(key) })
	return append(m, etf.MapPair{Key: key, Value: termOf(a.Value)})
}

// termOf is the term of the value of an attribute; what has none becomes its text.
func termOf(v slog.Value) etf.Term {
	switch v.Kind() {
	case slog.KindInt64:
		return etf.Int(v.Int64())
	case slog.KindBool:
		if v.Bool() {
			return etf.Atom("true")
		}
		return etf.Atom("false")
	case slog.KindTime:
		return etf.Binary(v.Time().Format(time.RFC3339Nano))
	case slog.KindGroup:
		m := etf.Map{}
		for _, a := range v.Group() {
			m = put(m, a)
		}
		return m
	case slog.KindAny, slog.KindLogValuer:
		if t, ok := v.Any().(genserv.LogTerm); ok {
			if t.Term == nil {
				return etf.Atom("undefined")
			}
			return t.Term
		}
		if t, err := etf.Marshal(v.Any()); err == nil && v.Kind() == slog.KindAny {
			return t
		}
	}
	return etf.Binary(v.Resolve().String())
}
