// Package ergohost makes actors of ergo (ergo.services/ergo, version 3) members of a cluster of Erlang and Elixir
// nodes, which its own network cannot join. It is a module of its own: a program that does not import it has nothing
// of it.
//
// A Host joins a running node of ergo and a running node of package node.
//
// # From a BEAM to ergo
//
// An exposed actor (Host.Exposed, Host.Expose) is a gen_server under its name:
//
//	a BEAM                             the actor
//	------                             ---------
//	gen_server:call(S, R)              HandleCall(from, ref, R), a later SendResponse, or SendResponseError: {error, _}
//	gen_server:cast(S, R)              HandleMessage(from, Cast{R})
//	S ! M                              HandleMessage(from, Info{M})
//	exit(S, Reason), a link            gen.MessageExitPID if it traps exits (SetTrapExit), else its end
//	exit(S, kill)                      gen.Node.Kill
//	gen_server:stop(S, Reason, _)      an exit of its parent, which cannot be trapped
//	monitor(process, S), link(S)       tell of its end, with Reason of what ended it
//	sys:get_state(S)                   HandleInspect(from, "state"), as a map of binaries
//	sys:suspend(S), sys:resume(S)      messages wait in front of the actor
//
// A supervisor of a BEAM starts actors as its children by a function that Host.ExportStartLink makes known.
//
// A mailbox without room (gen.ProcessOptions.MailboxSize) answers a call with {error, mailbox_full}; a cast or a
// message that it refuses is logged as a warning and counted by Host.Lost, unless the actor has a fallback.
//
// # From ergo to a BEAM
//
// Host.Remote is the factory of a process of ergo that stands in for a process of a BEAM, and takes ergo's own verbs:
// Call, Send, Monitor, Link, SendExit.
//
// # Values
//
// What comes from a BEAM is an etf.Term, or a value of the type that was registered for its tag (Register). What goes
// there is made by etf.Marshal.
//
// # What ergo does
//
// ergo's supervisors, pools, applications and events go on as they are. Its links have one direction: an actor that
// is linked to a stand-in ends with it, and not the other way round. It tells a supervisor of the end of a child
// before the child's name is free, so that a restart under a name may fail with gen.ErrTaken and end the supervisor;
// children of a simple one for one supervisor have no name of ergo, and are exposed under theirs all the same. It
// ends the program if its Stop takes longer than gen.NodeOptions.ShutdownTimeout: close a Host before its node.
//
// StartErgo starts a node of ergo without its application that reports usage to a foreign host, and without taking
// the signals of the program.
package ergohost
