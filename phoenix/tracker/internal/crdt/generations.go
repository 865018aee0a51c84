package crdt

// generations are the deltas of the last time joined, the newer and shorter ones first, from which requests are
// answered. Phoenix.Tracker.DeltaGeneration.
type generations struct {
	sizes []int // largest Size of each, ascending
	kept  []*Update
}

// push notes a delta. A full state leaves nothing to be told by deltas.
func (g *generations) push(u *Update) {
	if u.Full {
		g.kept = nil
		return
	}
	for i, size := range g.sizes {
		if i == len(g.kept) {
			g.kept = append(g.kept, newDelta(u.Replica, Clocks{}, Clocks{}))
		}
		g.kept[i].join(u)
		if g.kept[i].Size() <= size {
			continue
		}
		if i > 0 {
			g.kept[i] = g.kept[i-1].clone()
		} else if g.kept[i] = u.clone(); u.Size() > size {
			g.kept[i] = newDelta(u.Replica, Clocks{}, Clocks{})
		}
	}
}

// remove forgets a replica.
func (g *generations) remove(ref Ref) {
	for _, u := range g.kept {
		u.forget(ref)
	}
}

// find returns the first generation that brings one that knows theirs to what goal says, or nil.
func (g *generations) find(asker Ref, theirs, goal Clocks) *Update {
	behind := false
	for ref, clock := range theirs {
		behind = behind || ref != asker && goal[ref] > clock
	}
	if !behind {
		return nil
	}
next:
	for _, u := range g.kept {
		for ref, clock := range theirs {
			if ref == asker || goal[ref] <= clock {
				continue
			}
			if start, ok := u.Start[ref]; !ok || start > clock || u.End[ref] < goal[ref] {
				continue next
			}
		}
		return u
	}
	return nil
}

// clone returns a copy that shares nothing that changes.
func (g *generations) clone() *generations {
	copied := &generations{sizes: g.sizes}
	for _, u := range g.kept {
		copied.kept = append(copied.kept, u.clone())
	}
	return copied
}
