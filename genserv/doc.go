// Package genserv is the gen_server contract as a value: callbacks, their results, and the loop that runs them as a state
// machine. It knows no sockets and starts no goroutine; a node drives it.
package genserv
