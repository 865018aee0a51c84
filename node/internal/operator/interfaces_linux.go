package operator

import (
	"net"
	"syscall"
)

// remoteAddrs returns what rtnetlink tells of the addresses of IPv4, by the text of each address. It is what
// getifaddrs(3) tells, which inet:getifaddrs/0 calls.
func remoteAddrs() map[string]remoteAddr {
	all := map[string]remoteAddr{}
	table, err := syscall.NetlinkRIB(syscall.RTM_GETADDR, syscall.AF_INET)
	if err != nil {
		return all
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return all
	}
	for _, m := range messages {
		if m.Header.Type != syscall.RTM_NEWADDR {
			continue
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			continue
		}
		var local net.IP
		var remote remoteAddr
		for _, a := range attributes {
			switch a.Attr.Type {
			case syscall.IFA_LOCAL:
				local = a.Value
			case syscall.IFA_ADDRESS:
				remote.destination = a.Value
			case syscall.IFA_BROADCAST:
				remote.broadcast = a.Value
			}
		}
		all[local.String()] = remote
	}
	return all
}
