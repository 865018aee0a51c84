package operator

import (
	"context"
	"net"
	"runtime"

	"github.com/gonode-otp/gonode/etf"
)

// getifaddrs is inet:getifaddrs/0: {ok, [{Interface, Options}]}.
func getifaddrs(context.Context, etf.List) (etf.Term, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return etf.Tuple{etf.Atom("error"), etf.Atom("enotsup")}, nil
	}
	remote := remoteAddrs()
	list := etf.List{}
	for _, i := range interfaces {
		options := etf.List{etf.Tuple{etf.Atom("flags"), interfaceFlags(i.Flags)}}
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				options = append(options, addressOptions(i.Flags, n, remote[n.IP.String()])...)
			}
		}
		if hw := hardwareAddr(i); len(hw) > 0 {
			options = append(options, etf.Tuple{etf.Atom("hwaddr"), hw})
		}
		list = append(list, etf.Tuple{etf.Charlist(i.Name), options})
	}
	return etf.Tuple{etf.Atom("ok"), list}, nil
}

// remoteAddr is what the system keeps beside an address of IPv4: nil where there is none.
type remoteAddr struct{ broadcast, destination net.IP }

// addressOptions returns what getifaddrs tells of an address: the address, its mask, and where it is set the address of
// broadcasts or of the other end.
func addressOptions(flags net.Flags, n *net.IPNet, remote remoteAddr) etf.List {
	options := etf.List{etf.Tuple{etf.Atom("addr"), ipTerm(n.IP)}, etf.Tuple{etf.Atom("netmask"), ipTerm(net.IP(n.Mask))}}
	if flags&net.FlagBroadcast != 0 && remote.broadcast != nil {
		options = append(options, etf.Tuple{etf.Atom("broadaddr"), ipTerm(remote.broadcast)})
	}
	if flags&net.FlagPointToPoint != 0 && remote.destination != nil {
		options = append(options, etf.Tuple{etf.Atom("dstaddr"), ipTerm(remote.destination)})
	}
	return options
}

// hardwareAddr returns the hardware address of an interface. Linux has one of zeros for the loopback interface, which
// the package net leaves out.
func hardwareAddr(i net.Interface) etf.List {
	address := i.HardwareAddr
	if runtime.GOOS == "linux" && i.Flags&net.FlagLoopback != 0 {
		address = make(net.HardwareAddr, 6)
	}
	list := etf.List{}
	for _, b := range address {
		list = append(list, etf.Int(b))
	}
	return list
}

// interfaceFlags returns the flags in the order of OTP. An interface that is up is running too: OTP 23 to 29 say so
// even of one without a carrier.
func interfaceFlags(flags net.Flags) etf.List {
	list := etf.List{}
	for _, f := range []struct {
		flag net.Flags
		name etf.Atom
	}{{net.FlagUp, "up"}, {net.FlagBroadcast, "broadcast"}, {net.FlagLoopback, "loopback"},
		{net.FlagPointToPoint, "pointtopoint"}, {net.FlagUp, "running"}, {net.FlagMulticast, "multicast"}} {
		if flags&f.flag != 0 {
			list = append(list, f.name)
		}
	}
	return list
}
