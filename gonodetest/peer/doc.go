// Package peer plays a node of an Erlang cluster in tests, by scripts and without Erlang. A test uses it to see how a
// node treats a peer that behaves as no real node does.
//
// A [Peer] listens on a real loopback port and can dial. Each connection has a [Script], which is a list of [Step].
// There are steps of the handshake ([Handshake], or [SendName], [ExpectStatus] and so on one by one), messages ([Send],
// [Expect], [Skip]), frames and bytes of any kind ([SendFrame], [SendBytes], [Mutated]), and ends ([Reset],
// [HalfClose], [Silence]). Messages are written and matched in Erlang syntax, with variables that an Expect binds and a
// Send uses.
//
// The package works on Unix systems.
package peer
