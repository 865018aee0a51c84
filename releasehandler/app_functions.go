package releasehandler

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// appFunctions are the functions of release_handler that are about one application.
func (h *Handler) appFunctions() []Function {
	f := functionsOf{module: "release_handler"}
	f.add("eval_appup_script", 4, h.evalAppupScript)
	f.add("upgrade_app", 2, h.upgradeApp)
	f.add("downgrade_app", 2, h.downgradeApp)
	f.add("downgrade_app", 3, h.downgradeApp)
	f.add("upgrade_script", 2, h.upgradeScript)
	f.add("downgrade_script", 3, h.downgradeScript)
	return f.all
}

// evalAppupScript serves eval_appup_script/4: (App, Vsn, Dir, Script).
func (h *Handler) evalAppupScript(ctx context.Context, args etf.List) (etf.Term, error) {
	app, ok1 := args[0].(etf.Atom)
	vsn, ok2 := etf.AsCharlist(args[1])
	dir, ok3 := nameOf(args[2])
	script, ok4 := args[3].(etf.List)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return nil, badArgument("release_handler", "eval_appup_script", args)
	}
	return evalResult(h.EvalAppup(ctx, app, vsn, dir, script, h.config.Options))
}

// upgradeApp serves upgrade_app/2: (App, Dir).
func (h *Handler) upgradeApp(ctx context.Context, args etf.List) (etf.Term, error) {
	a, refusal, err := readAppArgs("upgrade_app", args)
	if refusal != nil || err != nil {
		return refusal, err
	}
	return evalResult(h.UpgradeApp(ctx, a.app, a.dir, h.config.Options))
}

// downgradeApp serves downgrade_app/2 and /3: (App, Dir) and (App, Vsn, Dir).
func (h *Handler) downgradeApp(ctx context.Context, args etf.List) (etf.Term, error) {
	a, refusal, err := readAppArgs("downgrade_app", args)
	if refusal != nil || err != nil {
		return refusal, err
	}
	return evalResult(h.DowngradeApp(ctx, a.app, a.vsn, a.dir, h.config.Options))
}

// upgradeScript serves upgrade_script/2: (App, Dir).
func (h *Handler) upgradeScript(ctx context.Context, args etf.List) (etf.Term, error) {
	a, refusal, err := readAppArgs("upgrade_script", args)
	if refusal != nil || err != nil {
		return refusal, err
	}
	vsn, script, err := h.UpgradeScript(ctx, a.app, a.dir)
	return scriptResult(etf.Tuple{etf.Atom("ok"), etf.Charlist(vsn), script}, err)
}

// downgradeScript serves downgrade_script/3: (App, Vsn, Dir).
func (h *Handler) downgradeScript(ctx context.Context, args etf.List) (etf.Term, error) {
	a, refusal, err := readAppArgs("downgrade_script", args)
	if refusal != nil || err != nil {
		return refusal, err
	}
	script, err := h.DowngradeScript(ctx, a.app, a.vsn, a.dir)
	return scriptResult(etf.Tuple{etf.Atom("ok"), script}, err)
}

// appArgs are the arguments of the functions that upgrade one application.
type appArgs struct {
	app      etf.Atom
	vsn, dir string
}

// readAppArgs reads (App, Dir) or (App, Vsn, Dir). An application that is no atom is refused as one that does not run.
func readAppArgs(function etf.Atom, args etf.List) (a appArgs, refusal etf.Term, err error) {
	dir, ok := nameOf(args[len(args)-1])
	a.dir = dir
	if ok && len(args) == 3 {
		a.vsn, ok = etf.AsCharlist(args[1])
	}
	if !ok {
		return a, nil, badArgument("release_handler", function, args)
	}
	if a.app, ok = args[0].(etf.Atom); !ok {
		return a, errorTerm(errorOf("app_not_running", args[0])), nil
	}
	return a, nil, nil
}

// scriptResult is what upgrade_script and downgrade_script return. They throw the reason of an error.
func scriptResult(result etf.Term, err error) (etf.Term, error) {
	var raised *raisedError
	var failed *codechange.Error
	switch {
	case errors.As(err, &raised):
		return nil, raised.failure()
	case errors.As(err, &failed):
		return nil, &genserv.Failure{Class: "throw", Reason: failed.Reason}
	case err != nil:
		return nil, err
	}
	return result, nil
}
