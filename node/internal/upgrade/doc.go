// Package upgrade has what an upgrade of several nodes needs on each of them: the lock that keeps two operators apart,
// and the way by which a node that was down catches up with its peers.
package upgrade
