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

// namePool makes names for peers that ask for one. It reuses a free name before it makes a new one, because every node
// that hears of a name keeps its atom for ever (dyn_name_pool of net_kernel). The next peer with the same name has
// another creation.
type namePool struct {
	mu   sync.Mutex
	free map[string][]dynamicName // by host
}

type dynamicName struct {
	name     etf.Atom
	creation uint32
	used     bool // a peer has had it before
}

// takeName takes a name for a peer on host. taken reports whether a connected node has the name already.
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
		if !taken(g.name) { // by a node that chose this name itself
			return g
		}
	}
}

// returnName puts a name back into the pool.
func (p *namePool) returnName(g dynamicName) {
	_, host, _ := dist.SplitNode(g.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.setFree(host, append(p.free[host], dynamicName{g.name, nextCreation(g.creation), true}))
}

// returnNameOf puts the name of a peer back into the pool, if this node has given it.
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

// nextCreation returns the creation after c. It leaves out 0 to 3, the creations of two bits (next_creation and
// wrap_creation of net_kernel).
func nextCreation(c uint32) uint32 { return max(c+1, 4) }
