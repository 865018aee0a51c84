package releasehandler

import (
	"context"
	"slices"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// EvalAppup executes a low-level script that leads to a version of one application, which lies in dir, and gives the
// application its new description and configuration: release_handler:eval_appup_script/4. The releases stay what they
// are.
//
// The error is a *codechange.Error; the report is nil if nothing had begun. Differs from OTP: what was configured by
// sys.config and at run time stays.
func (h *Handler) EvalAppup(ctx context.Context, app etf.Atom, vsn, dir string, script etf.List,
	o codechange.Options) (*codechange.Report, error) {
	return h.applyTransition(ctx, h.evalAppup, o, func() (appTransition, error) {
		from, _ := h.runningLib(ctx, app)
		return appTransition{from, codechange.Lib{App: app, Vsn: vsn, Dir: dir}, script}, nil
	})
}

func (h *Handler) evalAppup(ctx context.Context, app appTransition, o codechange.Options) (report *codechange.Report,
	err error) {
	if !h.files.isFile(h.appFile(app.to)) {
		return nil, &raisedError{errorWord("enoent", nil), "throw"}
	}
	t := app.transition()
	end := h.begin(app.to.App, t.From, t.To)
	defer func() { end(report, err) }()
	running, _ := h.runningRelease()
	report, err = h.executeWith(ctx, t, []codechange.Lib{app.to}, h.files.inRelease(running.Vsn, "sys.config"), o)
	if err == nil {
		h.replaceDir(app.to)
	}
	return report, err
}

// startedLib returns the version of an application that the node has started, and where it lies. Without one the Vsn
// is empty.
func (h *Handler) startedLib(ctx context.Context, app etf.Atom) codechange.Lib {
	if h.config.Applications == nil {
		return codechange.Lib{App: app}
	}
	all, _ := h.config.Applications.Running(ctx)
	for _, a := range all {
		if a.App == app {
			return h.libOf(app, a.Vsn)
		}
	}
	return codechange.Lib{App: app}
}

// libOf tells where a version of an application lies: code:lib_dir/1 if it is the one that runs.
func (h *Handler) libOf(app etf.Atom, vsn string) codechange.Lib {
	h.mu.Lock()
	defer h.mu.Unlock()
	release, _ := h.runningRelease()
	for _, l := range slices.Concat(h.replacedLibs, release.Libs) {
		if l.App == app && l.Vsn == vsn {
			return l
		}
	}
	return codechange.Lib{App: app, Vsn: vsn, Dir: "lib/" + string(app) + "-" + vsn}
}

// replaceDir notes where an application lies that was changed without a release: code:replace_path/2.
func (h *Handler) replaceDir(lib codechange.Lib) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.replacedLibs = append([]codechange.Lib{lib},
		slices.DeleteFunc(h.replacedLibs, func(l codechange.Lib) bool { return l.App == lib.App })...)
}
