package node

import (
	"context"
	"log/slog"
	"slices"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

const controllerName = etf.Atom("application_controller")

// controller is application_controller: it knows which applications run, and is the parent of their masters.
// Callbacks of application_controller.erl.
type controller struct{ n *Node }

// controlled is the state of the controller. Lists begin with what came last.
type controlled struct {
	running  []running
	started  []appStart // asked to be started, also those that have ended by themselves
	starting []appStart
	asking   []startRequest
}

type running struct {
	name   etf.Atom
	master etf.Pid // zero for a library
}

type appStart struct {
	name etf.Atom
	kind AppType
}

// startRequest waits for the start of an application.
type startRequest struct {
	name etf.Atom
	from genserv.From
}

func (controller) ModuleName() etf.Atom { return controllerName }

func (c controller) Init(p *genserv.Process, _ etf.Term) genserv.InitResult[*controlled] {
	p.TrapExit(true)
	s := &controlled{}
	for _, app := range emulated {
		c.n.apps.load(app)
		s.running = append([]running{{name: app.Name}}, s.running...)
		s.started = append([]appStart{{app.Name, AppPermanent}}, s.started...)
	}
	return genserv.Ok(s)
}

// HandleCall serves what the functions of application ask for. Differs from OTP: a request that it does not know is
// refused, and one without a From passed over; neither is the end of the node.
func (c controller) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	s *controlled) genserv.Result[*controlled] {
	name, args := requestParts(request)
	switch {
	case from.Destination() == nil:
		return genserv.NoReply(s)
	case name == "which_applications" && len(args) == 0:
		return genserv.Reply(c.which(s), s)
	case name == "info" && len(args) == 0:
		return genserv.Reply(c.info(s), s)
	case name == "is_running" && len(args) == 1:
		return genserv.Reply(etf.Term(boolean(s.isRunning(args[0]))), s)
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

// requestParts takes an atom, or {Name, Args...}, apart.
func requestParts(request etf.Term) (name etf.Atom, args etf.Tuple) {
	switch r := request.(type) {
	case etf.Atom:
		return r, nil
	case etf.Tuple:
		if len(r) > 0 {
			name, _ = r[0].(etf.Atom)
			return name, r[1:]
		}
	}
	return "", nil
}

func appError(reason etf.Term) etf.Term { return etf.Tuple{etf.Atom("error"), reason} }

func (s *controlled) isRunning(name etf.Term) bool {
	return slices.ContainsFunc(s.running, func(r running) bool { return etf.Equal(r.name, name) })
}

func (s *controlled) isStarted(name etf.Atom) bool {
	return slices.ContainsFunc(s.started, func(a appStart) bool { return a.name == name })
}

func (c controller) which(s *controlled) etf.Term {
	var list etf.List
	for _, r := range s.running {
		if app := c.n.apps.get(r.name); app != nil {
			list = append(list, app.info().term())
		}
	}
	return list
}

// info answers application:info/0.
func (c controller) info(s *controlled) etf.Term {
	starts := func(all []appStart) (list etf.List) {
		for _, a := range all {
			list = append(list, etf.Tuple{a.name, etf.Atom(a.kind)})
		}
		return list
	}
	var running etf.List
	for _, r := range s.running {
		running = append(running, etf.Tuple{r.name, orUndefinedPid(r.master)})
	}
	return etf.List{
		etf.Tuple{etf.Atom("loaded"), c.n.loadedApplications()},
		etf.Tuple{etf.Atom("loading"), etf.List{}},
		etf.Tuple{etf.Atom("started"), starts(s.started)},
		etf.Tuple{etf.Atom("start_p_false"), etf.List{}},
		etf.Tuple{etf.Atom("running"), running},
		etf.Tuple{etf.Atom("starting"), starts(s.starting)},
	}
}

func orUndefinedPid(pid etf.Pid) etf.Term {
	if pid == (etf.Pid{}) {
		return etf.Atom("undefined")
	}
	return pid
}

// load serves {load_application, Application}: the program has code of what was loaded before, and of what
// KnowApplication has named.
func (c controller) load(t etf.Term) etf.Term {
	name, ok := t.(etf.Atom)
	switch {
	case !ok:
		return appError(etf.Tuple{etf.Atom("bad_application"), t})
	case c.n.apps.get(name) != nil:
		return appError(etf.Tuple{etf.Atom("already_loaded"), name})
	case c.n.apps.loadKnown(name):
		return etf.Atom("ok")
	}
	return appError(etf.Tuple{etf.Charlist("no such file or directory"), etf.Charlist(string(name) + ".app")})
}

func (c controller) unload(t etf.Term, s *controlled) etf.Term {
	name, _ := t.(etf.Atom)
	switch {
	case s.isRunning(t):
		return appError(etf.Tuple{etf.Atom("running"), t})
	case !c.n.apps.unload(name):
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
		config, ok := readConfig(args[0])
		if !ok {
			return appError(etf.Atom("badarg"))
		}
		for _, e := range config {
			c.n.apps.setEnv(e.app, e.key, e.value)
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
		c.n.apps.setEnv(app, key, value)
		return etf.Atom("ok")
	}
	return appError(etf.Atom("badarg"))
}

type parameter struct {
	app, key etf.Atom
	value    etf.Term
}

// readConfig reads [{App, [{Key, Value}]}].
func readConfig(t etf.Term) (all []parameter, ok bool) {
	config, ok := t.(etf.List)
	if !ok {
		return nil, false
	}
	for _, entry := range config {
		pair, ok := entry.(etf.Tuple)
		if !ok || len(pair) != 2 {
			return nil, false
		}
		app, ok1 := pair[0].(etf.Atom)
		env, ok2 := pair[1].(etf.List)
		if !ok1 || !ok2 {
			return nil, false
		}
		for _, e := range env {
			kv, ok := e.(etf.Tuple)
			if !ok || len(kv) != 2 {
				return nil, false
			}
			key, ok := kv[0].(etf.Atom)
			if !ok {
				return nil, false
			}
			all = append(all, parameter{app, key, kv[1]})
		}
	}
	return all, true
}

// log tells that an application started or ended, with OTP's keys.
func (c controller) log(p *genserv.Process, level slog.Level, label etf.Atom, report ...slog.Attr) {
	first := slog.Any("label", genserv.LogTerm{Term: etf.Tuple{controllerName, label}})
	p.Logger().LogAttrs(context.Background(), level, "application "+string(label),
		append([]slog.Attr{first}, report...)...)
}

func logTerm(key string, t etf.Term) slog.Attr { return slog.Any(key, genserv.LogTerm{Term: t}) }
