package beamlog

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// queueSize is how many events may wait to be sent. What exceeds it is dropped, as OTP does with events for a node that
// is slow (logger_proxy:handle_load/2).
const queueSize = 1000

// Handler is a slog.Handler whose events go to the logger of a BEAM node.
type Handler struct {
	queue   chan etf.Tuple
	dropped *atomic.Int64 // since the last event that was sent
	attrs   []slog.Attr
	group   string
}

// New returns a handler. Its events wait until Run sends them.
func New() *Handler {
	return &Handler{queue: make(chan etf.Tuple, queueSize), dropped: new(atomic.Int64)}
}

// Run sends the events one after the other, so that who logs waits for no connection, and returns when ctx ends. send
// sends a term to the process logger of the other node. What cannot be sent, or was dropped, is reported to log.
func (h *Handler) Run(ctx context.Context, send func(event etf.Term) error, log *slog.Logger) {
	for {
		select {
		case event := <-h.queue:
			if err := send(event); err != nil {
				log.Warn("event not sent", "error", err)
			}
			if dropped := h.dropped.Swap(0); dropped > 0 {
				log.Warn("events dropped", "count", dropped)
			}
		case <-ctx.Done():
			return
		}
	}
}

// Enabled implements slog.Handler. The level of the other node's logger decides further.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	c := *h
	c.attrs = slices.Concat(h.attrs, h.qualify(attrs))
	return &c
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.group += name + "."
	return &c
}

// qualify puts the name of the group in front of the keys.
func (h *Handler) qualify(attrs []slog.Attr) []slog.Attr {
	if h.group == "" {
		return attrs
	}
	qualified := inlineGroups(attrs)
	for i := range qualified {
		qualified[i].Key = h.group + qualified[i].Key
	}
	return qualified
}

// inlineGroups returns attributes as a slog.Handler has to show them: a slog.LogValuer is resolved, a group without a
// name is replaced by its attributes, and empty attributes and groups are left out.
func inlineGroups(attrs []slog.Attr) []slog.Attr {
	all := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if _, isTerm := a.Value.Any().(genserv.LogTerm); !isTerm { // which stays a term
			a.Value = a.Value.Resolve()
		}
		switch {
		case a.Equal(slog.Attr{}):
		case a.Value.Kind() != slog.KindGroup:
			all = append(all, a)
		case a.Key == "":
			all = append(all, inlineGroups(a.Value.Group())...)
		default:
			if group := inlineGroups(a.Value.Group()); len(group) > 0 {
				all = append(all, slog.Attr{Key: a.Key, Value: slog.GroupValue(group...)})
			}
		}
	}
	return all
}

// Handle implements slog.Handler.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	var own []slog.Attr
	r.Attrs(func(a slog.Attr) bool { own = append(own, a); return true })
	select {
	case h.queue <- logEvent(r, h.attrs, h.qualify(own)):
	default:
		h.dropped.Add(1)
	}
	return nil
}
