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
//		codechange.Application{Name: "counter", Vsn: "1", Modules: []*codechange.Module{{Vsn: "1", Code: genserv.Of(v1.Server{})}}},
//		codechange.Application{Name: "counter", Vsn: "2", Modules: []*codechange.Module{{Vsn: "2", Code: genserv.Of(v2.Server{})}}},
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
//	load_object_code      finds the modules among those that are linked; {no_such_file, File} and {bad_lib_vsn, App, Vsn} as in OTP
//	suspend               all processes that use a module are told at once; each has its time-out
//	load                  makes a version current. Servers that are not suspended go over to it at their next message, but only
//	                      if their state has the schema that it knows: others stay with their code and are reported
//	code_change           makes the new state and switches the process to the new code in one step
//	resume                lets the servers go on, see below
//	remove, purge         no version is current any more; processes that still run one are killed when the script has succeeded
//	stop, start           supervisor:terminate_child/2 and restart_child/2
//	apply                 an exported function of the node; {apply, MFA, {undo, MFA}} says how it is undone
//	sync_nodes            waits for other nodes, which may be OTP nodes
//	restart_emulator, restart_new_emulator     refused before anything is done
//
// A purge method has less to say than in OTP, where a module has room for two versions and what runs the third has
// to be killed. Here soft_purge as the first one refuses to load while processes run another version than the
// current one, and brutal_purge does nothing. The second one says what becomes of processes that stayed with an
// older version, see Report.Unpurged: with soft_purge they go on, with brutal_purge Handler.MakePermanent is
// refused until they have ended, and Handler.MakePermanentAndPurge ends them.
//
// # Rollback
//
// An error of a code change, a panic, a time-out, a state of a wrong type, a function that fails, a node that does
// not come to a sync_nodes: whatever ends the script early, the steps before it are undone in reverse order. Each
// process gets the very state and code that it had, see Uncopied for the exception, and goes on with all messages
// that wait for it. To that end resume takes effect at the end of the script or before an instruction that may need
// the servers, whichever comes first; a server that had to go on and has served something since is brought back by
// its own Downgrade. The Report tells it for each process.
//
// A process that began with the new code in the meantime goes down by its Downgrade, or is killed if it cannot: its
// supervisor starts it anew, with the old code.
//
// A busy server that does not suspend itself in time makes the upgrade fail; BusyWait and BusySkip do otherwise. One
// that ends meanwhile is no failure.
//
// See release_handler_1.erl of sasl and https://www.erlang.org/doc/man/relup.html.
package codechange
