package beamlog

import (
	"log/slog"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// logEvent is {log, Level, Report, Meta}. Attributes of the logger are metadata, those of the record the report.
func logEvent(r slog.Record, meta, report []slog.Attr) etf.Tuple {
	m := etf.Map{}
	if !r.Time.IsZero() { // else the other node takes its own: logger:add_default_metadata/1
		m = append(m, etf.MapPair{Key: etf.Atom("time"), Value: etf.Int(r.Time.UnixMicro())})
	}
	for _, a := range inlineGroups(meta) {
		m = putAttr(m, a)
	}
	shape, extra := reportOf(r.Message, inlineGroups(report))
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

// reportFormat is what OTP says in the metadata of one of its reports: how to make a text of it, and what it is for
// handlers of error_logger, which are older than logger.
type reportFormat struct {
	module    etf.Atom // of format_log/2, and of format_log/1 for error_logger
	domain    etf.List
	title     string // of logger_formatter, instead of the level
	tag, kind etf.Atom
}

var (
	domainOTP  = etf.List{etf.Atom("otp")}
	domainSASL = etf.List{etf.Atom("otp"), etf.Atom("sasl")}
)

// formatOf knows the labels of OTP's reports: gen_server.erl, supervisor.erl, application_controller.erl,
// proc_lib.erl.
func formatOf(label etf.Term) (r reportFormat, known bool) {
	t, ok := label.(etf.Tuple)
	if !ok || len(t) != 2 {
		return r, false
	}
	about, _ := t[1].(etf.Atom)
	switch t[0] {
	case etf.Term(etf.Atom("gen_server")):
		if about == "no_handle_info" {
			return reportFormat{"gen_server", domainOTP, "", "warning_msg", ""}, true
		}
		return reportFormat{"gen_server", domainOTP, "", "error", ""}, true
	case etf.Term(etf.Atom("supervisor")):
		if about == "progress" {
			return reportFormat{"supervisor", domainSASL, "PROGRESS REPORT", "info_report", "progress"}, true
		}
		return reportFormat{"supervisor", domainSASL, "SUPERVISOR REPORT", "error_report", "supervisor_report"}, true
	case etf.Term(etf.Atom("application_controller")):
		if about == "progress" {
			return reportFormat{"application_controller", domainSASL, "PROGRESS REPORT", "info_report", "progress"}, true
		}
		return reportFormat{"application_controller", domainOTP, "", "info_report", "std_info"}, true
	case etf.Term(etf.Atom("proc_lib")):
		return reportFormat{"proc_lib", domainSASL, "CRASH REPORT", "error_report", "crash_report"}, true
	}
	return r, false
}

func (r reportFormat) meta() etf.Map {
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
		label = valueTerm(attrs[0].Value)
	}
	r, known := formatOf(label)
	switch {
	case !known:
		report = etf.Map{{Key: etf.Atom("msg"), Value: etf.Binary(message)}}
		for _, a := range attrs {
			report = putAttr(report, a)
		}
		return report, nil
	case r.module == "gen_server":
		for _, a := range attrs {
			report = putAttr(report, a)
		}
		// gen_server:format_log/2 wants it since OTP 27; earlier ones pass over it.
		return append(report, etf.MapPair{Key: etf.Atom("process_label"), Value: etf.Atom("undefined")}), r.meta()
	}
	var list etf.List
	for _, a := range attrs[1:] {
		list = append(list, etf.Tuple{etf.Atom(a.Key), valueTerm(a.Value)})
	}
	if r.module == "proc_lib" {
		list = etf.List{completeCrash(list), etf.List{}}
	}
	return etf.Map{{Key: etf.Atom("label"), Value: label}, {Key: etf.Atom("report"), Value: list}}, r.meta()
}

// completeCrash adds to a crash report the items that proc_lib:format_report/3 wants to find. A process in Go has no
// heap of its own.
func completeCrash(known etf.List) etf.List {
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

// putAttr adds an attribute to a map, in the place of an earlier one of its name.
func putAttr(m etf.Map, a slog.Attr) etf.Map {
	key, err := etf.NewAtom(a.Key)
	if err != nil {
		return m
	}
	m = slices.DeleteFunc(m, func(p etf.MapPair) bool { return p.Key == etf.Term(key) })
	return append(m, etf.MapPair{Key: key, Value: valueTerm(a.Value)})
}

// valueTerm is the term of the value of an attribute; what has none becomes its text.
func valueTerm(v slog.Value) etf.Term {
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
			m = putAttr(m, a)
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
