// Command testbed is the Go side of the Common Test and ExUnit suites in integration/erlang.
//
//	testbed control NAME@HOST    a node whose server testbed starts, pauses, kills and stops other nodes of this host
//	testbed node [flags] NAME    one of these
//	testbed ledger [flags] NAME    a node whose server ledger keeps accounts
//
// Every node hosts the same servers. echo and counter are those of the examples, probe does what it is told, and tree
// is a supervisor whose children the suites start. integration/erlang/ct/testbed.erl is the same in Erlang. It proves
// every expectation of the suites, so a change to the meaning of a request has to change both.
//
// The cookie comes from GONODE_COOKIE. A node ends when its standard input does, so no node outlives its control node.
package main
