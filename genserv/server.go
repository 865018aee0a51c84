package genserv

import (
	"fmt"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Server is the callback module of a gen_server with a state of type S. One Server serves any number of processes at a
// time: what belongs to one process belongs into its state.
//
// All callbacks of a process run one after the other. A callback that panics ends its process, not the program.
type Server[S any] interface {
	// Init makes the first state from the arguments of the start. Module:init/1.
	Init(p *Process, args etf.Term) InitResult[S]
	// HandleCall answers a request of gen_server:call or multi_call. Module:handle_call/3.
	HandleCall(p *Process, request etf.Term, from From, state S) Result[S]
}

// Caster handles the requests of gen_server:cast and abcast. Without it a cast ends the server with undef, as in OTP.
// Module:handle_cast/2.
type Caster[S any] interface {
	HandleCast(p *Process, request etf.Term, state S) Result[S]
}

// Informer handles every other message, among them the atom timeout, 'DOWN' and, if the process traps exits, 'EXIT'.
// Without it such messages are dropped with a warning, as in OTP. Module:handle_info/2.
type Informer[S any] interface {
	HandleInfo(p *Process, msg etf.Term, state S) Result[S]
}

// Continuer goes on where a Continue left off. Without it a Continue ends the server with undef, as in OTP.
// Module:handle_continue/2.
type Continuer[S any] interface {
	HandleContinue(p *Process, term etf.Term, state S) Result[S]
}

// Terminator cleans up. It runs when a callback stopped the server or failed, when the parent ended and the process
// traps exits, and for sys:terminate and gen_server:stop; not when the process is killed or an exit signal ends it.
// What it returned does not matter, so it returns nothing. Module:terminate/2.
type Terminator[S any] interface {
	Terminate(p *Process, reason etf.Term, state S)
}

// CodeChanger converts the state of another version of the server. oldVsn is the version that made oldState, for a
// downgrade {down, Vsn} with the version to go back to. oldState is of the state type of the code that ran until now,
// and must not be changed, so that a failed upgrade can go back to it. An error is {error, Reason} of Erlang, with
// the reason of an *Exit as it is and the text of any other error; it makes the upgrade fail. Without it every code
// change fails with undef, as in OTP. Module:code_change/3.
//
// A ProcessCodeChanger has the same method with the process in front. If the server that ran until now is a
// StateCopier, oldState is a copy.
type CodeChanger[S any] interface {
	CodeChange(oldVsn etf.Term, oldState any, extra etf.Term) (S, error)
}

// Downgrader makes the state of an older version, whose type its CodeChange could not return. It is asked instead of
// CodeChange when oldVsn is {down, Vsn} and the code changes to another Module; vsn is Vsn. The result has to be of
// the state type of that Module.
type Downgrader[S any] interface {
	Downgrade(vsn etf.Term, state S, extra etf.Term) (any, error)
}

// Reverter is for a server that knows more than what it can forget, such as which processes it has started. If an
// upgrade fails, and newer code has handled messages meanwhile, it is asked when its own code is back: before is the
// state that it had then, now the one that the newer code has left. Without it, and without a Downgrade of the newer
// code, before is what it goes on with.
type Reverter[S any] interface {
	Revert(before S, now any) (S, error)
}

// StatusFormatter decides what sys:get_status and the report of an abnormal end show, for example without secrets.
// Module:format_status/1 (OTP 25).
type StatusFormatter[S any] interface {
	FormatStatus(status Status, state S) Status
}

// Status is what StatusFormatter gets and what it returns. A nil field of the result is shown as it is.
type Status struct {
	// State is nil; set it to what is to be shown instead of the state.
	State etf.Term
	// Message is the last message. It is nil if this is no report; setting it then does nothing.
	Message etf.Term
	// Reason is the exit reason. It is nil if this is no report; setting it then does nothing.
	Reason etf.Term
	// Log holds the events of sys:log, oldest first. Some of them contain the state.
	Log etf.List
	// Misc are further items at the end of what sys:get_status shows, such as {supervisor, [{"Callback", Module}]}.
	Misc etf.List
}

// StateShower turns the state into the term that sys:get_state and reports show. Without it the state is shown by its
// own method StateTerm() etf.Term if it has one, as it is if it is a term, and else by etf.Marshal.
type StateShower[S any] interface {
	ShowState(state S) etf.Term
}

// StateCopier makes an independent copy of a state. A code change gets the copy, so that the state itself is what
// it was if the upgrade fails, and a rehearsal can try the code change. A state without pointers, maps, slices,
// channels and functions needs no StateCopier; terms and times count as values. Without it a state that has such
// parts is not rehearsed, and after a failed upgrade it is as its code change left it. A server whose code changes
// leave the old state as it is, and share nothing with it that callbacks change, may return it as it is.
type StateCopier[S any] interface {
	CopyState(state S) S
}

// Namer gives the server the name of its callback module, as '$initial_call', stack traces and reports show it.
// Without it that is the name of the Go type, such as 'main.counter'.
type Namer interface {
	ModuleName() etf.Atom
}

// InitialCaller is for a server that is itself a behaviour, as supervisor is: it says which callback '$initial_call'
// names, by which tools tell what a process is. Without it that is {Module, init, 1}.
type InitialCaller interface {
	InitialCall() (module, function etf.Atom, arity int)
}

// Blocker tells whether callbacks may wait for something else than what their Process offers (a file, a database, a
// lock) or compute for long. Such a server always has a goroutine of its own. Any other one may be run by the
// goroutine that reads from another node, which answers faster; it is found out within some 10 ms if it waits
// nevertheless, and has its own goroutine for a while. Nothing in OTP corresponds to it, for there every process is
// preempted.
type Blocker interface {
	MayBlock() bool
}

// Module is a Server without its type: what a node starts processes from. Of makes one. It may be used for any number
// of processes and from any goroutine.
type Module interface {
	// Name returns the name of the callback module.
	Name() etf.Atom
	// Server returns what Of was given.
	Server() any
	// StateType returns the name of the Go type of the state, with the import paths of its packages, and ServerType
	// that of the server.
	StateType() string
	ServerType() string
	// SameLayout tells whether a state of this server can be that of the other one without a code change: both have
	// the same type, or types that differ in their names only.
	SameLayout(other Module) bool

	newInstance() instance
	initialCall() etf.Tuple
	stateGoType() goType
}

// Of makes a Module of a server: genserv.Of(counter{}).
//
// It panics with a *CallbackError if a method is named as a callback and has another signature, for example with
// another type of state, or has a name that is close to that of a callback, such as HandelCast, and its signature: it
// would never be called. own are the names of methods that are meant to be what they are.
func Of[S any](srv Server[S], own ...string) Module {
	if failure := checkCallbacks(srv, own); failure != nil {
		panic(failure)
	}
	m := &module[S]{srv: srv, name: moduleName(srv)}
	m.initial = etf.Tuple{m.name, etf.Atom("init"), etf.Int(1)}
	if c, ok := srv.(InitialCaller); ok {
		module, function, arity := c.InitialCall()
		m.initial = etf.Tuple{module, function, etf.Int(arity)}
	}
	if b, ok := srv.(Blocker); ok {
		m.blocks = b.MayBlock()
	}
	m.caster, _ = srv.(Caster[S])
	m.informer, _ = srv.(Informer[S])
	m.continuer, _ = srv.(Continuer[S])
	m.terminator, _ = srv.(Terminator[S])
	m.changer, _ = srv.(CodeChanger[S])
	m.downgrader, _ = srv.(Downgrader[S])
	m.reverter, _ = srv.(Reverter[S])
	m.formatter, _ = srv.(StatusFormatter[S])
	m.shower, _ = srv.(StateShower[S])
	m.copier, _ = srv.(StateCopier[S])
	m.processChanger, _ = srv.(ProcessCodeChanger[S])
	m.processDowngrader, _ = srv.(ProcessDowngrader[S])
	m.ender, _ = srv.(CodeChangeEnder)
	m.itself = m
	return m
}

func moduleName(srv any) etf.Atom {
	if n, ok := srv.(Namer); ok {
		return n.ModuleName()
	}
	return clipAtom(strings.TrimLeft(fmt.Sprintf("%T", srv), "*"))
}

// clipAtom makes an atom of a Go name, which may be longer than an atom can be.
func clipAtom(s string) etf.Atom {
	if r := []rune(s); len(r) > 255 {
		s = string(r[:255])
	}
	return etf.Atom(strings.ToValidUTF8(s, "?"))
}

// module is shared by all processes of a server.
type module[S any] struct {
	srv        Server[S]
	name       etf.Atom
	initial    etf.Tuple // {Module, init, 1}
	caster     Caster[S]
	informer   Informer[S]
	continuer  Continuer[S]
	terminator Terminator[S]
	changer    CodeChanger[S]
	downgrader Downgrader[S]
	reverter   Reverter[S]
	formatter  StatusFormatter[S]
	shower     StateShower[S]
	copier     StateCopier[S]
	itself     Module // the module as its users see it

	processChanger    ProcessCodeChanger[S]
	processDowngrader ProcessDowngrader[S]
	ender             CodeChangeEnder

	blocks bool // what Blocker says
}

func (m *module[S]) Name() etf.Atom         { return m.name }
func (m *module[S]) Server() any            { return m.srv }
func (m *module[S]) mayBlock() bool         { return m.blocks }
func (m *module[S]) newInstance() instance  { return &server[S]{module: m} }
func (m *module[S]) initialCall() etf.Tuple { return m.initial }

func (m *module[S]) ServerType() string  { return typeName(reflectType(m.srv)) }
func (m *module[S]) StateType() string   { return typeName(m.stateGoType()) }
func (m *module[S]) stateGoType() goType { return goTypeOf[S]() }

func (m *module[S]) SameLayout(other Module) bool {
	return sameLayout(goTypeOf[S](), other.stateGoType())
}
