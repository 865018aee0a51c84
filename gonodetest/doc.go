// Package gonodetest is a kit for tests of programs that join an Erlang cluster. It consists of three tools:
//
//   - [github.com/gonode-otp/gonode/gonodetest/beam] starts real Erlang and Elixir nodes, shells and EPMDs, and
//     evaluates expressions on them;
//   - [github.com/gonode-otp/gonode/gonodetest/peer] plays another node by a script, without Erlang, and can do what no
//     real node would do;
//   - [github.com/gonode-otp/gonode/gonodetest/faultproxy] stands between two nodes and drops, changes, delays or
//     cuts what they send.
//
// The package itself has what the three share and what other tests need: a cookie for each test ([Cookie]), free ports
// ([FreePort]), names in an EPMD ([Register]), certificates for nodes that talk over TLS ([Authority]), and skips that
// name the part of a suite that was left out ([SkipLane], [Missing]).
package gonodetest
