// Package peer plays a node of an Erlang cluster in tests, by scripts and without Erlang: for what a node does with a
// peer that behaves in a way to which no real node can be brought.
//
// A [Peer] listens on a real loopback port and can dial. Each connection has a [Script], a list of [Step]: those of the
// handshake ([Handshake], or [SendName], [ExpectStatus] and so on one by one), messages ([Send], [Expect], [Skip]),
// frames and bytes of any kind ([SendFrame], [SendBytes], [Mutated]), and ends ([Reset], [HalfClose], [Silence]).
// Messages are written and matched in Erlang syntax, with variables that an Expect binds and a Send uses.
//
// The package works on Unix systems.
package peer
