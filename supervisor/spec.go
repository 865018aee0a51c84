package supervisor

import (
	"time"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
)

// Strategy says which children are started anew when one has ended.
type Strategy string

const (
	OneForOne       Strategy = "one_for_one"        // only that one
	OneForAll       Strategy = "one_for_all"        // all
	RestForOne      Strategy = "rest_for_one"       // that one, and those started after it
	SimpleOneForOne Strategy = "simple_one_for_one" // only that one; all children are started later, from one child spec
)

// AutoShutdown says whether the supervisor ends when significant children have ended by themselves. Since OTP 24.
type AutoShutdown string

const (
	Never          AutoShutdown = "never"
	AnySignificant AutoShutdown = "any_significant" // when the first significant child has
	AllSignificant AutoShutdown = "all_significant" // when the last significant child has
)

// NoRestarts as Flags.Intensity makes the supervisor give up at the first restart: intensity 0 in Erlang.
const NoRestarts = -1

// Flags are the supervisor flags, sup_flags() of Erlang. The zero value of each field is OTP's default.
type Flags struct {
	Strategy Strategy // "" means OneForOne
	// Intensity is how many restarts are allowed within Period: one more, and the supervisor ends its children and itself.
	// 0 means 1, and NoRestarts none.
	Intensity int
	// Period is a whole number of seconds; 0 means five.
	Period       time.Duration
	AutoShutdown AutoShutdown // "" means Never, the only one for SimpleOneForOne
}

// Restart says when a child that has ended is started anew.
type Restart string

const (
	Permanent Restart = "permanent" // always
	Transient Restart = "transient" // unless it ended with normal, shutdown or {shutdown, _}
	Temporary Restart = "temporary" // never; its child spec is gone with it
)

// Type says whether a child is a supervisor itself.
type Type string

const (
	TypeWorker     Type = "worker"
	TypeSupervisor Type = "supervisor"
)

// BrutalKill as ChildSpec.Shutdown ends the child by exit(Pid, kill), without asking it first.
const BrutalKill time.Duration = -1

// ChildSpec describes a child, child_spec() of Erlang. The zero value of each field but ID and Start is OTP's default.
type ChildSpec struct {
	ID      etf.Term // unique within the supervisor; any term
	Start   Start
	Restart Restart // "" means Permanent
	// Significant children count for Flags.AutoShutdown. They must be Transient or Temporary.
	Significant bool
	// Shutdown is how long a child may take to end after exit(Pid, shutdown) before it is killed. 0 means 5 s for a
	// worker and for ever for a supervisor; BrutalKill kills it at once, genserv.Infinity waits for ever. It counts in
	// milliseconds, rounded up.
	Shutdown time.Duration
	Type     Type // "" means TypeWorker, or TypeSupervisor if Start starts a Supervisor
	// Modules are the callback modules of the child, by which an upgrade finds it; nil means the module of Start.
	Modules []etf.Atom
}

// term returns the map that an Erlang callback module would have returned. What is left out is not in it.
func (f Flags) term() etf.Term {
	var m etf.Map
	put := func(key etf.Atom, value etf.Term) { m = append(m, etf.MapPair{Key: key, Value: value}) }
	if f.Strategy != "" {
		put("strategy", etf.Atom(f.Strategy))
	}
	switch {
	case f.Intensity == NoRestarts:
		put("intensity", etf.Int(0))
	case f.Intensity != 0:
		put("intensity", etf.Int(f.Intensity))
	}
	switch seconds := f.Period / time.Second; {
	case f.Period == 0:
	case f.Period%time.Second != 0:
		put("period", etf.Float(f.Period.Seconds())) // which is refused
	default:
		put("period", etf.Int(seconds))
	}
	if f.AutoShutdown != "" {
		put("auto_shutdown", etf.Atom(f.AutoShutdown))
	}
	return orEmpty(m)
}

func orEmpty(m etf.Map) etf.Map {
	if m == nil {
		return etf.Map{}
	}
	return m
}

// term is that of Flags for a child spec.
func (c ChildSpec) term() etf.Term {
	var m etf.Map
	put := func(key etf.Atom, value etf.Term) { m = append(m, etf.MapPair{Key: key, Value: value}) }
	if c.ID != nil {
		put("id", c.ID)
	}
	if c.Start.Func != nil {
		put("start", c.Start.mfa())
	}
	if c.Restart != "" {
		put("restart", etf.Atom(c.Restart))
	}
	if c.Significant {
		put("significant", etf.Atom("true"))
	}
	switch {
	case c.Shutdown == BrutalKill:
		put("shutdown", etf.Atom("brutal_kill"))
	case c.Shutdown == genserv.Infinity:
		put("shutdown", etf.Atom("infinity"))
	case c.Shutdown != 0:
		put("shutdown", etf.Int((c.Shutdown+time.Millisecond-1)/time.Millisecond))
	}
	switch {
	case c.Type != "":
		put("type", etf.Atom(c.Type))
	case c.Start.supervisor:
		put("type", etf.Atom(TypeSupervisor))
	}
	if c.Modules != nil {
		modules := make(etf.List, len(c.Modules))
		for i, m := range c.Modules {
			modules[i] = m
		}
		put("modules", modules)
	}
	return orEmpty(m)
}
