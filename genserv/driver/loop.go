package driver

import (
	"io"
	"time"

	"github.com/gonode-otp/gonode/etf"
)

// Options say what a process is called and where it comes from. The zero value is a process without a name and
// without a parent.
type Options struct {
	// Name is the registered name, an etf.Atom for a local and any term for a global one; nil for a process without a
	// name.
	Name etf.Term
	// Parent is the process whose end is the end of the server: the one that started it by start_link. The zero Pid means
	// that there is none; the server is then its own parent, as in OTP.
	Parent etf.Pid
	// Ancestors are the names or pids of the starter and its ancestors, for '$ancestors' in the process dictionary.
	Ancestors etf.List
	// HibernateAfter makes a server hibernate that waited so long without a time-out (the option hibernate_after). 0 means
	// never.
	HibernateAfter time.Duration
	// Debug are debug options as sys:debug_options/1 takes them: trace, log, {log, N}, statistics, {log_to_file, Name}.
	Debug etf.List
	// Host answers the questions of sys; nil is the zero Host.
	Host *Host
}

// Host is what the system messages need to know of the node. All processes of a node may share one. Its zero value is
// usable.
type Host struct {
	// BareState tells whether a caller of sys:get_state expects the bare state and not {ok, State}, which are those
	// before stdlib 5.1 (OTP 26.1). If that has to be found out first, known is false, and later is called once with
	// what has been found, by another goroutine; the server does not wait for it. nil means that nobody expects the
	// bare state.
	BareState func(caller etf.Pid, later func(bare bool)) (bare, known bool)
	// Print writes the lines of sys:trace and of sys:log(_, print). nil means that they go to the logger of the process.
	Print func(line string)
	// Create opens a file for sys:log_to_file. nil means that no file can be opened, since whoever may call the server
	// could choose which.
	Create func(name string) (io.WriteCloser, error)
	// Now is the clock for sys:statistics; nil means time.Now.
	Now func() time.Time
	// NextCode tells which code a server that runs code goes on with when sys:change_code asks for the change from, or
	// with {down, Vsn} to, the version oldVsn, and whether that is what is loaded, see genserv.Loop.ChangeLoaded. nil,
	// and an answer of nil, mean the code that runs already.
	NextCode func(code Module, oldVsn etf.Term) (next Module, loaded bool)
}

// Next says what a server waits for.
type Next struct {
	// Stopped means that the process has ended: nothing may be given to the loop any more. Reason is the exit reason.
	Stopped bool
	Reason  etf.Term
	// Again asks for a call of Timeout at once, although there may be messages: the loop has something to do before
	// them. A driver that gives it a message nevertheless only makes the loop do it within Handle.
	Again bool
	// Wait is how long to wait for a message before Timeout is called; negative for ever. 0 means that Timeout is called
	// if there is no message now.
	Wait time.Duration
	// Hibernate means that the next message is not expected soon.
	Hibernate bool
}
