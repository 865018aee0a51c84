package node

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node/internal/application"
	"github.com/gonode-otp/gonode/node/internal/operator"
)

// operatorHost is the node as the functions of operators see it: it implements operator.Host.
type operatorHost struct{ kernelHost }

// Exported implements operator.Modules.
func (h operatorHost) Exported(module, function etf.Atom, arity int) bool {
	return h.functions.Has(module, function, arity)
}

// Apply implements operator.Modules.
func (h operatorHost) Apply(ctx context.Context, module, function etf.Atom, args etf.List) (etf.Term,
	*genserv.Failure) {
	return h.functions.Apply(ctx, module, function, args)
}

// Functions implements operator.Modules.
func (h operatorHost) Functions(module etf.Atom) []operator.FunctionName {
	var all []operator.FunctionName
	h.functions.Each(func(m, f etf.Atom, arity int) {
		if m == module {
			all = append(all, operator.FunctionName{Name: f, Arity: arity})
		}
	})
	slices.SortFunc(all, operator.FunctionName.Compare)
	return all
}

// Modules implements operator.Modules.
func (h operatorHost) Modules() []etf.Atom {
	all := map[etf.Atom]struct{}{}
	h.functions.Each(func(m, _ etf.Atom, _ int) { all[m] = struct{}{} })
	for _, p := range h.registry.all() {
		all[p.loop.Code().Name()] = struct{}{}
	}
	names := make([]etf.Atom, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// IsModule implements operator.Modules.
func (h operatorHost) IsModule(module etf.Atom) bool {
	return len(h.Functions(module)) > 0 || h.IsServer(module)
}

// IsServer implements operator.Modules.
func (h operatorHost) IsServer(module etf.Atom) bool {
	return slices.ContainsFunc(h.registry.all(), func(p *process) bool {
		return p.loop.Code().Name() == module && !p.isFunction()
	})
}

// ModuleVsn implements operator.Modules.
func (h operatorHost) ModuleVsn(module etf.Atom) etf.Term {
	if h.cfg.Upgrade == nil {
		return nil
	}
	if current, known := h.cfg.Upgrade.Versions.Current(module); known && current != nil {
		return etf.Charlist(current.Vsn)
	}
	return nil
}

// Master implements operator.Modules.
func (h operatorHost) Master(app etf.Atom) (etf.Pid, bool) {
	for _, p := range h.registry.all() {
		if p.app == app && application.IsMaster(p.loop.Code()) {
			return p.pid, true
		}
	}
	return etf.Pid{}, false
}

// Exit implements operator.Actor.
func (h operatorHost) Exit(pid etf.Pid, reason etf.Term) {
	if pid.Node == h.name {
		h.exitSignal(h.self, pid, reason, nil)
		return
	}
	if via, err := h.peerFor(h.ctx, caller{pid: h.self}, pid.Node); err == nil { // else the signal is lost, as in OTP
		via.send(&dist.Exit2{From: h.self, To: pid}, reason)
	}
}

// End implements operator.Actor. The end begins when ctx has ended, which is after the answer of the function. A
// context that lives as long as the node is waited for in vain.
func (h operatorHost) End(ctx context.Context, reason etf.Term, now bool) {
	end := func() {
		if now {
			h.end.killRest()
		}
		if reason != nil {
			h.fail(reason)
			return
		}
		h.log.Warn("the node stops because another node asked for it")
		h.end.once.Do(func() { go h.stop() })
	}
	if ctx.Done() == h.ctx.Done() {
		end()
		return
	}
	context.AfterFunc(ctx, end)
}

// Self implements operator.Configured, and so do the methods below.
func (h operatorHost) Self() etf.Pid           { return h.self }
func (h operatorHost) Hidden() bool            { return !h.cfg.Visible }
func (h operatorHost) LongNames() bool         { return h.cfg.LongNames }
func (h operatorHost) TickTime() time.Duration { return h.cfg.tickTime() }
func (h operatorHost) Cookie() etf.Atom        { return etf.Atom(h.cookies.of("")) }

func (h operatorHost) SetCookie(node, cookie etf.Atom) error {
	if err := checkCookie("Cookie", string(cookie)); err != nil {
		return err
	}
	if node == h.name {
		node = ""
	}
	h.cookies.set(string(node), string(cookie))
	return nil
}

func (h operatorHost) EPMDNames(ctx context.Context) ([]operator.EPMDName, error) {
	ctx, cancel := context.WithTimeout(ctx, h.cfg.SetupTime)
	defer cancel()
	entries, err := epmd.Names(ctx, net.JoinHostPort(h.cfg.family.Loopback(), strconv.Itoa(int(h.cfg.EPMDPort))))
	names := make([]operator.EPMDName, len(entries))
	for i, e := range entries {
		names[i] = operator.EPMDName{Name: e.Name, Port: e.Port}
	}
	return names, err
}

// ProcessCount implements operator.Figures, and so do the methods below.
func (h operatorHost) ProcessCount() int         { return h.registry.count() }
func (h operatorHost) Traffic() (in, out uint64) { return h.peers.traffic() }
func (h operatorHost) Started() time.Time        { return h.started }
func (h operatorHost) Stopping() bool {
	h.startMu.RLock()
	defer h.startMu.RUnlock()
	return h.stopping
}

func (h operatorHost) Handled() uint64 {
	sum := h.handledBefore.Load() + h.spawns.count()
	for _, p := range h.registry.all() {
		sum += p.handledMessages()
	}
	return sum
}

// Warn implements operator.Logger.
func (h operatorHost) Warn(msg string, args ...any) { h.log.Warn(msg, args...) }

// LogLevel implements operator.Logger: without Config.LogLevel the lowest level of slog that the handler takes.
func (h operatorHost) LogLevel() slog.Level {
	if h.cfg.LogLevel != nil {
		return h.cfg.LogLevel.Level()
	}
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if h.log.Enabled(h.ctx, level) {
			return level
		}
	}
	return slog.LevelError + 16 // nothing is logged: none
}

// SetLogLevel implements operator.Logger.
func (h operatorHost) SetLogLevel(level slog.Level) bool {
	if h.cfg.LogLevel == nil {
		return false
	}
	h.cfg.LogLevel.Set(level)
	return true
}
