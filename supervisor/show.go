package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// ShowState implements genserv.StateShower: sys:get_state answers OTP's record #state, in the form that it has since
// OTP 24.
func (s *server) ShowState(st *state) etf.Term {
	n := len(st.children.list)
	ids, db := make(etf.List, n), make(etf.Map, n)
	for i, c := range st.children.list {
		ids[n-1-i] = c.id
		db[i] = etf.MapPair{Key: c.id, Value: c.record()}
	}
	restarts := make(etf.List, len(st.restarts))
	for i, at := range st.restarts {
		restarts[i] = etf.Int(at)
	}
	dynamics, restarting := st.dynamics.show()
	return etf.Tuple{etf.Atom("state"), st.name, etf.Atom(st.strategy), etf.Tuple{ids, db}, dynamics,
		etf.Int(st.intensity),
		etf.Int(st.period), restarts, restarting, etf.Atom(st.autoShutdown), s.name, orUndefined(st.args)}
}

// show returns {maps, #{Pid => Args}}, or {mapsets, #{Pid => []}} for temporary children, and how many wait for a
// restart.
func (d *dynamics) show() (shown, restarting etf.Term) {
	if d == nil {
		return etf.Atom("undefined"), etf.Int(0)
	}
	kind := etf.Atom("mapsets")
	if d.keepArgs {
		kind = "maps"
	}
	db := make(etf.Map, 0, len(d.byPid))
	for _, pid := range d.pids() {
		child := d.byPid[pid]
		var key etf.Term = pid
		if child.restarting {
			key = pair("restarting", pid)
		}
		db = append(db, etf.MapPair{Key: key, Value: orNil(child.args)})
	}
	return etf.Tuple{kind, db}, etf.Int(d.restarting)
}

// FormatStatus implements genserv.StatusFormatter: format_status/2 of OTP 25. supervisor:get_callback_module/1 of
// every release finds the module by it, without knowing the record of the release.
func (s *server) FormatStatus(genserv.Status, *state) genserv.Status {
	callback := etf.List{etf.Tuple{etf.Charlist("Callback"), s.name}}
	return genserv.Status{Misc: etf.List{pair("supervisor", callback)}}
}

func orUndefined(t etf.Term) etf.Term {
	if t == nil {
		return etf.Atom("undefined")
	}
	return t
}

// callbackName is the name of a callback module: what ModuleName says, or the name of the Go type.
func callbackName(s Supervisor) etf.Atom {
	if n, ok := s.(genserv.Namer); ok {
		return n.ModuleName()
	}
	name := []rune(strings.TrimLeft(fmt.Sprintf("%T", s), "*"))
	return etf.Atom(string(name[:min(len(name), 255)]))
}

// report logs what OTP calls a supervisor report, with its keys: ?report_error of supervisor.erl.
func (st *state) report(p *genserv.Process, context etf.Atom, reason etf.Term, c *child) {
	st.reportOf(p, context, reason, c.extract(pair("pid", c.pidTerm())))
}

// reportMany is report for as many children that ended alike.
func (st *state) reportMany(p *genserv.Process, context etf.Atom, reason etf.Term, count int) {
	st.reportOf(p, context, reason, st.template().extract(pair("nb_children", etf.Int(count))))
}

func (st *state) reportOf(p *genserv.Process, errorContext etf.Atom, reason, offender etf.Term) {
	if !p.IsAlive(p.Self()) {
		return // killed meanwhile: there is nothing to report
	}
	p.Logger().LogAttrs(context.Background(), slog.LevelError, "supervisor report",
		logTerm("label", pair("supervisor", errorContext)),
		logTerm("supervisor", st.name),
		logTerm("errorContext", errorContext),
		logTerm("reason", reason),
		logTerm("offender", offender),
	)
}

// progress logs OTP's progress report of a start.
func (st *state) progress(p *genserv.Process, c *child, level slog.Level) {
	log := p.Logger()
	if !log.Enabled(context.Background(), level) {
		return
	}
	log.LogAttrs(context.Background(), level, "progress report",
		logTerm("label", pair("supervisor", etf.Atom("progress"))),
		logTerm("supervisor", st.name),
		logTerm("started", c.extract(pair("pid", c.pidTerm()))),
	)
}

func logTerm(key string, t etf.Term) slog.Attr { return slog.Any(key, genserv.LogTerm{Term: t}) }

// extract is extract_child/1: the child as reports show it.
func (c *child) extract(who etf.Term) etf.Term {
	return etf.List{
		who,
		pair("id", c.id),
		pair("mfargs", c.start.term()),
		pair("restart_type", etf.Atom(c.restart)),
		pair("significant", etf.Bool(c.significant)),
		pair("shutdown", c.shutdown),
		pair("child_type", etf.Atom(c.kind)),
	}
}
