package operator

import (
	"context"
	"log/slog"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// logger returns the functions of the module logger. The primary level is that of Config.LogLevel. There is one
// handler, default, which is the slog.Handler of the node.
func (o operator) logger() []function {
	return []function{
		{"get_primary_config", 0, shows, get(o.primaryConfig)},
		{"set_primary_config", 1, changes, o.setPrimaryConfig},
		{"set_primary_config", 2, changes, o.setPrimaryConfig},
		{"update_primary_config", 1, changes, o.setPrimaryConfig},
		{"get_handler_ids", 0, shows, value(etf.List{etf.Atom("default")})},
		{"get_handler_config", 0, shows, get(func() etf.Term { return etf.List{handlerConfig()} })},
		{"get_handler_config", 1, shows, getHandlerConfig},
		{"get_module_level", 0, shows, value(etf.List{})},
		{"get_module_level", 1, shows, value(etf.List{})},
		{"set_module_level", 2, changes, o.noModuleLevel},
		{"set_application_level", 2, changes, o.noModuleLevel},
		{"unset_module_level", 0, changes, value(etf.Atom("ok"))},
		{"unset_module_level", 1, changes, value(etf.Atom("ok"))},
		{"get_config", 0, shows, get(o.config)},
	}
}

// levels are the levels of logger, and what they are for slog. Of several with the same level of slog, the first one
// stands for it. OTP: logger:level().
var levels = []struct {
	name  etf.Atom
	level slog.Level
}{
	{"all", slog.LevelDebug - 4}, {"debug", slog.LevelDebug}, {"info", slog.LevelInfo}, {"notice", slog.LevelInfo + 2},
	{"warning", slog.LevelWarn}, {"error", slog.LevelError}, {"critical", slog.LevelError + 4},
	{"alert", slog.LevelError + 8}, {"emergency", slog.LevelError + 12}, {"none", slog.LevelError + 16},
}

// levelName returns the level of logger for one of slog: the most verbose one that it lets pass.
func levelName(level slog.Level) etf.Atom {
	for _, l := range levels {
		if l.level >= level {
			return l.name
		}
	}
	return "none"
}

// primaryConfig is logger:get_primary_config/0.
func (o operator) primaryConfig() etf.Term {
	return etf.Map{{Key: etf.Atom("filter_default"), Value: etf.Atom("log")},
		{Key: etf.Atom("filters"), Value: etf.List{}},
		{Key: etf.Atom("level"), Value: levelName(o.host.LogLevel())},
		{Key: etf.Atom("metadata"), Value: etf.Map{}}}
}

// setPrimaryConfig is logger:set_primary_config/1,2 and update_primary_config/1 of the level. The other keys cannot be
// set.
func (o operator) setPrimaryConfig(_ context.Context, args etf.List) (etf.Term, error) {
	level := args[len(args)-1]
	if len(args) == 2 && !etf.IsAtom(args[0], "level") {
		return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("invalid_config"),
			etf.Map{{Key: args[0], Value: args[1]}}}}, nil
	}
	if len(args) == 1 {
		config, ok := args[0].(etf.Map)
		if !ok {
			return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("invalid_config"), args[0]}}, nil
		}
		if level, ok = config.Get(etf.Atom("level")); !ok {
			return etf.Atom("ok"), nil
		}
	}
	for _, l := range levels {
		if !etf.IsAtom(level, l.name) {
			continue
		}
		if !o.host.SetLogLevel(l.level) {
			return etf.Tuple{etf.Atom("error"), etf.Binary("this node has no Config.LogLevel, so its level is fixed")}, nil
		}
		return etf.Atom("ok"), nil
	}
	return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("invalid_level"), level}}, nil
}

// noModuleLevel refuses a level for single modules: slog has one level for all.
func (o operator) noModuleLevel(context.Context, etf.List) (etf.Term, error) {
	return etf.Tuple{etf.Atom("error"), etf.Binary("a Go node has one level for all modules")}, nil
}

// handlerConfig is what logger:get_handler_config/1 shows of the only handler.
func handlerConfig() etf.Map {
	return etf.Map{{Key: etf.Atom("config"), Value: etf.Map{}}, {Key: etf.Atom("filter_default"), Value: etf.Atom("log")},
		{Key: etf.Atom("filters"), Value: etf.List{}},
		{Key: etf.Atom("formatter"), Value: etf.Tuple{etf.Atom("slog"), etf.Map{}}},
		{Key: etf.Atom("id"), Value: etf.Atom("default")}, {Key: etf.Atom("level"), Value: etf.Atom("all")},
		{Key: etf.Atom("module"), Value: etf.Atom("slog")}}
}

// getHandlerConfig is logger:get_handler_config/1.
func getHandlerConfig(_ context.Context, args etf.List) (etf.Term, error) {
	id, ok := args[0].(etf.Atom)
	switch {
	case !ok:
		return nil, kernel.ErrBadArgument
	case id != "default":
		return etf.Tuple{etf.Atom("error"), etf.Tuple{etf.Atom("not_found"), id}}, nil
	}
	return etf.Tuple{etf.Atom("ok"), handlerConfig()}, nil
}

// config is logger:get_config/0.
func (o operator) config() etf.Term {
	return etf.Map{{Key: etf.Atom("handlers"), Value: etf.List{handlerConfig()}},
		{Key: etf.Atom("module_levels"), Value: etf.List{}}, {Key: etf.Atom("primary"), Value: o.primaryConfig()},
		{Key: etf.Atom("proxy"), Value: etf.Map{}}}
}
