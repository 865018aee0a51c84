// Package upgrade is the side of a node that its upgrades need: the node as package codechange changes it, with the
// walk of its supervision trees and the meeting of several nodes at sync_nodes; the process release_handler; the
// functions that gonode upgrade calls; and for upgrades of several nodes the lock that keeps two operators apart, and
// the way by which a node that was down catches up with its peers.
//
// What the package needs of the node is the interface Node.
package upgrade
