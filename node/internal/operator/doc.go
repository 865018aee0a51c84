// Package operator has the functions by which operators look at a node with the tools that they have: rpc from a shell,
// observer, etop, Phoenix LiveDashboard and their like. Each file has the functions of one module of OTP, or of a few
// related ones, with the results that a BEAM gives (shapes of OTP 25; a later one is named where it differs).
//
// Figures are those of the Go program: schedulers are GOMAXPROCS, memory is that of the Go runtime, input and output
// are those of the connections between nodes, and reductions are messages. What a Go program does not have, such as
// atoms, ports or tables, is zero or empty. docs/guide/operators.md tells what each figure means.
//
// Export puts the functions into the table of the node. What the package needs of the node is the interface Host.
package operator
