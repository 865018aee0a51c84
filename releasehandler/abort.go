package releasehandler

import (
	"context"

	"github.com/gonode-otp/gonode/codechange"
)

// underWay is an upgrade or a rehearsal that is under way.
type underWay struct {
	tracker *codechange.Tracker
	cancel  context.CancelCauseFunc
}

// Abort gives up the upgrade that is under way, or the rehearsal: it fails with the reason {'EXIT', aborted}, and what
// it has changed is undone. Abort does not wait for that. The error is a *codechange.Error with the reason no_upgrade
// if nothing is under way. Nothing in OTP corresponds to it.
func (h *Handler) Abort() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under == nil {
		return errorWord("no_upgrade", nil)
	}
	h.under.cancel(codechange.ErrAborted)
	return nil
}

// abortable makes what is about to be executed known to Overview and Abort, until it has ended.
func (h *Handler) abortable(ctx context.Context, o codechange.Options) (_ context.Context, _ codechange.Options,
	end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	o.Tracker = &codechange.Tracker{}
	h.mu.Lock()
	h.under = &underWay{o.Tracker, cancel}
	h.mu.Unlock()
	return ctx, o, func() {
		h.mu.Lock()
		h.under = nil
		h.mu.Unlock()
		cancel(nil)
	}
}
