package codechange

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Request answers what the gen_server release_handler of OTP is asked: handle_call/3 of release_handler.erl. known is
// false for what that has no clause for.
func (h *Handler) Request(ctx context.Context, request etf.Term) (reply etf.Term, known bool) {
	if request == etf.Term(etf.Atom("which_releases")) {
		return h.whichReleases(), true
	}
	t, _ := request.(etf.Tuple)
	if len(t) < 2 {
		return nil, false
	}
	word, _ := t[0].(etf.Atom)
	switch {
	case word == "unpack_release" && len(t) == 2:
		return h.withText(t[1], func(name string) etf.Term { return okVsn(h.Unpack(ctx, name)) }), true
	case word == "set_unpacked" && len(t) == 3:
		return h.setUnpacked(ctx, t[1], t[2]), true
	case word == "install_file" && len(t) == 3:
		return h.installFile(ctx, t[1], t[2]), true
	case word == "check_install_release" && len(t) == 3:
		return h.withText(t[1], func(vsn string) etf.Term { return h.check(ctx, vsn) }), true
	case word == "install_release" && len(t) == 4:
		return h.withText(t[1], func(vsn string) etf.Term { return h.installRelease(ctx, vsn, t[3]) }), true
	case word == "make_permanent" && len(t) == 2:
		return h.withText(t[1], func(vsn string) etf.Term { return okOr(h.MakePermanent(ctx, vsn)) }), true
	case word == "reboot_old_release" && len(t) == 2:
		return h.withText(t[1], func(vsn string) etf.Term { return okOr(h.RebootOld(ctx, vsn)) }), true
	case word == "remove_release" && len(t) == 2:
		return h.withText(t[1], func(vsn string) etf.Term { return okOr(h.Remove(ctx, vsn)) }), true
	case word == "set_removed" && len(t) == 2:
		return h.withText(t[1], func(vsn string) etf.Term { return okOr(h.SetRemoved(ctx, vsn)) }), true
	}
	return nil, false
}

// Function is a function of the modules release_handler and release_handler_1 that operators call by rpc.
type Function struct {
	Module, Name etf.Atom
	Arity        int
	Call         func(ctx context.Context, args etf.List) (etf.Term, error)
}

// Functions returns them. Each answers what OTP's does; its error is a *genserv.Failure where that raises one.
func (h *Handler) Functions() []Function {
	var all []Function
	add := func(name etf.Atom, arity int, call func(ctx context.Context, args etf.List) etf.Term) {
		all = append(all, Function{"release_handler", name, arity,
			func(ctx context.Context, args etf.List) (etf.Term, error) {
				return call(ctx, args), nil
			}})
	}
	for _, name := range []etf.Atom{"unpack_release", "make_permanent", "reboot_old_release", "remove_release",
		"set_removed"} {
		add(name, 1, func(ctx context.Context, args etf.List) etf.Term { return h.ask(ctx, name, args[0]) })
	}
	add("set_unpacked", 2, func(ctx context.Context,
		args etf.List) etf.Term {
		return h.ask(ctx, "set_unpacked", args...)
	})
	add("install_file", 2, func(ctx context.Context,
		args etf.List) etf.Term {
		return h.ask(ctx, "install_file", args[1], args[0])
	})
	add("which_releases", 0, func(context.Context, etf.List) etf.Term { return h.whichReleases() })
	add("which_releases", 1, func(_ context.Context,
		args etf.List) etf.Term {
		return withStatus(h.whichReleases(), args[0])
	})
	add("check_install_release", 1, func(ctx context.Context, args etf.List) etf.Term {
		return h.ask(ctx, "check_install_release", args[0], etf.Atom("false"))
	})
	add("check_install_release", 2, func(ctx context.Context,
		args etf.List) etf.Term {
		return h.checkWith(ctx, args[0], args[1])
	})
	add("install_release", 1, func(ctx context.Context, args etf.List) etf.Term {
		return h.ask(ctx, "install_release", args[0], etf.Atom("restart"), etf.List{})
	})
	add("install_release", 2, func(ctx context.Context, args etf.List) etf.Term {
		return h.ask(ctx, "install_release", args[0], etf.Atom("restart"), args[1])
	})
	for _, arity := range []int{1, 5} {
		all = append(all, Function{"release_handler_1", "eval_script", arity, h.evalScript})
	}
	all = append(all, Function{"release_handler_1", "get_supervised_procs", 0, h.supervisedProcs})
	return slices.Concat(all, h.appFunctions(), h.codeFunctions())
}

