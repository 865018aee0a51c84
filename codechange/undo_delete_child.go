package codechange

import (
	"context"

	"github.com/gonode-otp/gonode/etf"
)

// childSpecToDelete returns the child spec that a call of supervisor:delete_child/2 is about to delete; nil for any
// other call.
func (r *run) childSpecToDelete(c mfa) etf.Term {
	if c.module != "supervisor" || c.function != "delete_child" || len(c.args) != 2 {
		return nil
	}
	result, err := r.host.Apply(r.ctx, c.module, "get_childspec", c.args)
	if t, ok := result.(etf.Tuple); ok && err == nil && len(t) == 2 && etf.IsAtom(t[0], "ok") {
		return t[1]
	}
	return nil
}

// undoDeleteChild gives a supervisor its child spec back, of a child that does not run. Only start_child adds a child
// spec, so the child is started and terminated. It is then the last of the children.
func (r *run) undoDeleteChild(c mfa, spec etf.Term) {
	start := mfa{c.module, "start_child", etf.List{c.args[0], spec}}
	r.undoByCall(c.string()+" by "+start.string(), func(ctx context.Context) error {
		if err := resultError(r.host.Apply(ctx, start.module, start.function, start.args)); err != nil {
			return err
		}
		return resultError(r.host.Apply(ctx, c.module, "terminate_child", c.args))
	})
}
