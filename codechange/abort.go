package codechange

import (
	"context"
	"errors"

	"github.com/gonode-otp/gonode/etf"
)

const noUpgrade = etf.Atom("no_upgrade")

// ErrAborted is why an upgrade failed that was given up by Handler.Abort.
var ErrAborted = errors.New("codechange: the upgrade was given up")

// Abort gives up the upgrade that is under way, or the rehearsal: what it has changed is undone as if it had
// failed, with the reason {'EXIT', aborted}. It does not wait for that. The error is an *Error with the reason
// no_upgrade if there is none. Nothing in OTP corresponds to it.
func (h *Handler) Abort() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.under == nil {
		return &Error{Reason: noUpgrade}
	}
	h.under.stop()
	return nil
}

// abortable makes what is about to be executed known to Overview and Abort, until it has ended.
func (h *Handler) abortable(ctx context.Context, o Options) (_ context.Context, _ Options, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	o.under = &underWay{stop: func() { cancel(ErrAborted) }}
	h.mu.Lock()
	h.under = o.under
	h.mu.Unlock()
	return ctx, o, func() {
		h.mu.Lock()
		h.under = nil
		h.mu.Unlock()
		cancel(nil)
	}
}