func (h *Handler) ask(ctx context.Context, word etf.Atom, args ...etf.Term) etf.Term {
	reply, _ := h.Request(ctx, append(etf.Tuple{word}, args...))
	return reply
}

// whichReleases is [{Name, Vsn, ["App-Vsn"], Status}].
func (h *Handler) whichReleases() etf.Term {
	list := etf.List{}
	for _, r := range h.Releases() {
		list = append(list, r.shown())
	}
	return list
}

// withStatus is get_releases_with_status/3, which turns the order around.
func withStatus(releases, status etf.Term) etf.Term {
	list := etf.List{}
	for _, r := range releases.(etf.List) {
		if etf.Equal(r.(etf.Tuple)[3], status) {
			list = append(list, r)
		}
	}
	slices.Reverse(list)
	return list
}

// withText calls do with a version or name. What is no string is the name of nothing.
func (h *Handler) withText(t etf.Term, do func(string) etf.Term) etf.Term {
	s, ok := text(t)
	if !ok {
		return errorTerm(&Error{Reason: etf.Tuple{etf.Atom("no_such_release"), t}})
	}
	return do(s)
}

func (h *Handler) setUnpacked(ctx context.Context, relFile, dirs etf.Term) etf.Term {
	file, ok1 := text(relFile)
	libs, ok2 := libsOf(dirs)
	if !ok1 || !ok2 {
		return errorTerm(&Error{Reason: etf.Atom("badarg")})
	}
	return okVsn(h.SetUnpacked(ctx, file, libs))
}

func (h *Handler) installFile(ctx context.Context, file, vsn etf.Term) etf.Term {
	name, ok := text(file)
	if !ok {
		return errorTerm(&Error{Reason: etf.Atom("badarg")})
	}
	return h.withText(vsn, func(vsn string) etf.Term { return okOr(h.InstallFile(ctx, vsn, name)) })
}

// checkWith is check_install_release/2; its only option purges code that nobody uses, of which there is none here.
func (h *Handler) checkWith(ctx context.Context, vsn, options etf.Term) etf.Term {
	list, ok := options.(etf.List)
	if !ok {
		return errorTerm(&Error{Reason: etf.Atom("badarg")})
	}
	for _, o := range list {
		if o != etf.Term(etf.Atom("purge")) {
			return errorTerm(&Error{Reason: etf.Tuple{etf.Atom("illegal_option"), o}})
		}
	}
	return h.ask(ctx, "check_install_release", vsn, etf.Atom("true"))
}

func (h *Handler) check(ctx context.Context, vsn string) etf.Term {
	t, err := h.Check(ctx, vsn)
	if err != nil {
		return errorTerm(err)
	}
	return t.shown()
}

func (h *Handler) installRelease(ctx context.Context, vsn string, options etf.Term) etf.Term {
	o, err := h.ReadOptions(options)
	if err != nil {
		return errorTerm(err)
	}
	t, _, err := h.Install(ctx, vsn, o)
	if err != nil {
		return errorTerm(err)
	}
	return t.shown()
}

// shown is {ok, OtherVsn, Descr}.
func (t *Transition) shown() etf.Term {
	return etf.Tuple{etf.Atom("ok"), etf.Charlist(t.Other), etf.Charlist(t.Description)}
}

