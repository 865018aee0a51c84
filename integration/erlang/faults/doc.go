// Command faults disturbs containers and the network between them while BEAM nodes put a steady load of calls, casts
// and monitors on a Go node, and sees whether their accounts balance at the end:
//
//	go run ./integration/erlang/faults [flags]
//
// Every call was answered once or failed with a reason, no cast was lost while the connection lasted, none came
// twice, every monitor fired exactly once, on both sides, and calls are answered again when the fault is over.
// docs/faults.md has the table. Exit codes: 0 everything ran and balances, 1 an account does not balance, 2 something
// could not be run. With -lane what could not be run is noted as a skipped lane and is no failure.
package main
