package epmd

import (
	"slices"
	"time"
)

// maxUnused is how many given-up names a table remembers for their creations. epmd_int.h, MAX_UNREG_COUNT.
const maxUnused = 1000

// minCreation is the least creation given. 0 stands for none, and 1 to 3 are those of nodes older than OTP 23.
const minCreation = 4

// nameEntry is a name in a table, in use or given up. Everything but active is fixed while it is in use.
type nameEntry struct {
	alive2Req
	holder   int // number of the connection
	creation uint32
	active   bool
}

// nameTable holds the names of a server. It is not safe for use by several goroutines.
type nameTable struct {
	max    int                   // names in use
	byName map[string]*nameEntry // in use and given up
	inUse  []*nameEntry          // oldest registration first
	unused []*nameEntry          // longest given up first
}

// register enters a name and returns its entry, or false if the name is taken, cannot be one, or the table is full. A
// new name gets the time as its creation; a name that comes back gets one more than last time, so that no two
// incarnations of a node share one even within a second.
func (t *nameTable) register(m alive2Req, holder int, now time.Time) (*nameEntry, bool) {
	// Differs from OTP: epmd takes names with control characters, and a line break in one forges lines of NAMES.
	if nameFault(m.name) != "" || len(m.extra) > maxExtra || len(t.inUse) >= t.max {
		return nil, false
	}
	e := &nameEntry{alive2Req: m, holder: holder, creation: uint32(now.Unix()), active: true}
	if old := t.byName[m.name]; old != nil {
		if old.active {
			return nil, false
		}
		e.creation = old.creation + 1
		t.unused = removeEntry(t.unused, old)
	}
	e.creation = max(e.creation, minCreation)
	if t.byName == nil {
		t.byName = make(map[string]*nameEntry)
	}
	t.byName[m.name] = e
	t.inUse = append(t.inUse, e)
	return e, true
}

// unregister ends a registration. The table remembers the creation of the name.
func (t *nameTable) unregister(e *nameEntry) {
	if !e.active {
		return
	}
	e.active = false
	e.extra = nil
	t.inUse = removeEntry(t.inUse, e)
	if len(t.unused) >= maxUnused {
		delete(t.byName, t.unused[0].name)
		t.unused = removeEntry(t.unused, t.unused[0])
	}
	t.unused = append(t.unused, e)
}

// lookup returns the entry of a name in use.
func (t *nameTable) lookup(name string) (*nameEntry, bool) {
	e := t.byName[name]
	return e, e != nil && e.active
}

// activeEntries lists the names in use, the newest first as epmd does.
func (t *nameTable) activeEntries() []Entry {
	list := make([]Entry, 0, len(t.inUse))
	for i := len(t.inUse) - 1; i >= 0; i-- {
		list = append(list, Entry{t.inUse[i].name, t.inUse[i].port})
	}
	return list
}

// dumpEntries lists all names, those in use first.
func (t *nameTable) dumpEntries() []DumpEntry {
	list := make([]DumpEntry, 0, len(t.inUse)+len(t.unused))
	for i := len(t.inUse) - 1; i >= 0; i-- {
		list = append(list, t.inUse[i].dump())
	}
	for _, e := range t.unused {
		list = append(list, e.dump())
	}
	return list
}

func (e *nameEntry) dump() DumpEntry { return DumpEntry{e.name, e.port, e.holder, e.active} }

// removeEntry removes e from list, in place and in order.
func removeEntry(list []*nameEntry, e *nameEntry) []*nameEntry {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
