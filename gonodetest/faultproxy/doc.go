// Package faultproxy stands between two ends of TCP connections in tests and passes on what they send, with faults:
// bytes dropped, changed, repeated or delayed, connections cut, reset, closed one way, slowed down or paused.
//
// A [Plan] says what happens at which byte of which connection. [Faults] are the same in every connection, and
// [RandomFaults] are made by a seed, so that a run can be repeated. [Proxy.OpenNode] puts a proxy in front of a node by
// its name in an EPMD.
//
// The package works on Unix systems.
package faultproxy
