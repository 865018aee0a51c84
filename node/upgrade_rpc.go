package node

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/upgrade"
	"github.com/gonode-otp/gonode/releasehandler"
)

// exportUpgrade exports what gonode upgrade uses, beside what OTP's tools do: functions of a module gonode that
// answer with the report.
//
//	gonode:install_release(Vsn, Options)     {ok, {Other, Descr}, Report} | {error, Reason, Report}
//	gonode:rehearse_release(Vsn, Options)    the same, and nothing has changed
//	gonode:upgrade_app(App, Dir, Options)           the same for one application, see release_handler:upgrade_app/2
//	gonode:downgrade_app(App, Vsn, Dir, Options)    and downgrade_app/3, or /2 if Vsn is []
//	gonode:rehearse_upgrade_app(App, Dir, Options), gonode:rehearse_downgrade_app(App, Vsn, Dir, Options)
//	gonode:last_install()                    {Vsn, Began, Answer} of the last installation: Began in milliseconds since 1970,
//	                                         Answer as above, or the atom running; {{App, Vsn}, Began, Answer} if it was
//	                                         about one application; undefined if there was none
//	gonode:upgrade_overview()                a map, see releasehandler.Overview
//	gonode:linked_versions()                 a list of maps, see appup.Linked
//	gonode:abort_upgrade()                   ok | {error, no_upgrade}: what is under way is given up and undone
//	gonode:make_permanent(Vsn, Options)      release_handler:make_permanent(Vsn), which with the option purge ends the servers for
//	                                         whose sake that refuses
//
// If a file is to blame, or there is something to be done about it, the answer is {error, Reason, Report,
// [Finding]}: binaries with the place and what is wrong there, or what to do.
//
// Options are those of release_handler:install_release/2 and codechange.Options, and {progress, Pid}: Pid gets
// {progress, Step, Steps, Instruction, Processes} before each instruction. The report is a map, see
// codechange.Report; it is undefined if the upgrade was refused before it began.
//
// The lock of those who change several nodes is exported beside them, see exportUpgradeLock.
func (n *Node) exportUpgrade() {
	h := n.releases
	n.exportUpgradeLock()
	for name, do := range map[etf.Atom]func(context.Context, string, codechange.Options) (*codechange.Report, error){
		"install_release": h.Install, "rehearse_release": h.Rehearse,
	} {
		n.Export("gonode", name, 2, n.detached(func(ctx context.Context, args etf.List) (etf.Term, error) {
			options, ok := args[1].(etf.List)
			if !ok {
				return nil, ErrBadArgument
			}
			o, err := n.upgradeOptions(options)
			if err != nil {
				return upgradeAnswer(nil, err), nil
			}
			return upgradeAnswer(do(ctx, charlistOr(args[0], ""), o)), nil
		}))
	}
	n.exportAppUpgrade("upgrade_app", 3, func(ctx context.Context, app etf.Atom, _, dir string,
		o codechange.Options) (*codechange.Report, error) {
		return h.UpgradeApp(ctx, app, dir, o)
	})
	n.exportAppUpgrade("rehearse_upgrade_app", 3, func(ctx context.Context, app etf.Atom, _, dir string,
		o codechange.Options) (*codechange.Report, error) {
		return h.RehearseUpgradeApp(ctx, app, dir, o)
	})
	n.exportAppUpgrade("downgrade_app", 4, h.DowngradeApp)
	n.exportAppUpgrade("rehearse_downgrade_app", 4, h.RehearseDowngradeApp)
	n.Export("gonode", "upgrade_overview", 0, func(context.Context, etf.List) (etf.Term, error) {
		return etf.Marshal(h.Overview())
	})
	n.Export("gonode", "linked_versions", 0, func(context.Context, etf.List) (etf.Term, error) {
		return etf.Marshal(n.cfg.Upgrade.Versions.Linked())
	})
	n.Export("gonode", "abort_upgrade", 0, func(context.Context, etf.List) (etf.Term, error) {
		return okAnswer(h.Abort()), nil
	})
	n.Export("gonode", "make_permanent", 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return makePermanent(ctx, h, args)
	})
	n.Export("gonode", "last_install", 0, func(context.Context, etf.List) (etf.Term, error) { return lastInstall(h), nil })
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
		return nil, ErrBadArgument
	}
	return okAnswer(do(ctx, charlistOr(args[0], ""))), nil
}

// okAnswer is ok, {error, Reason}, or {error, Reason, [Finding]}.
func okAnswer(err error) etf.Term {
	var failed *codechange.Error
	switch {
	case err == nil:
		return etf.Atom("ok")
	case !errors.As(err, &failed):
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())}
	}
	if found := findings(err); len(found) > 0 {
		return etf.Tuple{etf.Atom("error"), failed.Reason, found}
	}
	return etf.Tuple{etf.Atom("error"), failed.Reason}
}

