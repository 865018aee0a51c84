package application

import (
	"context"
	"log/slog"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// ControllerName is the registered name of the controller.
const ControllerName = etf.Atom("application_controller")

// controller is application_controller: it knows which applications run, and is the parent of their masters.
// Callbacks of application_controller.erl.
type controller struct{ sys *System }

// controllerState is the state of the controller. Lists begin with what came last.
type controllerState struct {
	running      []runningApp
	started      []appStart // asked to be started, also those that have ended by themselves
	starting     []appStart
	startWaiters []startWaiter
}

// runningApp is an application that runs.
type runningApp struct {
	name   etf.Atom
	master etf.Pid // zero for a library
}

type appStart struct {
	name etf.Atom
	kind Type
}

// startWaiter waits for the start of an application.
type startWaiter struct {
	name etf.Atom
	from genserv.From
}

func (controller) ModuleName() etf.Atom { return ControllerName }

func (c controller) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*controllerState] {
	p.TrapExit(true)
	s := &controllerState{}
	for _, app := range emulated {
		if app.Name == kernel {
			app.Env = c.sys.kernelEnv
		}
		c.sys.table.load(app)
		s.running = append([]runningApp{{name: app.Name}}, s.running...)
		s.started = append([]appStart{{app.Name, Permanent}}, s.started...)
	}
	return genserv.Ok(s)
}

// HandleCall serves what the functions of application ask for. Differs from OTP: a request that it does not know is
// refused, and one without a From passed over; neither is the end of the node.
func (c controller) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s *controllerState) genserv.Result[*controllerState] {
	name, args := etf.Verb(request)
	switch {
	case from.Destination() == nil:
		return genserv.NoReply(s)
	case name == "which_applications" && len(args) == 0:
		return genserv.Reply(c.which(s), s)
	case name == "info" && len(args) == 0:
		return genserv.Reply(c.info(s), s)
	case name == "is_running" && len(args) == 1:
		return genserv.Reply(etf.Term(etf.Bool(s.isRunning(args[0]))), s)
	case name == "start_application" && len(args) == 2:
		return c.start(p, args[0], args[1], from, s)
	case name == "stop_application" && len(args) == 1:
		return genserv.Reply(c.stop(p, args[0], s), s)
	case name == "load_application" && len(args) == 1:
		return genserv.Reply(c.load(args[0]), s)
	case name == "unload_application" && len(args) == 1:
		return genserv.Reply(c.unload(args[0], s), s)
	case name == "set_env" || name == "unset_env":
		return genserv.Reply(c.setEnv(name, args), s)
	}
	return genserv.Reply(appError(etf.Atom("badarg")), s)
}

func appError(reason etf.Term) etf.Term { return etf.Tuple{etf.Atom("error"), reason} }

func (s *controllerState) isRunning(name etf.Term) bool {
	return slices.ContainsFunc(s.running, func(r runningApp) bool { return etf.Equal(r.name, name) })
}

func (s *controllerState) isStarted(name etf.Atom) bool {
	return slices.ContainsFunc(s.started, func(a appStart) bool { return a.name == name })
}

func (c controller) which(s *controllerState) etf.Term {
	var list etf.List
	for _, r := range s.running {
		if app := c.sys.table.get(r.name); app != nil {
			list = append(list, app.info().term())
		}
	}
	return list
}

// info answers application:info/0.
func (c controller) info(s *controllerState) etf.Term {
	starts := func(all []appStart) (list etf.List) {
		for _, a := range all {
			list = append(list, etf.Tuple{a.name, etf.Atom(a.kind)})
		}
		return list
	}
	var running etf.List
	for _, r := range s.running {
		running = append(running, etf.Tuple{r.name, pidOrUndefined(r.master)})
	}
	return etf.List{
		etf.Tuple{etf.Atom("loaded"), c.sys.loadedApplications()},
		etf.Tuple{etf.Atom("loading"), etf.List{}},
		etf.Tuple{etf.Atom("started"), starts(s.started)},
		etf.Tuple{etf.Atom("start_p_false"), etf.List{}},
		etf.Tuple{etf.Atom("running"), running},
		etf.Tuple{etf.Atom("starting"), starts(s.starting)},
	}
}

func pidOrUndefined(pid etf.Pid) etf.Term {
	if pid == (etf.Pid{}) {
		return etf.Atom("undefined")
	}
	return pid
}

// load serves {load_application, Application}: the program has code of what was loaded before, and of what
// Provide has named.
func (c controller) load(t etf.Term) etf.Term {
	name, ok := t.(etf.Atom)
	switch {
	case !ok:
		return appError(etf.Tuple{etf.Atom("bad_application"), t})
	case c.sys.table.get(name) != nil:
		return appError(etf.Tuple{etf.Atom("already_loaded"), name})
	case c.sys.table.loadProvided(name):
		return etf.Atom("ok")
	}
	return appError(etf.Tuple{etf.Charlist("no such file or directory"), etf.Charlist(string(name) + ".app")})
}

func (c controller) unload(t etf.Term, s *controllerState) etf.Term {
	name, _ := t.(etf.Atom)
	switch {
	case s.isRunning(t):
		return appError(etf.Tuple{etf.Atom("running"), t})
	case !c.sys.table.unload(name):
		return appError(etf.Tuple{etf.Atom("not_loaded"), t})
	}
	return etf.Atom("ok")
}

// setEnv serves {set_env, App, Key, Value, Options}, {set_env, [{App, Env}], Options} and {unset_env, App, Key,
// Options}. Differs from OTP: every value that was set outlives a change of the application, as if it were
// persistent.
func (c controller) setEnv(name etf.Atom, args etf.Tuple) etf.Term {
	switch {
	case name == "set_env" && len(args) == 2:
		config, ok := parseConfig(args[0])
		if !ok {
			return appError(etf.Atom("badarg"))
		}
		for _, e := range config {
			c.sys.table.setEnv(e.app, e.key, e.value)
		}
		return etf.Atom("ok")
	case name == "set_env" && len(args) == 4, name == "unset_env" && len(args) == 3:
		app, ok1 := args[0].(etf.Atom)
		key, ok2 := args[1].(etf.Atom)
		if !ok1 || !ok2 {
			return appError(etf.Atom("badarg"))
		}
		var value etf.Term
		if name == "set_env" {
			value = args[2]
		}
		c.sys.table.setEnv(app, key, value)
		return etf.Atom("ok")
	}
	return appError(etf.Atom("badarg"))
}

// log tells that an application started or ended, with OTP's keys.
func (c controller) log(p *genserv.Process, level slog.Level, label etf.Atom, report ...slog.Attr) {
	first := slog.Any("label", genserv.LogTerm{Term: etf.Tuple{ControllerName, label}})
	p.Logger().LogAttrs(context.Background(), level, "application "+string(label),
		append([]slog.Attr{first}, report...)...)
}

func logTerm(key string, t etf.Term) slog.Attr { return slog.Any(key, genserv.LogTerm{Term: t}) }
