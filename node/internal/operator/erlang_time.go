package operator

import (
	"context"
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// erlangTime returns the functions of erlang about time.
func (o operator) erlangTime() []function {
	return []function{
		{"date", 0, shows, get(func() etf.Term { return date(time.Now()) })},
		{"time", 0, shows, get(func() etf.Term { return timeOfDay(time.Now()) })},
		{"localtime", 0, shows, get(func() etf.Term { return dateTime(time.Now()) })},
		{"universaltime", 0, shows, get(func() etf.Term { return dateTime(time.Now().UTC()) })},
		{"timestamp", 0, shows, get(timestamp)},
		{"now", 0, shows, get(timestamp)},
		{"system_time", 0, shows, systemTime},
		{"system_time", 1, shows, systemTime},
		{"monotonic_time", 0, shows, o.monotonicTime},
		{"monotonic_time", 1, shows, o.monotonicTime},
		{"time_offset", 0, shows, o.timeOffset},
		{"time_offset", 1, shows, o.timeOffset},
	}
}

// timestamp is erlang:timestamp/0: {MegaSeconds, Seconds, MicroSeconds}.
func timestamp() etf.Term {
	const mega = 1_000_000
	now := time.Now().UnixMicro()
	return etf.Tuple{etf.Int(now / mega / mega), etf.Int(now / mega % mega), etf.Int(now % mega)}
}

func date(t time.Time) etf.Tuple {
	return etf.Tuple{etf.Int(t.Year()), etf.Int(t.Month()), etf.Int(t.Day())}
}

func timeOfDay(t time.Time) etf.Tuple {
	return etf.Tuple{etf.Int(t.Hour()), etf.Int(t.Minute()), etf.Int(t.Second())}
}

func dateTime(t time.Time) etf.Tuple { return etf.Tuple{date(t), timeOfDay(t)} }

// systemTime is erlang:system_time/0,1.
func systemTime(_ context.Context, args etf.List) (etf.Term, error) {
	return inUnit(time.Now().UnixNano(), args)
}

// monotonicTime is erlang:monotonic_time/0,1. It begins with the node.
func (o operator) monotonicTime(_ context.Context, args etf.List) (etf.Term, error) {
	return inUnit(int64(time.Since(o.host.Started())), args)
}

// timeOffset is erlang:time_offset/0,1.
func (o operator) timeOffset(_ context.Context, args etf.List) (etf.Term, error) {
	return inUnit(time.Now().UnixNano()-int64(time.Since(o.host.Started())), args)
}

// inUnit converts nanoseconds, the native unit of the node, to the unit in args, if there is one.
func inUnit(nanoseconds int64, args etf.List) (etf.Term, error) {
	if len(args) == 0 {
		return etf.Int(nanoseconds), nil
	}
	parts, ok := args[0].(etf.Int) // parts per second
	if name, isName := args[0].(etf.Atom); isName {
		parts, ok = timeUnits[name]
	}
	if !ok || parts <= 0 {
		return nil, kernel.ErrBadArgument
	}
	const second = int64(time.Second)
	whole, rest := nanoseconds/second, nanoseconds%second
	if parts > 1_000_000_000 {
		return nil, kernel.ErrBadArgument // no clock of the node is finer
	}
	return etf.Int(whole*int64(parts) + rest*int64(parts)/second), nil
}

// timeUnits are the units of erlang:time_unit(), with those that are deprecated.
var timeUnits = map[etf.Atom]etf.Int{"second": 1, "millisecond": 1e3, "microsecond": 1e6, "nanosecond": 1e9,
	"native": 1e9, "perf_counter": 1e9, "seconds": 1, "milli_seconds": 1e3, "micro_seconds": 1e6, "nano_seconds": 1e9}
