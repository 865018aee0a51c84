package codechange

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// eval finds the modules of an application among those that are linked. It notes their versions before and after.
func (i loadObjectCode) eval(r *run) error {
	at := slices.IndexFunc(r.libs, func(l Lib) bool { return l.App == i.app })
	switch {
	case at < 0:
		return exitError(etf.Tuple{etf.Tuple{etf.Atom("case_clause"), etf.Atom("false")},
			etf.List{etf.Tuple{etf.Atom("release_handler_1"), etf.Atom("eval"), etf.Int(2), etf.List{}}}})
	case r.libs[at].Vsn != i.vsn:
		return throwError(etf.Tuple{etf.Atom("bad_lib_vsn"), i.app, etf.Charlist(r.libs[at].Vsn)})
	}
	app := r.versions.Application(i.app, i.vsn)
	for _, name := range i.modules {
		var m *Module
		if app != nil {
			m = app.Module(name)
		}
		if m == nil {
			file := path.Join(r.libs[at].Dir, "ebin", string(name)+".beam")
			return throwError(etf.Tuple{etf.Atom("no_such_file"), etf.Charlist(file)})
		}
		current, _ := r.versions.Current(name)
		r.objectCode[name] = m
		if _, again := r.versionPairs[name]; !again {
			r.versionPairs[name] = versionPair{old: current, new: m}
		}
	}
	return nil
}

// Module returns the module of that name, or nil.
func (a *Application) Module(name etf.Atom) *Module {
	for _, m := range a.Modules {
		if m.name() == name {
			return m
		}
	}
	return nil
}

// eval does nothing: there is no code path to change.
func (pointOfNoReturn) eval(*run) error { return nil }

// eval is never reached, see parse.
func (i restart) eval(*run) error { return throwError(i.word) }

// eval makes a version the current one. New processes start with it, and others change to it at their next message if
// they can keep their state. Those that the script has suspended wait for their code change.
func (i load) eval(r *run) error {
	m := r.objectCode[i.module]
	if m == nil {
		return exitError(etf.Tuple{etf.Tuple{etf.Atom("badmatch"), etf.Atom("false")},
			etf.List{etf.Tuple{etf.Atom("release_handler_1"), etf.Atom("eval"), etf.Int(2), etf.List{}}}})
	}
	if !r.afterCanaries {
		r.noteEarlierUsers(m)
		was := r.versions.load(i.module, m)
		r.undo(func() { r.versions.load(i.module, was) })
		r.postPurge[i.module] = i.post
	}
	users, err := r.suspendLateStarted(i.module)
	if err != nil {
		return err
	}
	room := r.canaryRoom(i.module)
	if slices.Contains(r.suspending, i.module) && room > 0 {
		room = 0 // the canaries were chosen by suspend
	}
	for _, p := range users {
		if room != 0 && r.subjects[keyOf(p.Pid())] == nil && p.Code() != m.Code {
			room--
			r.loadInto(p, m)
		}
	}
	return nil
}

// loadInto has a process run m from its next message on, if its state has the shape that m knows.
func (r *run) loadInto(p Process, m *Module) {
	from := r.versions.Of(p.Code())
	if from == nil {
		return // started from code that is no version of anything
	}
	rep := &ProcessReport{Pid: p.Pid(), Name: p.Name(), Module: m.name(), From: from.vsnText(), To: m.vsnText(),
		Outcome: OutcomeLoaded}
	r.report.Processes = append(r.report.Processes, rep)
	if !stateFits(from, m) {
		rep.Outcome, rep.To, rep.Reason = OutcomeStayed, rep.From, from.stateMisfit(m)
		return
	}
	r.loaded[keyOf(p.Pid())] = p
	sendRequest(p, func(l *genserv.Loop) func() {
		defer r.traced(p, StepLoad, nil)
		return loadCode(l, m)
	})
	r.undo(func() {
		sendRequest(p, func(l *genserv.Loop) func() {
			defer r.traced(p, StepUndo, nil)
			return loadCode(l, from)
		})
		rep.Undone = UndoneDowngraded
	})
}

// loadCode makes a server run m, whether it is suspended or not.
func loadCode(l *genserv.Loop, m *Module) (undo func()) {
	running := !l.Suspended()
	l.Suspend()
	undo, _ = l.LoadCode(m.Code)
	if running {
		l.Resume()
	}
	return undo
}

