package node

import (
	"errors"
	"log/slog"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
)

// start serves {start_application, Name, Type}. The application starts beside the controller, which tells those who
// asked when it has.
func (c controller) start(p *genserv.Process, t, kindTerm etf.Term, from genserv.From,
	s *controlled) genserv.Result[*controlled] {
	name, _ := t.(etf.Atom)
	if slices.ContainsFunc(s.starting, func(a appStart) bool { return a.name == name }) {
		s.asking = append(s.asking, startRequest{name, from})
		return genserv.NoReply(s)
	}
	app, refused := c.check(t, kindTerm, s)
	if refused != nil {
		return genserv.Reply(appError(refused), s)
	}
	kind, _ := kindTerm.(etf.Atom)
	s.starting = append(s.starting, appStart{name, AppType(kind)})
	s.asking = append(s.asking, startRequest{name, from})
	self := c.n.registry.byPid(p.Self())
	c.n.goChild(func() {
		result := c.begin(app, self)
		self.deliver(driver.CastMessage(etf.Tuple{etf.Atom("application_started"), name, result}))
	})
	return genserv.NoReply(s)
}

// check is check_start_cond/4: why the application cannot be started.
func (c controller) check(t, kind etf.Term, s *controlled) (app *App, refused etf.Term) {
	switch k, _ := kind.(etf.Atom); AppType(k) {
	case AppTemporary, AppTransient, AppPermanent:
	default:
		return nil, etf.Tuple{etf.Atom("invalid_restart_type"), kind}
	}
	name, _ := t.(etf.Atom)
	if app = c.n.apps.get(name); app == nil {
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

// begin starts the master of an application and returns {ok, Pid} or {error, Reason}: start_appl/3.
func (c controller) begin(app *App, self *process) etf.Term {
	if app.Start.Module == nil {
		return etf.Tuple{etf.Atom("ok"), etf.Atom("undefined")}
	}
	o := spawnOptions{module: genserv.Of(master{c.n, app}), parent: self, app: app.Name, inside: true}
	pid, err := c.n.spawn(c.n.ctx, o)
	var exit *genserv.Exit
	switch {
	case err == nil:
		return etf.Tuple{etf.Atom("ok"), pid}
	case errors.As(err, &exit):
		return appError(exit.Reason)
	}
	return appError(etf.Binary(err.Error()))
}

// HandleCast serves {application_started, Name, Result} of the controller itself: handle_application_started/3.
func (c controller) HandleCast(p *genserv.Process, request etf.Term, s *controlled) genserv.Result[*controlled] {
	name, args := requestParts(request)
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
	if !etf.Equal(result[0], etf.Atom("ok")) {
		c.answer(p, app, result, s)
		c.exited(p, app, result[1], start.kind)
		c.giveUp(start, etf.Tuple{etf.Atom("application_start_failure"), app, result[1]}, result[1])
		return genserv.NoReply(s)
	}
	pid, _ := result[1].(etf.Pid)
	s.running = append([]running{{app, pid}}, s.running...)
	s.started = slices.DeleteFunc(s.started, func(a appStart) bool { return a.name == app })
	s.started = append([]appStart{start}, s.started...)
	c.log(p, slog.LevelInfo, "progress", logTerm("application", app), logTerm("started_at", p.Self().Node))
	c.answer(p, app, etf.Atom("ok"), s)
	return genserv.NoReply(s)
}

// answer tells those who asked for the start of an application what came of it.
func (c controller) answer(p *genserv.Process, name etf.Atom, result etf.Term, s *controlled) {
	s.asking = slices.DeleteFunc(s.asking, func(a startRequest) bool {
		if a.name == name {
			_ = p.Reply(a.from, result)
		}
		return a.name == name
	})
}

// HandleInfo takes the end of a master: the application has ended by itself.
func (c controller) HandleInfo(p *genserv.Process, msg etf.Term, s *controlled) genserv.Result[*controlled] {
	t, ok := msg.(etf.Tuple)
	if !ok || len(t) != 3 || !etf.Equal(t[0], etf.Atom("EXIT")) {
		return genserv.NoReply(s)
	}
	i := slices.IndexFunc(s.running, func(r running) bool { return etf.Equal(orUndefinedPid(r.master), t[1]) })
	if i < 0 {
		return genserv.NoReply(s)
	}
	name := s.running[i].name
	s.running = slices.Delete(s.running, i, i+1)
	start := s.started[slices.IndexFunc(s.started, func(a appStart) bool { return a.name == name })]
	c.exited(p, name, t[2], start.kind)
	c.giveUp(start, etf.Tuple{etf.Atom("application_terminated"), name, t[2]}, t[2])
	return genserv.NoReply(s)
}

func (c controller) exited(p *genserv.Process, name etf.Atom, reason etf.Term, kind AppType) {
	c.log(p, slog.LevelInfo+2, "exit", logTerm("application", name), logTerm("exited", reason),
		logTerm("type", etf.Atom(kind)))
}

// giveUp stops the node if it cannot be without the application.
func (c controller) giveUp(a appStart, why, reason etf.Term) {
	if a.kind == AppTemporary || a.kind == AppTransient && etf.Equal(reason, normal) {
		return
	}
	c.n.fail(why)
}

// stop serves {stop_application, Name}.
func (c controller) stop(p *genserv.Process, t etf.Term, s *controlled) etf.Term {
	name, _ := t.(etf.Atom)
	i := slices.IndexFunc(s.started, func(a appStart) bool { return a.name == name })
	if i < 0 {
		return appError(etf.Tuple{etf.Atom("not_started"), t})
	}
	start := s.started[i]
	s.started = slices.Delete(s.started, i, i+1)
	if name == kernelName {
		// Differs from OTP: there what is left is a program that no other node reaches any more.
		c.n.fail(etf.Tuple{etf.Atom("application_stopped"), name})
	}
	if i := slices.IndexFunc(s.running, func(r running) bool { return r.name == name }); i >= 0 {
		master := s.running[i].master
		s.running = slices.Delete(s.running, i, i+1)
		if master != (etf.Pid{}) {
			_ = p.Unlink(master)
			_, _ = p.Call(c.n.ctx, master, etf.Atom("stop"))
		}
		c.exited(p, name, etf.Atom("stopped"), start.kind)
	}
	return etf.Atom("ok")
}

// Terminate ends all applications, the last one first.
func (c controller) Terminate(p *genserv.Process, _ etf.Term, s *controlled) {
	for _, r := range slices.Clone(s.running) {
		if r.master != (etf.Pid{}) {
			_ = p.Unlink(r.master)
			_, _ = p.Call(c.n.ctx, r.master, etf.Atom("stop"))
		}
	}
}
