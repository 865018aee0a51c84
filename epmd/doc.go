// Package epmd speaks the protocol of the Erlang Port Mapper Daemon, the little name server that tells on which port of
// a host a node listens. It has the three sides of it:
//
//   - a node's registration: [Register] announces a name and keeps it announced, also across a restart of the EPMD;
//   - the questions other nodes ask: [Lookup], [Names] and [Dump], or a [Client] of one's own;
//   - a small EPMD to embed where none runs: [Listen] and [Server], which erl, epmd -names and other nodes accept.
//
// Names are those before the @ of a node name. Every call that waits takes a context, and gives up by itself after ten
// seconds, as OTP's erl_epmd does. Which EPMD is meant is said by an address; [ReadEnv] reads the environment variables
// that erl and epmd know.
//
// What comes from the other end is never trusted: answers and requests are bounded before they are read, a fault is an
// error value ([ProtocolError]) and nothing panics. The package never starts an epmd program, and it logs nothing;
// events of a registration are reported to RegisterOptions.OnChange.
//
// An EPMD authenticates nobody: whoever reaches it can list the names and ports of the host. It takes registrations
// only from its own host. See "Protocol between the Erlang nodes" ("EPMD Protocol") in the Erlang/OTP documentation and
// the module erl_epmd of kernel.
package epmd
