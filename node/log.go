package node

import (
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
