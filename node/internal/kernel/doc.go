// Package kernel has what other nodes expect of the application kernel of a node: the functions of erlang, net_kernel,
// sys and supervisor by which operators find their way and change something, the processes net_kernel and rex under
// their supervisor, and the table of functions that rpc and erpc apply.
//
// A node has one table of Functions and puts its own there by Export. What the package needs of the node is the
// interface Host.
package kernel
