package application

import (
	"errors"
	"log/slog"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// start serves {start_application, Name, Type}. The application starts beside the controller, which tells those who
// asked when it has.
func (c controller) start(p *genserv.Process, t, kindTerm etf.Term, from genserv.From,
	s *controllerState) genserv.Result[*controllerState] {
	name, _ := t.(etf.Atom)
	if slices.ContainsFunc(s.starting, func(a appStart) bool { return a.name == name }) {
		s.startWaiters = append(s.startWaiters, startWaiter{name, from})
		return genserv.NoReply(s)
	}
	app, refused := c.check(t, kindTerm, s)
	if refused != nil {
		return genserv.Reply(appError(refused), s)
	}
	kind, _ := kindTerm.(etf.Atom)
	s.starting = append(s.starting, appStart{name, Type(kind)})
	s.startWaiters = append(s.startWaiters, startWaiter{name, from})
	c.startMaster(p, app)
	return genserv.NoReply(s)
}

// check is check_start_cond/4: why the application cannot be started.
func (c controller) check(t, kind etf.Term, s *controllerState) (app *App, refused etf.Term) {
	switch k, _ := kind.(etf.Atom); Type(k) {
	case Temporary, Transient, Permanent:
	default:
		return nil, etf.Tuple{etf.Atom("invalid_restart_type"), kind}
	}
	name, _ := t.(etf.Atom)
	if app = c.sys.table.get(name); app == nil {
		return nil, etf.Tuple{etf.Atom("not_loaded"), t}
	}
	if s.isRunning(name) {
		return nil, etf.Tuple{etf.Atom("already_started"), name}
	}
	for _, before := range app.Applications {
		if !s.isStarted(before) {
			return nil, etf.Tuple{etf.Atom("not_started"), before}
		}
	}
	return app, nil
}

// startMaster starts the master of an application, start_appl/3. The controller is told by {application_started, Name,
// Result}, where the result is {ok, Pid}, {ok, undefined} of a library, or {error, Reason}.
func (c controller) startMaster(p *genserv.Process, app *App) {
	started := func(result etf.Term) etf.Term {
		return etf.Tuple{etf.Atom("application_started"), app.Name, result}
	}
	if app.Start.Module == nil {
		p.Cast(p.Self(), started(etf.Tuple{etf.Atom("ok"), etf.Atom("undefined")})) // to itself: never fails
		return
	}
	c.sys.host.SpawnMaster(p.Self(), app.Name, genserv.Of(master{c.sys, app}), func(pid etf.Pid, err error) etf.Term {
		var exit *genserv.Exit
		switch {
		case err == nil:
			return started(etf.Tuple{etf.Atom("ok"), pid})
		case errors.As(err, &exit):
			return started(appError(exit.Reason))
		}
		return started(appError(etf.Binary(err.Error())))
	})
}

// HandleCast serves {application_started, Name, Result} of the controller itself: handle_application_started/3.
func (c controller) HandleCast(p *genserv.Process, request etf.Term,
	s *controllerState) genserv.Result[*controllerState] {
	name, args := etf.Verb(request)
	if name != "application_started" || len(args) != 2 {
		return genserv.NoReply(s)
	}
	app, _ := args[0].(etf.Atom)
	result, _ := args[1].(etf.Tuple)
	i := slices.IndexFunc(s.starting, func(a appStart) bool { return a.name == app })
	if i < 0 || len(result) != 2 {
		return genserv.NoReply(s)
	}
	start := s.starting[i]
	s.starting = slices.Delete(s.starting, i, i+1)
	if !etf.IsAtom(result[0], "ok") {
		c.answer(p, app, result, s)
		c.exited(p, app, result[1], start.kind)
		c.stopNodeIfRequired(start, etf.Tuple{etf.Atom("application_start_failure"), app, result[1]}, result[1])
		return genserv.NoReply(s)
	}
	pid, _ := result[1].(etf.Pid)
	s.running = append([]runningApp{{app, pid}}, s.running...)
	s.started = slices.DeleteFunc(s.started, func(a appStart) bool { return a.name == app })
	s.started = append([]appStart{start}, s.started...)
	c.log(p, slog.LevelInfo, "progress", logTerm("application", app), logTerm("started_at", p.Self().Node))
	c.answer(p, app, etf.Atom("ok"), s)
	return genserv.NoReply(s)
}

// answer tells those who asked for the start of an application what came of it.
func (c controller) answer(p *genserv.Process, name etf.Atom, result etf.Term, s *controllerState) {
	s.startWaiters = slices.DeleteFunc(s.startWaiters, func(a startWaiter) bool {
		if a.name == name {
			p.Reply(a.from, result)
		}
		return a.name == name
	})
}

// HandleInfo takes the end of a master: the application has ended by itself.
func (c controller) HandleInfo(p *genserv.Process, msg etf.Term, s *controllerState) genserv.Result[*controllerState] {
	t, ok := etf.AsTuple(msg, "EXIT", 3)
	if !ok {
		return genserv.NoReply(s)
	}
	i := slices.IndexFunc(s.running, func(r runningApp) bool { return etf.Equal(pidOrUndefined(r.master), t[1]) })
	if i < 0 {
		return genserv.NoReply(s)
	}
	name := s.running[i].name
	s.running = slices.Delete(s.running, i, i+1)
	start := s.started[slices.IndexFunc(s.started, func(a appStart) bool { return a.name == name })]
	c.exited(p, name, t[2], start.kind)
	c.stopNodeIfRequired(start, etf.Tuple{etf.Atom("application_terminated"), name, t[2]}, t[2])
	return genserv.NoReply(s)
}

func (c controller) exited(p *genserv.Process, name etf.Atom, reason etf.Term, kind Type) {
	c.log(p, slog.LevelInfo+2, "exit", logTerm("application", name), logTerm("exited", reason),
		logTerm("type", etf.Atom(kind)))
}

// stopNodeIfRequired stops the node if it cannot be without the application.
func (c controller) stopNodeIfRequired(a appStart, why, reason etf.Term) {
	if a.kind == Temporary || a.kind == Transient && etf.Equal(reason, normal) {
		return
	}
	c.sys.host.Fail(why)
}

// stop serves {stop_application, Name}.
func (c controller) stop(p *genserv.Process, t etf.Term, s *controllerState) etf.Term {
	name, _ := t.(etf.Atom)
	i := slices.IndexFunc(s.started, func(a appStart) bool { return a.name == name })
	if i < 0 {
		return appError(etf.Tuple{etf.Atom("not_started"), t})
	}
	start := s.started[i]
	s.started = slices.Delete(s.started, i, i+1)
	if name == kernel {
		// Differs from OTP: there what is left is a program that no other node reaches any more.
		c.sys.host.Fail(etf.Tuple{etf.Atom("application_stopped"), name})
	}
	if i := slices.IndexFunc(s.running, func(r runningApp) bool { return r.name == name }); i >= 0 {
		master := s.running[i].master
		s.running = slices.Delete(s.running, i, i+1)
		if master != (etf.Pid{}) {
			p.Unlink(master)
			_, _ = p.Call(c.sys.stopped, master, etf.Atom("stop"))
		}
		c.exited(p, name, etf.Atom("stopped"), start.kind)
	}
	return etf.Atom("ok")
}

// Terminate ends all applications, the last one first.
func (c controller) Terminate(p *genserv.Process, _ etf.Term, s *controllerState) {
	for _, r := range slices.Clone(s.running) {
		if r.master != (etf.Pid{}) {
			p.Unlink(r.master)
			_, _ = p.Call(c.sys.stopped, r.master, etf.Atom("stop"))
		}
	}
}
