// Package codechange upgrades the servers of a running node: it executes the low-level instructions of a relup, as the
// release handler of OTP does, and takes everything back if one of them fails.
//
// # Versions
//
// Go cannot load code, so all versions of a callback module are linked into the program, each as a [Module] of its
// own in the [Application] that it belongs to. One version of a module is current: new processes start with it. Every
// process has its own pointer, so processes of several versions live side by side, for as long as that is wanted:
//
//	versions, err := codechange.NewVersions(
//		codechange.Application{Name: "counter", Vsn: "1",
//			Modules: []*codechange.Module{{Vsn: "1", Code: genserv.Of(v1.Server{})}}},
//		codechange.Application{Name: "counter", Vsn: "2",
//			Modules: []*codechange.Module{{Vsn: "2", Code: genserv.Of(v2.Server{})}}},
//	)
//
// The versions of a server have the same ModuleName. A later one has a CodeChange that makes its state out of that
// of an earlier one, and a Downgrade for the way back; see genserv.CodeChanger and genserv.Downgrader. They make a
// new state; the old one is what a failed upgrade goes back to. If it has parts that a code change could alter in
// place the server says how it is copied, see genserv.StateCopier; if a state owns goroutines or handles, see
// genserv.CodeChangeEnder.
//
// # What an instruction does
//
//	load_object_code      finds the modules among those that are linked; {no_such_file, File} and {bad_lib_vsn, App, Vsn}
//	                      as in OTP
//	suspend               all processes of a module are told at once; each has its time-out
//	load                  makes a version current. Servers that are not suspended change to it at their next message if
//	                      their state has the schema that it knows; the others keep their code and are reported
//	code_change           makes the new state and switches the process to the new code in one step
//	resume                lets the servers go on, see below
//	remove, purge         the module has no current version any more; processes that still run one are killed when the
//	                      script has succeeded
//	stop, start           supervisor:terminate_child/2 and restart_child/2
//	apply                 an exported function of the node; {apply, MFA, {undo, MFA}} says how it is undone
//	sync_nodes            waits for other nodes, which may be OTP nodes
//	restart_emulator, restart_new_emulator     refused before anything is done
//
// # Purge methods
//
// In OTP a module has room for two versions, and a process that runs a third one is killed. Here processes of any
// number of versions live side by side, so a purge method decides less. It is about processes that run another version
// than the current one:
//
//	             soft_purge                                        brutal_purge
//	PrePurge     the script is refused: {old_processes, Module}    they do not matter
//	PostPurge    they go on                                        MakePermanent is refused until they have
//	                                                               ended; MakePermanentAndPurge ends them
//
// [Report.Unpurged] names the modules that have such processes after the script, see package releasehandler.
//
// # Rollback
//
// A script fails if a code change returns an error, panics, takes too long or makes a state of a wrong type, if a
// function fails, if another node does not come to a sync_nodes, or if a busy server does not suspend itself in time
// ([BusyWait] and [BusySkip] do otherwise). A server that ends meanwhile is no failure. The steps before the failure
// are then undone in reverse order:
//
//   - Each process gets back the very state and code that it had, and handles all messages that wait for it.
//     [UndoneUncopied] is the exception: its code change may have altered the old state in place.
//   - A server that had to go on with its new code, and has served something since, is brought back by its Downgrade.
//     To make that rare, resume takes effect at the end of the script, or before an instruction that may need the
//     servers.
//   - A process that was started with the new code goes back by its Downgrade. If it cannot, it is killed, and its
//     supervisor starts it again with the old code.
//
// The [Report] tells for each process what was done and how it was undone.
//
// See release_handler_1.erl of sasl and https://www.erlang.org/doc/man/relup.html.
package codechange
