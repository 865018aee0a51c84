package node

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/tlsdist"
)

// maxRefusals is the number of warnings about refused connections in a minute. It is bounded because anybody can open
// connections.
const maxRefusals = 10

// refusals bounds the warnings about connections that were refused.
type refusals struct {
	mu    sync.Mutex
	began time.Time // of the minute
	count int       // in it
}

// countRefusal reports whether to log a warning, and how many warnings were left out in the minute before.
func (r *refusals) countRefusal(now time.Time) (warn bool, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.began) >= time.Minute {
		left = max(0, r.count-maxRefusals)
		r.began, r.count = now, 0
	}
	r.count++
	return r.count <= maxRefusals, left
}

// refusedIncoming logs a connection that was not accepted.
func (n *Node) refusedIncoming(from net.Addr, err error) {
	n.logRefusal(slog.LevelInfo, "refused a connection", err, "from", from)
}

// refusedOutgoing logs an attempt of ours that has failed.
func (n *Node) refusedOutgoing(peer etf.Atom, err error) {
	n.logRefusal(slog.LevelDebug, "connect failed", err, "peer", string(peer))
}

// logRefusal logs a refused connection. A wrong cookie or certificate is a warning, because an administrator has to
// act on it. Everything else is logged at the level otherwise. OTP: "Connection attempt from node ~w rejected. Invalid
// challenge reply."
func (n *Node) logRefusal(otherwise slog.Level, text string, err error, args ...any) {
	level := otherwise
	if isUnproven(err) {
		warn, left := n.refusals.countRefusal(time.Now())
		if left > 0 {
			n.log.Warn("more connections were refused", "count", left)
		}
		if level = slog.LevelDebug; warn {
			level = slog.LevelWarn
		}
	}
	n.log.Log(n.ctx, level, text, append(args, "error", err)...)
}

// isUnproven reports whether a connection failed because a cookie or a certificate was not accepted, or because no TLS
// version or cipher was agreed on. A peer that does not speak TLS, sends nothing or hangs up has tried neither.
func isUnproven(err error) bool {
	var (
		refused  *dist.HandshakeError
		insecure *tlsdist.HandshakeError
		record   tls.RecordHeaderError
		broken   *net.OpError
	)
	switch {
	case tlsdist.Alert(err) != "":
		return true
	case errors.As(err, &refused):
		return refused.Reason == dist.ReasonCookie
	case errors.As(err, &insecure):
		return !insecure.Timeout() && !errors.As(err, &record) && !errors.As(err, &broken) && !errors.Is(err, io.EOF)
	}
	return false
}
