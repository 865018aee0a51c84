// Package faultproxy stands between the two ends of TCP connections in tests and forwards what they send, with faults:
// it drops, changes, repeats or delays bytes, and it cuts, resets, half-closes, slows down or pauses connections.
//
// A [Plan] says what happens at which byte of which connection. [Faults] makes the same faults in every connection.
// [RandomFaults] derives them from a seed, so that a run can be repeated. [Proxy.OpenNode] puts a proxy in front of a
// node by the name of the node in an EPMD.
//
// The package works on Unix systems.
package faultproxy