// eval leaves a module without a current version. Its processes go on.
func (i remove) eval(r *run) error {
	if r.afterCanaries {
		return nil
	}
	was := r.versions.load(i.module, nil)
	r.undo(func() { r.versions.load(i.module, was) })
	r.postPurge[i.module] = i.post
	return nil
}

// eval notes that processes of the modules that run another version than the current one are killed when the script has
// succeeded. Differs from OTP, which kills them at once: that could not be undone.
func (i purge) eval(r *run) error {
	if err := r.checkPurge(i.modules); err != nil {
		return err
	}
	r.purges = append(r.purges, i.modules...)
	return nil
}

// eval applies a function. Its result does not matter, as in OTP, except for knowing how to undo it.
func (i apply) eval(r *run) error {
	r.resumePending()
	kind, alive := r.startTypeOf(i.mfa)
	spec := r.childSpecToDelete(i.mfa)
	result, err := r.host.Apply(r.ctx, i.module, i.function, i.args)
	if err != nil {
		return err
	}
	inverse := i.undo
	if inverse == nil && spec != nil && etf.IsAtom(result, "ok") {
		r.undoDeleteChild(i.mfa, spec)
		return nil
	}
	if inverse == nil {
		inverse = i.inverse(result)
	}
	if inverse != nil && i.undo == nil {
		if kind != "" {
			inverse.args = etf.List{i.args[0], kind}
		}
		if alive || i.function == "terminate_child" {
			r.endingCalls = append(r.endingCalls, i.string())
		}
	}
	if inverse == nil {
		r.irreversible = append(r.irreversible, i.string())
		return nil
	}
	r.undoByCall(i.string()+" by "+inverse.string(), func(ctx context.Context) error {
		return resultError(r.host.Apply(ctx, inverse.module, inverse.function, inverse.args))
	})
	return nil
}

// resultError is the error of a function that has failed or returned an error.
func resultError(result etf.Term, err error) error {
	if t, ok := result.(etf.Tuple); ok && err == nil && len(t) > 0 && etf.IsAtom(t[0], "error") {
		return &genserv.Exit{Reason: t}
	}
	return err
}

// string shows the call, as in Module:Function(Args).
func (c mfa) string() string {
	args := make([]string, len(c.args))
	for i, arg := range c.args {
		args[i] = etf.FormatMax(arg, maxText)
	}
	return string(c.module) + ":" + string(c.function) + "(" + strings.Join(args, ",") + ")"
}

// inverse returns the call that undoes what systools and people write most, or nil. A call that says that it did
// nothing needs no undo.
func (c mfa) inverse(result etf.Term) *mfa {
	done := etf.IsAtom(result, "ok")
	if t, ok := result.(etf.Tuple); ok && len(t) > 1 {
		done = etf.IsAtom(t[0], "ok")
	}
	switch {
	case !done || len(c.args) == 0:
		return nil
	case c.module == "application" && c.function == "start":
		return &mfa{c.module, "stop", c.args[:1]}
	case c.module == "application" && c.function == "stop":
		return &mfa{c.module, "start", c.args[:1]}
	case c.module == "application" && c.function == "load":
		return &mfa{c.module, "unload", c.args[:1]}
	case c.module == "application" && c.function == "unload":
		return &mfa{c.module, "load", c.args[:1]}
	case c.module == "supervisor" && c.function == "terminate_child":
		return &mfa{c.module, "restart_child", c.args}
	case c.module == "supervisor" && c.function == "restart_child":
		return &mfa{c.module, "terminate_child", c.args}
	}
	return nil
}

// eval waits for the other nodes: sync_nodes/2.
func (i syncNodes) eval(r *run) error {
	r.resumePending()
	nodes := i.nodes
	if i.from != nil {
		t, err := r.host.Apply(r.ctx, i.from.module, i.from.function, i.from.args)
		if err != nil {
			return err
		}
		var ok bool
		if nodes, ok = etf.AsAtoms(t); !ok {
			return exitError(etf.Atom("badarg"))
		}
	}
	return r.host.Sync(r.ctx, i.id, nodes)
}
