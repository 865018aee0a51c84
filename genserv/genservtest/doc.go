// Package genservtest runs one server of genserv without a node: a test sends it messages, one after the other, and
// sees what it answers and sends. Nothing waits, no goroutine runs and no time passes: a timer goes off when the test
// says so.
//
// A monitor is a reference, whose DOWN the test sends. A server that calls others or starts processes is tested on a
// node. See docs/guide/testing-a-server.md.
package genservtest
