package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// family is the kind of addresses that a node uses: IPv4, or with six IPv6. Names are resolved to addresses of that
// kind alone, as the drivers inet_tcp and inet6_tcp of OTP do.
type family struct{ six bool }

func (f family) String() string {
	if f.six {
		return "IPv6"
	}
	return "IPv4"
}

// network is what package net calls TCP over the family.
func (f family) network() string {
	if f.six {
		return "tcp6"
	}
	return "tcp4"
}

func (f family) loopback() string {
	if f.six {
		return "::1"
	}
	return "127.0.0.1"
}

// lookup returns the addresses of a host. The own host has its loopback address if nothing else is known of it
// (inet:gethostbyname_self/2).
func (f family) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	network := "ip4"
	if f.six {
		network = "ip6"
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err == nil {
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		return addrs, nil
	}
	if ctx.Err() == nil && isOwnHost(host) {
		return []netip.Addr{netip.MustParseAddr(f.loopback())}, nil
	}
	var unsuitable *net.AddrError
	if errors.As(err, &unsuitable) {
		err = fmt.Errorf("%s has no %v address: %w", host, f, err)
	}
	return nil, err
}

// isOwnHost tells whether host is the name of this host, or its first label.
func isOwnHost(host string) bool {
	own, err := os.Hostname()
	first, _, _ := strings.Cut(own, ".")
	return err == nil && (strings.EqualFold(host, own) || strings.EqualFold(host, first))
}

// ticksDo leaves out the probes of TCP: the ticks of the distribution find out sooner whether a peer is alive. OTP
// sets no keepalive either (inet_tcp_dist).
const ticksDo = -1

// dial opens a connection to "host:port". It has the form of net.Dialer.DialContext, so that EPMD is asked in the
// same way.
func (f family) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{KeepAlive: ticksDo}
	conn, err := d.DialContext(ctx, f.network(), addr)
	if err == nil || !isUnresolved(err) {
		return conn, err
	}
	addrs, err := f.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	return d.DialContext(ctx, f.network(), net.JoinHostPort(addrs[0].String(), port))
}

// isUnresolved tells whether a name was the reason why a connection could not be opened.
func isUnresolved(err error) bool {
	return errors.As(err, new(*net.DNSError)) || errors.As(err, new(*net.AddrError))
}

// listen opens the first free port within lo and hi on an address, or on all: with IPv6 those of IPv4 too, as inet6_tcp
// does.
func (f family) listen(ctx context.Context, addr string, lo, hi uint16) (net.Listener, error) {
	network := f.network()
	if addr == "" && f.six {
		network, addr = "tcp", "::"
	}
	lc := net.ListenConfig{KeepAlive: ticksDo}
	for port := int(lo); ; port++ {
		l, err := lc.Listen(ctx, network, net.JoinHostPort(addr, strconv.Itoa(port)))
		switch {
		case err == nil:
			return l, nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("node: cannot listen: %w", err) // the next port has the same fault
		case port >= int(hi):
			return nil, fmt.Errorf("node: no port to listen on within %d and %d: %w", lo, hi, err)
		}
	}
}

// check finds an address to listen on that is none of the family.
func (f family) check(addr string) error {
	if addr == "" {
		return nil
	}
	a, err := netip.ParseAddr(addr)
	switch {
	case err != nil:
		return &ConfigError{"Listen", fmt.Sprintf("%q is no IP address", addr)}
	case a.Unmap().Is4() && f.six:
		return &ConfigError{"Listen", addr +
			" is an IPv4 address; want one of IPv6, or another ProtoDist (inet_tcp, inet_tls)"}
	case a.Unmap().Is6() && !f.six:
		return &ConfigError{"Listen", addr +
			" is an IPv6 address; want one of IPv4, or another ProtoDist (inet6_tcp, inet6_tls)"}
	}
	return nil
}
