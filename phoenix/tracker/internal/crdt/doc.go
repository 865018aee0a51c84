// Package crdt is what a shard of a tracker knows, as a value: an add-wins observed-remove set without tombstones, of
// which every replica has a copy and changes its own elements alone. It is Phoenix.Tracker.State, with the delta
// generations and clocks beside it. It sends nothing, knows no time and no processes.
//
// An element has a tag: the replica that added it and the clock of that replica then. A replica has observed a tag if
// its context, the clock up to which it knows everything of another replica, has reached it, or if it is in the cloud
// of that replica, the clocks that it knows beyond. A merge adds the elements whose tags it has not observed, and
// removes those whose tags the other side has observed and does not have. So a new element wins over a removal that
// does not know of it.
//
// The elements of replicas that are not in the context are ignored, so that those of one that was removed for good
// do not come back from somebody who has not heard of it.
package crdt