// exportAppUpgrade exports a function with the arguments (App, Dir, Options), or (App, Vsn, Dir, Options).
func (n *Node) exportAppUpgrade(name etf.Atom, arity int,
	do func(ctx context.Context, app etf.Atom, vsn, dir string, o codechange.Options) (*codechange.Report, error)) {
	n.Export("gonode", name, arity, n.detached(func(ctx context.Context, args etf.List) (etf.Term, error) {
		app, ok1 := args[0].(etf.Atom)
		options, ok2 := args[arity-1].(etf.List)
		if !ok1 || !ok2 {
			return nil, ErrBadArgument
		}
		vsn := ""
		if arity == 4 {
			vsn = charlistOr(args[1], "")
		}
		o, err := n.upgradeOptions(options)
		if err != nil {
			return upgradeAnswer(nil, err), nil
		}
		return upgradeAnswer(do(ctx, app, vsn, charlistOr(args[arity-2], ""), o)), nil
	}))
}

// upgradeOptions reads the options of an upgrade that gonode upgrade has asked for.
func (n *Node) upgradeOptions(options etf.List) (codechange.Options, error) {
	rest, progress := n.progressOption(options)
	o, err := n.releases.ReadOptions(rest)
	o.Progress = progress
	return o, err
}

func lastInstall(h *releasehandler.Handler) etf.Term {
	a, ok := h.LastAttempt()
	if !ok {
		return etf.Atom("undefined")
	}
	answer := etf.Term(etf.Atom("running"))
	if !a.Running {
		answer = upgradeAnswer(a.Report, a.Err)
	}
	to := etf.Term(etf.Charlist(a.To))
	if a.App != "" {
		to = etf.Tuple{a.App, to}
	}
	return etf.Tuple{to, etf.Int(a.Began.UnixMilli()), answer}
}

// progressOption takes {progress, Pid} out of a list of options.
func (n *Node) progressOption(options etf.List) (rest etf.List, progress func(codechange.Progress)) {
	rest = etf.List{}
	for _, o := range options {
		pair, _ := o.(etf.Tuple)
		if len(pair) != 2 || !etf.IsAtom(pair[0], "progress") {
			rest = append(rest, o)
			continue
		}
		progress = func(p codechange.Progress) {
			if pid, ok := pair[1].(etf.Pid); ok {
				n.tell(pid, etf.Tuple{pair[0], etf.Int(p.Step), etf.Int(p.Steps), p.Instruction, etf.Int(p.Processes)})
			}
		}
	}
	return rest, progress
}

// tell sends a message over a connection that is up, and otherwise drops it: an upgrade waits for nobody who only
// looks on.
func (n *Node) tell(pid etf.Pid, msg etf.Term) {
	if pid.Node == n.name {
		n.sendLocal(destination{pid: pid}, msg, nil, nil)
	} else if p := n.peers.up(pid.Node); p != nil && p.usable() {
		p.send(&dist.Send{From: n.self, To: pid}, msg)
	}
}

func upgradeAnswer(report *codechange.Report, err error) etf.Term {
	told := etf.Term(etf.Atom("undefined"))
	if report != nil {
		told = report.Term()
	}
	var failed *codechange.Error
	isFailed := errors.As(err, &failed)
	if found := findings(err); isFailed && len(found) > 0 {
		return etf.Tuple{etf.Atom("error"), failed.Reason, told, found}
	}
	switch {
	case isFailed:
		return etf.Tuple{etf.Atom("error"), failed.Reason, told}
	case err != nil:
		return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error()), told}
	}
	t := report.Transition
	return etf.Tuple{etf.Atom("ok"), etf.Tuple{etf.Charlist(t.Other), etf.Charlist(t.Description)}, told}
}

// findings are the places in files that an error is about, with what is wrong there.
func findings(err error) etf.List {
	var place *appup.Error
	var all *appup.FileError
	var syntax *etf.ParseError
	var hint *codechange.Hint
	found := etf.List{}
	if errors.As(err, &hint) {
		found = append(found, etf.Binary(hint.Text))
	}
	if errors.As(err, &place) {
		found = append(found, etf.Binary(place.Error()))
	}
	if errors.As(err, &syntax) {
		found = append(found, etf.Binary(syntax.Error()))
	}
	if errors.As(err, &all) {
		for _, f := range all.Findings {
			found = append(found, etf.Binary(f.Error()))
		}
	}
	return found
}

// charlistOr returns the text of a charlist, or otherwise if t is none.
func charlistOr(t etf.Term, otherwise string) string {
	if text, ok := etf.AsCharlist(t); ok {
		return text
	}
	return otherwise
}

// exportUpgradeLock exports the functions of the lock that whoever changes several nodes takes on each of them:
//
//	gonode:lock_upgrades(Pid, Who)     ok | {error, {locked, Pid, Who}}: Pid holds the lock until it ends or gives
//	                                   it back
//	gonode:unlock_upgrades(Pid)        ok | {error, not_locked}
func (n *Node) exportUpgradeLock() {
	n.Export("gonode", "lock_upgrades", 2, func(ctx context.Context, args etf.List) (etf.Term, error) {
		pid, ok := args[0].(etf.Pid)
		if !ok {
			return nil, ErrBadArgument
		}
		return upgrade.Lock(ctx, n, pid, args[1])
	})
	n.Export("gonode", "unlock_upgrades", 1, func(ctx context.Context, args etf.List) (etf.Term, error) {
		return upgrade.Unlock(ctx, n, args[0])
	})
}