// ReadOptions reads the options of install_release/2. error_action and update_paths have nothing to say here. Those
// of our own are {busy, fail | wait | skip}, {resume, late | in_place}, {strict, Bool}, {canary, Count} and {canary,
// Count, Milliseconds}. The error is {error, {illegal_option, Option}}.
func (h *Handler) ReadOptions(t etf.Term) (Options, error) {
	o := h.config.Options
	list, ok := t.(etf.List)
	if !ok {
		return o, &Error{Reason: etf.Atom("badarg")}
	}
	for _, option := range list {
		pair, _ := option.(etf.Tuple)
		if !o.set(pair) {
			return o, errorOf("illegal_option", option)
		}
	}
	return o, nil
}

func (o *Options) set(option etf.Tuple) (ok bool) {
	if len(option) < 2 || len(option) > 3 {
		return false
	}
	name, _ := option[0].(etf.Atom)
	word, _ := option[1].(etf.Atom)
	if len(option) == 3 && name != "canary" {
		return false
	}
	switch name {
	case "error_action":
		return word == "restart" || word == "reboot"
	case "update_paths":
		return word == "true" || word == "false"
	case "suspend_timeout":
		o.SuspendTimeout, ok = duration(option[1])
	case "code_change_timeout":
		o.CodeChangeTimeout, ok = duration(option[1])
	case "undo_timeout":
		o.UndoTimeout, ok = duration(option[1])
	case "strict":
		o.Strict = word == "true"
		return word == "true" || word == "false"
	case "busy":
		o.Busy, ok = busyPolicies[word]
	case "resume":
		o.Resume, ok = resumePolicies[word]
	case "canary":
		count, isInt := option[1].(etf.Int)
		o.Canary.Count, ok = int(count), isInt && count > 0
		if len(option) == 3 {
			ms, isInt := option[2].(etf.Int)
			o.Canary.Watch, ok = time.Duration(ms)*time.Millisecond, ok && isInt && ms >= 0
		}
	}
	return ok
}

var (
	busyPolicies   = map[etf.Atom]BusyPolicy{"fail": BusyFail, "wait": BusyWait, "skip": BusySkip}
	resumePolicies = map[etf.Atom]ResumePolicy{"late": ResumeLate, "in_place": ResumeInPlace}
)

// evalScript is release_handler_1:eval_script/1 and /5: (Script, Apps, LibDirs, NewLibs, Opts).
func (h *Handler) evalScript(ctx context.Context, args etf.List) (etf.Term, error) {
	script, ok := args[0].(etf.List)
	var libs []Lib
	options := etf.Term(etf.List{})
	if len(args) == 5 {
		var isLibs bool
		libs, isLibs = libsOf(args[2])
		ok, options = ok && isLibs, args[4]
	}
	o, err := h.ReadOptions(options)
	if !ok || err != nil {
		return nil, badArgument("release_handler_1", "eval_script", args)
	}
	return h.evalResult(h.Eval(ctx, Script{Instructions: script, Libs: libs}, o))
}

// Eval executes a script in its turn. The releases stay what they are.
func (h *Handler) Eval(ctx context.Context, script Script, o Options) (*Report, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return h.execute(ctx, script, o)
}

// result is {ok, Unpurged}.
func (r *Report) result() etf.Term {
	list := etf.List{}
	for _, u := range r.Unpurged {
		list = append(list, etf.Tuple{u.Module, u.Purge})
	}
	return etf.Tuple{etf.Atom("ok"), list}
}

func okOr(err error) etf.Term {
	if err != nil {
		return errorTerm(err)
	}
	return etf.Atom("ok")
}

func okVsn(vsn string, err error) etf.Term {
	if err != nil {
		return errorTerm(err)
	}
	return etf.Tuple{etf.Atom("ok"), etf.Charlist(vsn)}
}

// errorTerm is {error, Reason}.
func errorTerm(err error) etf.Term {
	reason := etf.Term(etf.Tuple{etf.Atom("EXIT"), reasonOf(err)})
	var e *Error
	if errors.As(err, &e) {
		reason = e.Reason
	}
	return etf.Tuple{etf.Atom("error"), reason}
}
