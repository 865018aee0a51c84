// Package node is a node of an Erlang cluster: it registers with EPMD, connects to Erlang and Elixir nodes, hidden by
// default, and hosts gen_server processes written in Go (package genserv) that they call like their own.
//
// Start starts a node, Spawn a server on it. Call, Cast, Send, MultiCall and Ping go the other way. A connection is
// made when it is needed, by either side, and there is at most one with each node.
//
// Connections speak the distribution protocol of OTP 23 to 29 (package dist). By default they are not encrypted, and
// the cookie does not protect against an attacker who can listen in. Set Config.TLS, or keep the port inside a trusted
// network.
//
// A Node owns all its goroutines, and Stop waits for them. An idle server has no goroutine. Its callbacks run one
// after the other, in a goroutine of the server, or in the one that reads the connection of the sender.
package node
