package operator

import (
	"context"
	"net"
	"os"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node/internal/kernel"
)

// netKernel returns the functions of net_kernel that kernel does not have.
func (o operator) netKernel() []function {
	return []function{
		{"get_net_ticktime", 0, shows, get(func() etf.Term { return etf.Int(o.host.TickTime().Seconds()) })},
		{"longnames", 0, shows, get(func() etf.Term { return etf.Bool(o.host.LongNames()) })},
		{"nodes_info", 0, shows, get(o.nodesInfo)},
		{"node_info", 1, shows, o.netNodeInfo},
		{"node_info", 2, shows, o.netNodeInfo},
		{"get_state", 0, shows, get(o.netState)},
		{"epmd_module", 0, shows, value(etf.Atom("erl_epmd"))},
		{"nodename", 0, shows, get(func() etf.Term { return o.host.Name() })},
	}
}

// netAdm returns the functions of net_adm that kernel does not have.
func (o operator) netAdm() []function {
	return []function{
		{"names", 0, shows, o.names},
		{"localhost", 0, shows, get(localhost)},
		{"host_file", 0, shows, value(etf.Tuple{etf.Atom("error"), etf.Atom("enoent")})},
	}
}

// inet returns the functions of the module inet about this host.
func (o operator) inet() []function {
	return []function{
		{"gethostname", 0, shows, get(func() etf.Term { return etf.Tuple{etf.Atom("ok"), localhost()} })},
		{"getifaddrs", 0, shows, getifaddrs},
	}
}

// peerInfo returns what net_kernel:node_info/1 tells of a connected node. in and out are the system calls that have
// read from the connection and written to it; a BEAM counts packets.
func (o operator) peerInfo(p kernel.Peer) etf.List {
	owner, _ := o.host.Whereis("net_kernel")
	kind := etf.Atom("normal")
	if p.Hidden {
		kind = "hidden"
	}
	_, host := splitName(p.Name)
	return etf.List{
		etf.Tuple{etf.Atom("owner"), owner},
		etf.Tuple{etf.Atom("state"), etf.Atom("up")},
		etf.Tuple{etf.Atom("address"), etf.Tuple{etf.Atom("net_address"), addressTerm(p.Address), etf.Charlist(host),
			etf.Atom("tcp"), familyOf(p.Address)}},
		etf.Tuple{etf.Atom("type"), kind},
		etf.Tuple{etf.Atom("in"), etf.Int(p.Reads)},
		etf.Tuple{etf.Atom("out"), etf.Int(p.Writes)},
	}
}

// addressTerm returns {IP, Port} of a peer, undefined if its carrier has none.
func addressTerm(a net.Addr) etf.Term {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return etf.Atom("undefined")
	}
	return etf.Tuple{ipTerm(tcp.IP), etf.Int(tcp.Port)}
}

func familyOf(a net.Addr) etf.Atom {
	if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.To4() == nil {
		return "inet6"
	}
	return "inet"
}

// ipTerm returns an address as inet:ip_address(): four bytes or eight words.
func ipTerm(ip net.IP) etf.Tuple {
	t := etf.Tuple{}
	if v4 := ip.To4(); v4 != nil {
		for _, b := range v4 {
			t = append(t, etf.Int(b))
		}
		return t
	}
	for i := 0; i+1 < len(ip); i += 2 {
		t = append(t, etf.Int(ip[i])<<8|etf.Int(ip[i+1]))
	}
	return t
}

// splitName splits name@host.
func splitName(node etf.Atom) (name, host string) {
	for i := range node {
		if node[i] == '@' {
			return string(node[:i]), string(node[i+1:])
		}
	}
	return string(node), ""
}

// nodesInfo is net_kernel:nodes_info/0.
func (o operator) nodesInfo() etf.Term {
	list := etf.List{}
	for _, p := range o.host.Peers() {
		list = append(list, etf.Tuple{p.Name, o.peerInfo(p)})
	}
	return etf.Tuple{etf.Atom("ok"), list}
}

// netNodeInfo is net_kernel:node_info/1,2.
func (o operator) netNodeInfo(_ context.Context, args etf.List) (etf.Term, error) {
	for _, p := range o.host.Peers() {
		if !etf.IsAtom(args[0], p.Name) {
			continue
		}
		info := o.peerInfo(p)
		if len(args) == 1 {
			return etf.Tuple{etf.Atom("ok"), info}, nil
		}
		for _, item := range info {
			if pair := item.(etf.Tuple); etf.Equal(pair[0], args[1]) {
				return etf.Tuple{etf.Atom("ok"), pair[1]}, nil
			}
		}
	}
	return etf.Tuple{etf.Atom("error"), etf.Atom("bad_node")}, nil
}

// netState is net_kernel:get_state/0 (OTP 25).
func (o operator) netState() etf.Term {
	domain := etf.Atom("shortnames")
	if o.host.LongNames() {
		domain = "longnames"
	}
	return etf.Map{{Key: etf.Atom("name"), Value: o.host.Name()}, {Key: etf.Atom("name_domain"), Value: domain},
		{Key: etf.Atom("name_type"), Value: etf.Atom("static")}, {Key: etf.Atom("started"), Value: etf.Atom("static")}}
}

// names is net_adm:names/0: [{Name, Port}] of the nodes that the EPMD of this host knows.
func (o operator) names(ctx context.Context, _ etf.List) (etf.Term, error) {
	names, err := o.host.EPMDNames(ctx)
	if err != nil {
		return etf.Tuple{etf.Atom("error"), etf.Atom("address")}, nil // what erl_epmd:names/1 says without an EPMD
	}
	list := etf.List{}
	for _, n := range names {
		list = append(list, etf.Tuple{etf.Charlist(n.Name), etf.Int(n.Port)})
	}
	return etf.Tuple{etf.Atom("ok"), list}, nil
}

// localhost is net_adm:localhost/0.
func localhost() etf.Term {
	name, err := os.Hostname()
	if err != nil {
		name = "localhost"
	}
	return etf.Charlist(name)
}
