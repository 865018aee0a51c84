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
	free map[string][]dynamicName // by host
}

type dynamicName struct {
	name     etf.Atom
	creation uint32
	used     bool // somebody has had it before
}

// takeName gives a name to a peer on host. taken says which names are those of nodes that are connected already.
func (p *namePool) takeName(host string, taken func(etf.Atom) bool) dynamicName {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var g dynamicName
		if free := p.free[host]; len(free) > 0 {
			g = free[len(free)-1]
			p.setFree(host, free[:len(free)-1])
		} else {
			g = newName(host)
		}
		if !taken(g.name) { // by a node that has it as a name of its own
			return g
		}
	}
}

// returnName takes a name back.
func (p *namePool) returnName(g dynamicName) {
	_, host, _ := dist.SplitNode(g.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setFree(host, append(p.free[host], dynamicName{g.name, nextCreation(g.creation), true}))
}

// returnNameOf is put for the name of a peer, if it has got it here.
func (n *Node) returnNameOf(info *dist.Peer) {
	if info.Incoming && info.Status == dist.StatusNamed {
		n.dynamicNames.returnName(dynamicName{name: info.Name, creation: info.Creation})
	}
}

func (p *namePool) setFree(host string, free []dynamicName) {
	if p.free == nil {
		p.free = map[string][]dynamicName{}
	}
	if p.free[host] = free; len(free) == 0 {
		delete(p.free, host)
	}
}

// newName makes a name of 64 random bits (generate_node_name of net_kernel).
func newName(host string) dynamicName {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	name := strings.ToUpper(strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 36))
	return dynamicName{name: etf.Atom(name + "@" + host), creation: randomCreation()}
}

// nextCreation leaves out the creations that are no more than two bits (next_creation and wrap_creation of net_kernel).
func nextCreation(c uint32) uint32 { return max(c+1, 4) }
