package releasehandler

import (
	"time"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

// Attempt is an installation that has begun. The handler remembers the last one, so that a caller that lost the
// connection, or gave up waiting, can see what became of it.
type Attempt struct {
	// App is the application that was changed without a release, see UpgradeApp; "" if a release was installed.
	App      etf.Atom
	From, To string // the releases, or the versions of the application
	Began    time.Time
	// Running says that it has not ended yet. Report and Err are then nil.
	Running bool
	// Report and Err are what Install returned.
	Report *codechange.Report
	Err    error
}

// LastAttempt returns the last installation, whichever way it was asked for; ok is false if there was none since the
// program started. One that was refused before anything had begun does not count.
func (h *Handler) LastAttempt() (a Attempt, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attempt, !h.attempt.Began.IsZero()
}

// begin notes that an installation begins, and returns what notes its end.
func (h *Handler) begin(app etf.Atom, from, to string) (end func(*codechange.Report, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attempt = Attempt{App: app, From: from, To: to, Began: time.Now(), Running: true}
	return func(report *codechange.Report, err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.attempt.Running, h.attempt.Report, h.attempt.Err = false, report, err
	}
}
