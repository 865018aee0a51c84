package node

import (
	"context"
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/beamlog"
)

// logTo starts sending the events of processes to the node called name.
func (n *Node) logTo(name etf.Atom) slog.Handler {
	h := beamlog.New()
	n.goWork(func() {
		send := func(event etf.Term) error { return n.Send(n.ctx, etf.Tuple{etf.Atom("logger"), name}, event) }
		h.Run(n.ctx, send, n.log.With("to", string(name)))
	})
	return h
}

// processLog is the logger of a process.
func (n *Node) processLog(pid etf.Pid) *slog.Logger {
	local := n.log.With("pid", pid)
	if n.remoteLog == nil {
		return local
	}
	remote := n.remoteLog.WithAttrs([]slog.Attr{slog.Any("pid", genserv.LogTerm{Term: pid})})
	return slog.New(slog.NewMultiHandler(local.Handler(), remote))
}

// warnings passes on warnings and errors only: that the node has started its own processes need not be logged.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
