// Package ergohost makes actors of ergo (ergo.services/ergo, version 3) members of a cluster of Erlang and Elixir
// nodes, which ergo's own network cannot join. It is a module of its own, so a program that does not import it does not
// depend on ergo.
//
// A Host joins a running ergo node and a running node of package node.
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
//	monitor(process, S), link(S)       report its end, with the Reason why it ended
//	sys:get_state(S)                   HandleInspect(from, "state"), as a map of binaries
//	sys:suspend(S), sys:resume(S)      messages wait in front of the actor
//
// A supervisor of a BEAM starts actors as its children by a function that Host.ExportStartLink exports.
//
// A full mailbox (gen.ProcessOptions.MailboxSize) answers a call with {error, mailbox_full}. A cast or a message that
// it refuses is logged as a warning and counted by Host.Lost, unless the actor has a fallback.
//
// # From ergo to a BEAM
//
// Host.Remote is the factory of an ergo process that stands in for a process of a BEAM. It supports ergo's own verbs:
// Call, Send, Monitor, Link, SendExit.
//
// # Values
//
// A value from a BEAM is an etf.Term, or has the type that was registered for its tag (Register). A value that is sent
// to a BEAM is encoded by etf.Marshal.
//
// # What ergo does
//
// ergo's supervisors, pools, applications and events work as before. ergo's behavior differs from Erlang's in three
// ways. Its links have one direction: an actor that is linked to a stand-in ends with it, but the stand-in does not end
// with the actor. It tells a supervisor of the end of a child before the child's name is free, so a restart under a
// name may fail with gen.ErrTaken and end the supervisor. Children of a simple one for one supervisor have no ergo
// name, and can be exposed under a name all the same. It ends the program if its Stop takes longer than
// gen.NodeOptions.ShutdownTimeout, so close a Host before its node.
//
// StartErgo starts an ergo node without its application that reports usage to a foreign host, and without taking over
// the signals of the program.
package ergohost
