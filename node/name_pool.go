package node

import (
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/etf"
)

// namePool makes the names of peers that ask for one, and gives a name that is free again before it makes another, for
// a name is an atom for ever on every node that hears of it (dyn_name_pool of net_kernel). Whoever gets it next has
// another creation.
type namePool struct {
	mu   sync.Mutex
	free map[string][]givenName // by host
}

type givenName struct {
	name     etf.Atom
	creation uint32
	pooled   bool // somebody has had it before
}

// take gives a name to a peer on host. taken says which names are those of nodes that are connected already.
func (p *namePool) take(host string, taken func(etf.Atom) bool) givenName {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var g givenName
		if free := p.free[host]; len(free) > 0 {
			g = free[len(free)-1]
			p.set(host, free[:len(free)-1])
		} else {
			g = newName(host)
		}
		if !taken(g.name) { // by a node that has it as a name of its own
			return g
		}
	}
}

// put takes a name back.
func (p *namePool) put(g givenName) {
	_, host, _ := dist.SplitNode(g.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(host, append(p.free[host], givenName{g.name, nextCreation(g.creation), true}))
}

// takeNameBack is put for the name of a peer, if it has got it here.
func (n *Node) takeNameBack(info *dist.Peer) {
	if info.Incoming && info.Status == dist.StatusNamed {
		n.givenTo.put(givenName{name: info.Name, creation: info.Creation})
	}
}

func (p *namePool) set(host string, free []givenName) {
	if p.free == nil {
		p.free = map[string][]givenName{}
	}
	if p.free[host] = free; len(free) == 0 {
		delete(p.free, host)
	}
}

// newName makes a name of 64 random bits (generate_node_name of net_kernel).
func newName(host string) givenName {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	name := strings.ToUpper(strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 36))
	return givenName{name: etf.Atom(name + "@" + host), creation: randomCreation()}
}

// nextCreation leaves out the creations that are no more than two bits (next_creation and wrap_creation of net_kernel).
func nextCreation(c uint32) uint32 { return max(c+1, 4) }
