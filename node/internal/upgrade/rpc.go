package upgrade

import (
	"context"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
	"github.com/gonode-otp/gonode/releasehandler"
)

// Functions returns what gonode upgrade uses, beside what OTP's tools do: functions of a module gonode that answer with
// the report.
//
//	gonode:install_release(Vsn, Options)            {ok, {Other, Descr}, Report} | {error, Reason, Report}
//	gonode:rehearse_release(Vsn, Options)           the same, and nothing has changed
//	gonode:upgrade_app(App, Dir, Options)           the same for one application, see release_handler:upgrade_app/2
//	gonode:downgrade_app(App, Vsn, Dir, Options)    and downgrade_app/3, or /2 if Vsn is []
//	gonode:rehearse_upgrade_app(App, Dir, Options), gonode:rehearse_downgrade_app(App, Vsn, Dir, Options)
//	gonode:last_install()                           {Vsn, Began, Answer} of the last installation: Began in
//	                                                milliseconds since 1970, Answer as above, or the atom running;
//	                                                {{App, Vsn}, Began, Answer} if it was about one application;
//	                                                undefined if there was none
//	gonode:upgrade_overview()                       a map, see releasehandler.Overview
//	gonode:linked_versions()                        a list of maps, see appup.Linked
//	gonode:abort_upgrade()                          ok | {error, no_upgrade}: what is under way is given up and undone
//	gonode:make_permanent(Vsn, Options)             release_handler:make_permanent(Vsn), which with the option purge
//	                                                ends the servers for whose sake that refuses
//
// If a file is to blame, or there is something to be done about it, the answer is {error, Reason, Report,
// [Finding]}: binaries with the place and what is wrong there, or what to do.
//
// Options are those of release_handler:install_release/2 and codechange.Options, and {progress, Pid}: Pid gets
// {progress, Step, Steps, Instruction, Processes} before each instruction. The report is a map, see
// codechange.Report; it is undefined if the upgrade was refused before it began.
//
// The lock is that of whoever changes several nodes and takes it on each of them:
//
//	gonode:lock_upgrades(Pid, Who)                  ok | {error, {locked, Pid, Who}}: Pid holds the lock until it ends
//	                                                or gives it back
//	gonode:unlock_upgrades(Pid)                     ok | {error, not_locked}
func Functions(host *Host, h *releasehandler.Handler, versions *codechange.Versions) []releasehandler.Function {
	f := functions{node: host, releases: h}
	f.add("install_release", 2, f.release(h.Install))
	f.add("rehearse_release", 2, f.release(h.Rehearse))
	f.add("upgrade_app", 3, f.application(3, upward(h.UpgradeApp)))
	f.add("rehearse_upgrade_app", 3, f.application(3, upward(h.RehearseUpgradeApp)))
	f.add("downgrade_app", 4, f.application(4, h.DowngradeApp))
	f.add("rehearse_downgrade_app", 4, f.application(4, h.RehearseDowngradeApp))
	f.add("last_install", 0, func(context.Context, etf.List) (etf.Term, error) { return lastInstall(h), nil })
	f.add("upgrade_overview", 0, func(context.Context, etf.List) (etf.Term, error) { return etf.Marshal(h.Overview()) })
	f.add("linked_versions", 0, func(context.Context, etf.List) (etf.Term, error) {
		return etf.Marshal(versions.Linked())
	})
	f.add("abort_upgrade", 0, func(context.Context, etf.List) (etf.Term, error) { return okAnswer(h.Abort()), nil })
	f.add("make_permanent", 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return makePermanent(ctx, h, args)
	})
	f.add("lock_upgrades", 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
		pid, ok := args[0].(etf.Pid)
		if !ok {
			return nil, kernel.ErrBadArgument
		}
		return Lock(ctx, host, pid, args[1])
	})
	f.add("unlock_upgrades", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return Unlock(ctx, host, args[0])
	})
	return f.all
}

// functions makes those of Functions.
type functions struct {
	node     Nodes
	releases *releasehandler.Handler
	all      []releasehandler.Function
}

func (f *functions) add(name etf.Atom, arity int, call kernel.Function) {
	f.all = append(f.all, releasehandler.Function{Module: "gonode", Name: name, Arity: arity, Call: call})
}

// release serves a function with the arguments (Vsn, Options).
func (f *functions) release(
	do func(ctx context.Context, vsn string, o codechange.Options) (*codechange.Report, error),
) kernel.Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		options, ok := args[1].(etf.List)
		if !ok {
			return nil, kernel.ErrBadArgument
		}
		o, err := f.options(options)
		if err != nil {
			return upgradeAnswer(nil, err), nil
		}
		return upgradeAnswer(do(ctx, charlistOr(args[0], ""), o)), nil
	}
}

// ofApplication changes one application. vsn is the version that a downgrade goes to, if it is said.
type ofApplication = func(ctx context.Context, app etf.Atom, vsn, dir string, o codechange.Options) (*codechange.Report,
	error)

// upward makes a function about one application of one that goes to no version but the newest.
func upward(
	do func(ctx context.Context, app etf.Atom, dir string, o codechange.Options) (*codechange.Report, error),
) ofApplication {
	return func(ctx context.Context, app etf.Atom, _, dir string, o codechange.Options) (*codechange.Report, error) {
		return do(ctx, app, dir, o)
	}
}

// application serves a function with the arguments (App, Dir, Options), or (App, Vsn, Dir, Options).
func (f *functions) application(arity int, do ofApplication) kernel.Function {
	return func(ctx context.Context, args etf.List) (etf.Term, error) {
		app, ok1 := args[0].(etf.Atom)
		options, ok2 := args[arity-1].(etf.List)
		if !ok1 || !ok2 {
			return nil, kernel.ErrBadArgument
		}
		vsn := ""
		if arity == 4 {
			vsn = charlistOr(args[1], "")
		}
		o, err := f.options(options)
		if err != nil {
			return upgradeAnswer(nil, err), nil
		}
		return upgradeAnswer(do(ctx, app, vsn, charlistOr(args[arity-2], ""), o)), nil
	}
}

// options reads the options of an upgrade that gonode upgrade has asked for.
func (f *functions) options(options etf.List) (codechange.Options, error) {
	rest, progress := f.progressOption(options)
	o, err := f.releases.ReadOptions(rest)
	o.Progress = progress
	return o, err
}

// progressOption takes {progress, Pid} out of a list of options.
func (f *functions) progressOption(options etf.List) (rest etf.List, progress func(codechange.Progress)) {
	rest = etf.List{}
	for _, o := range options {
		pair, _ := o.(etf.Tuple)
		if len(pair) != 2 || !etf.IsAtom(pair[0], "progress") {
			rest = append(rest, o)
			continue
		}
		progress = func(p codechange.Progress) {
			if pid, ok := pair[1].(etf.Pid); ok {
				f.node.Tell(pid, etf.Tuple{pair[0], etf.Int(p.Step), etf.Int(p.Steps), p.Instruction, etf.Int(p.Processes)})
			}
		}
	}
	return rest, progress
}

// makePermanent serves gonode:make_permanent/2.
func makePermanent(ctx context.Context, h *releasehandler.Handler, args etf.List) (etf.Term, error) {
	options, ok := args[1].(etf.List)
	do := h.MakePermanent
	for _, o := range options {
		ok = ok && etf.IsAtom(o, "purge")
		do = h.MakePermanentAndPurge
	}
	if !ok {
		return nil, kernel.ErrBadArgument
	}
	return okAnswer(do(ctx, charlistOr(args[0], ""))), nil
}
