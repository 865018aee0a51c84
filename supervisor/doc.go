// Package supervisor is OTP's supervisor for servers written in Go: a gen_server that starts other processes, starts
// them anew when they end, and ends them in order. It follows supervisor.erl clause by clause, and a BEAM cannot tell
// one from the other: supervisor:which_children/1 and the other functions of that module, sys, observer and
// release_handler work on it.
//
// # Writing a supervisor
//
// A supervisor is a Go value with an Init, which says what children there are to be:
//
//	func (bank) Init(args etf.Term) (supervisor.Flags, []supervisor.ChildSpec, error) {
//		return supervisor.Flags{Strategy: supervisor.RestForOne, Intensity: 3, Period: 10 * time.Second},
//			[]supervisor.ChildSpec{
//				{ID: etf.Atom("ledger"), Start: supervisor.StartLink(genserv.Of(ledger{})).As("ledger")},
//				{ID: etf.Atom("accounts"), Start: supervisor.StartLink(supervisor.Of(accounts{}))},
//			}, nil
//	}
//
// and is started like any other server:
//
//	pid, err := n.Spawn(ctx, genserv.Child{Name: "bank", Module: supervisor.Of(bank{})})
//
// Erlang and Go side by side:
//
//	Erlang                                               Go
//	------                                               --
//	{ok, {SupFlags, ChildSpecs}}                         Flags, []ChildSpec, nil
//	ignore                                               genserv.ErrIgnore
//	#{strategy => one_for_one, intensity => 1,           Flags{}
//	  period => 5, auto_shutdown => never}
//	#{intensity => 0}                                    Flags{Intensity: NoRestarts}
//	#{id => x, start => {counter, start_link, [5]}}      ChildSpec{ID: x, Start: StartLink(counterModule, etf.Int(5))}
//	a start function that calls                          .As("name")
//	  gen_server:start_link({local, name}, ...)
//	a start function that does something else            Start{Module: m, Function: f, Args: a, Func: func(p, args) ...}
//	shutdown => 5000, infinity, brutal_kill              Shutdown: 5 * time.Second, genserv.Infinity, BrutalKill
//	restart => permanent, transient, temporary           Restart: Permanent, Transient, Temporary
//
// # What a BEAM may start
//
// supervisor:start_child/2 names a function of Erlang, {M, F, A}. Here such a name stands for a start function in a
// child spec of Init, or for one that was given to Of; every other one is undef, as a function that does not exist is
// in Erlang. What StartLink made is {Module, start_link, Args}, with {local, Name} in front of the arguments for a
// name.
//
// # From Go
//
// StartChild, TerminateChild, RestartChild, DeleteChild, WhichChildren and CountChildren are the functions of
// supervisor.erl, for supervisors of this node as for those of a BEAM.
//
// # What is different
//
// A killed Go server is dead for everybody at once, but a callback of it that is running cannot be interrupted: until
// it returns, its goroutine lives beside the server that was started in its place. The records that errors and
// sys:get_state show have the form of OTP 24 and later.
//
// See https://www.erlang.org/doc/apps/stdlib/supervisor.html.
package supervisor
