// Package node is a node of an Erlang cluster: it registers with EPMD, connects to Erlang and Elixir nodes, hidden by
// default, and hosts gen_server processes written in Go (package genserv) that they call like their own.
//
// Start starts a node, Spawn a server on it. Call, Cast, Send, MultiCall and Ping go the other way. A connection is
// made when it is needed, by either side, and there is at most one with each node.
//
// What goes over a connection is the distribution protocol of OTP 23 to 29 (package dist). It is not encrypted and the
// cookie is no protection against somebody who can listen in: keep the port inside a trusted network.
//
// A Node owns all its goroutines. An idle server has none; one with messages has one, which runs its callbacks one
// after the other.
package node
