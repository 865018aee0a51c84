package releasehandler

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// requestKey is the tag of a request of the gen_server release_handler, and how many elements follow it.
type requestKey struct {
	tag   etf.Atom
	arity int
}

// Request answers a request to the gen_server release_handler: handle_call/3 of release_handler.erl. The arguments are
// those of the function of the same name, but in the order of OTP's protocol. known is false for a request that OTP has
// no clause for.
func (h *Handler) Request(ctx context.Context, request etf.Term) (reply etf.Term, known bool) {
	if etf.IsAtom(request, "which_releases") {
		return h.whichReleases(ctx, nil), true
	}
	t, _ := request.(etf.Tuple)
	if len(t) < 2 {
		return nil, false
	}
	tag, _ := t[0].(etf.Atom)
	args := etf.List(t[1:])
	switch (requestKey{tag, len(args)}) {
	case requestKey{"unpack_release", 1}:
		return h.unpackRelease(ctx, args), true
	case requestKey{"set_unpacked", 2}:
		return h.setUnpacked(ctx, args), true
	case requestKey{"install_file", 2}: // File, Vsn
		return h.installFile(ctx, etf.List{args[1], args[0]}), true
	case requestKey{"check_install_release", 2}: // Vsn, Purge
		return h.checkInstallRelease(ctx, args[:1]), true
	case requestKey{"install_release", 3}: // Vsn, ErrorAction, Options
		return h.installRelease(ctx, etf.List{args[0], args[2]}), true
	case requestKey{"make_permanent", 1}:
		return h.makePermanentVsn(ctx, args), true
	case requestKey{"reboot_old_release", 1}:
		return h.rebootOldRelease(ctx, args), true
	case requestKey{"remove_release", 1}:
		return h.removeRelease(ctx, args), true
	case requestKey{"set_removed", 1}:
		return h.setRemoved(ctx, args), true
	}
	return nil, false
}

// whichReleases serves which_releases/0 and /1: [{Name, Vsn, ["App-Vsn"], Status}]. With a status it is
// get_releases_with_status/3, which turns the order around.
func (h *Handler) whichReleases(_ context.Context, args etf.List) etf.Term {
	list := etf.List{}
	for _, r := range h.Releases() {
		if len(args) == 0 || etf.Equal(etf.Atom(r.Status), args[0]) {
			list = append(list, r.summary())
		}
	}
	if len(args) > 0 {
		slices.Reverse(list)
	}
	return list
}

// withString calls do with a version or name. A term that is no string names no release.
func withString(t etf.Term, do func(string) etf.Term) etf.Term {
	s, ok := etf.AsCharlist(t)
	if !ok {
		return errorTerm(errorOf("no_such_release", t))
	}
	return do(s)
}

// unpackRelease serves unpack_release/1: (Name).
func (h *Handler) unpackRelease(ctx context.Context, args etf.List) etf.Term {
	return withString(args[0], func(name string) etf.Term { return okVsn(h.Unpack(ctx, name)) })
}

// setUnpacked serves set_unpacked/2: (RelFile, LibDirs).
func (h *Handler) setUnpacked(ctx context.Context, args etf.List) etf.Term {
	file, ok1 := etf.AsCharlist(args[0])
	libs, ok2 := libsOf(args[1])
	if !ok1 || !ok2 {
		return errorTerm(errorWord("badarg", nil))
	}
	return okVsn(h.SetUnpacked(ctx, file, libs))
}

// installFile serves install_file/2: (Vsn, File).
func (h *Handler) installFile(ctx context.Context, args etf.List) etf.Term {
	name, ok := etf.AsCharlist(args[1])
	if !ok {
		return errorTerm(errorWord("badarg", nil))
	}
	return withString(args[0], func(vsn string) etf.Term { return okOr(h.InstallFile(ctx, vsn, name)) })
}

// checkInstallRelease serves check_install_release/1 and /2: (Vsn, Options). The only option is purge, of code that no
// process runs; there is none here.
func (h *Handler) checkInstallRelease(ctx context.Context, args etf.List) etf.Term {
	if len(args) == 2 {
		options, ok := args[1].(etf.List)
		if !ok {
			return errorTerm(errorWord("badarg", nil))
		}
		for _, o := range options {
			if !etf.IsAtom(o, "purge") {
				return errorTerm(errorOf("illegal_option", o))
			}
		}
	}
	return withString(args[0], func(vsn string) etf.Term {
		t, err := h.Check(ctx, vsn)
		return okTransition(t, err)
	})
}

// installRelease serves install_release/1 and /2: (Vsn, Options).
func (h *Handler) installRelease(ctx context.Context, args etf.List) etf.Term {
	options := etf.Term(etf.List{})
	if len(args) == 2 {
		options = args[1]
	}
	return withString(args[0], func(vsn string) etf.Term {
		o, err := h.ReadOptions(options)
		if err != nil {
			return errorTerm(err)
		}
		report, err := h.Install(ctx, vsn, o)
		if err != nil {
			return errorTerm(err)
		}
		return okTransition(report.Transition, nil)
	})
}

// makePermanentVsn serves make_permanent/1: (Vsn).
func (h *Handler) makePermanentVsn(ctx context.Context, args etf.List) etf.Term {
	return withString(args[0], func(vsn string) etf.Term { return okOr(h.MakePermanent(ctx, vsn)) })
}

// rebootOldRelease serves reboot_old_release/1: (Vsn).
func (h *Handler) rebootOldRelease(ctx context.Context, args etf.List) etf.Term {
	return withString(args[0], func(vsn string) etf.Term { return okOr(h.RebootOld(ctx, vsn)) })
}

// removeRelease serves remove_release/1: (Vsn).
func (h *Handler) removeRelease(ctx context.Context, args etf.List) etf.Term {
	return withString(args[0], func(vsn string) etf.Term { return okOr(h.Remove(ctx, vsn)) })
}

// setRemoved serves set_removed/1: (Vsn).
func (h *Handler) setRemoved(ctx context.Context, args etf.List) etf.Term {
	return withString(args[0], func(vsn string) etf.Term { return okOr(h.SetRemoved(ctx, vsn)) })
}

// okOr is ok or {error, Reason}.
func okOr(err error) etf.Term {
	if err != nil {
		return errorTerm(err)
	}
	return etf.Atom("ok")
}

// okVsn is {ok, Vsn} or {error, Reason}.
func okVsn(vsn string, err error) etf.Term {
	if err != nil {
		return errorTerm(err)
	}
	return etf.Tuple{etf.Atom("ok"), etf.Charlist(vsn)}
}

// okTransition is {ok, OtherVsn, Descr} or {error, Reason}.
func okTransition(t *codechange.Transition, err error) etf.Term {
	if err != nil {
		return errorTerm(err)
	}
	return etf.Tuple{etf.Atom("ok"), etf.Charlist(t.Other), etf.Charlist(t.Description)}
}

// ReadOptions reads the options of install_release/2. Those that the list does not name are as in Config.Options. The
// error is a *codechange.Error with the reason badarg or {illegal_option, Option}; see codechange.Options.With.
func (h *Handler) ReadOptions(list etf.Term) (codechange.Options, error) {
	return h.config.Options.With(list)
}
