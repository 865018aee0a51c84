// Command faults disturbs containers and the network between them while BEAM nodes put a steady load of calls, casts
// and monitors on a Go node. At the end it checks that their accounts balance:
//
//	go run ./integration/erlang/faults [flags]
//
// The accounts balance if every call was answered once or failed with a reason, no cast was lost while the connection
// lasted, no cast came twice, and every monitor fired exactly once, on both sides. Calls must be answered again when
// the fault is over. docs/faults.md has the table.
//
// Exit codes: 0 everything ran and balances, 1 an account does not balance, 2 something could not be run. With -lane, a
// part that could not be run is recorded as a skipped lane and is not a failure.
package main
