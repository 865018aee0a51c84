// Package releasehandler is the release handler of a node: it knows the releases of an installation, with the files
// that belong to them, and changes the node from one release to another. It answers what the process release_handler of
// OTP answers, see [Handler.Request], and the functions that operators call by rpc, see [Handler.Functions].
//
// # Releases
//
// A release is a version of the whole program, with a version of each application. The file releases/RELEASES lists
// those that the installation has. A release has a status:
//
//	unpacked     its files are there: Handler.Unpack, Handler.SetUnpacked
//	current      the node runs it until its next start: Handler.Install
//	permanent    the node starts with it: Handler.MakePermanent
//	old          it was current or permanent before
//
// Go cannot load code, so all versions of the modules are linked into the program, see package codechange. A release
// can be installed if the versions of its applications are linked.
//
// # Installing a release
//
// [Handler.Install] reads the script of the transition in the file relup of the new release, or of the running one for
// a way down, and has codechange execute it. If the script fails, everything is undone and the node runs the release
// that it ran. [Handler.Rehearse] tries the script and changes nothing. [Handler.UpgradeApp] upgrades one application
// by its .appup file, without a release.
//
// See release_handler.erl of sasl and https://www.erlang.org/doc/man/release_handler.html.
package releasehandler
