package transport

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

// Family is the kind of addresses that a node uses: IPv4 or IPv6. Names are resolved to addresses of that kind alone,
// as the drivers inet_tcp and inet6_tcp of OTP do.
type Family struct{ IPv6 bool }

func (f Family) String() string {
	if f.IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

// network is what package net calls TCP over the family.
func (f Family) network() string {
	if f.IPv6 {
		return "tcp6"
	}
	return "tcp4"
}

// Loopback returns the address of this host for itself.
func (f Family) Loopback() string {
	if f.IPv6 {
		return "::1"
	}
	return "127.0.0.1"
}

// Lookup returns the addresses of a host. This host has its loopback address if nothing else is known of it
// (inet:gethostbyname_self/2).
func (f Family) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	network := "ip4"
	if f.IPv6 {
		network = "ip6"
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err == nil {
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		return addrs, nil
	}
	if ctx.Err() == nil && isThisHost(host) {
		return []netip.Addr{netip.MustParseAddr(f.Loopback())}, nil
	}
	var unsuitable *net.AddrError
	if errors.As(err, &unsuitable) {
		err = fmt.Errorf("%s has no %v address: %w", host, f, err)
	}
	return nil, err
}

// isThisHost tells whether host is the name of this host, or its first label.
func isThisHost(host string) bool {
	own, err := os.Hostname()
	first, _, _ := strings.Cut(own, ".")
	return err == nil && (strings.EqualFold(host, own) || strings.EqualFold(host, first))
}

// noKeepAlive leaves out the probes of TCP: the ticks of the distribution find out sooner whether a peer is alive. OTP
// sets no keepalive either (inet_tcp_dist).
const noKeepAlive = -1

// Dial opens a connection to "host:port". It has the form of net.Dialer.DialContext, so that EPMD is asked in the
// same way.
func (f Family) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{KeepAlive: noKeepAlive}
	conn, err := d.DialContext(ctx, f.network(), addr)
	if err == nil || !isLookupError(err) {
		return conn, err
	}
	addrs, err := f.Lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	return d.DialContext(ctx, f.network(), net.JoinHostPort(addrs[0].String(), port))
}

// isLookupError tells whether a name was the reason why a connection could not be opened.
func isLookupError(err error) bool {
	return errors.As(err, new(*net.DNSError)) || errors.As(err, new(*net.AddrError))
}

// Listen opens the first free port within lo and hi on an address, or on all: with IPv6 those of IPv4 too, as inet6_tcp
// does.
func (f Family) Listen(ctx context.Context, addr string, lo, hi uint16) (net.Listener, error) {
	network := f.network()
	if addr == "" && f.IPv6 {
		network, addr = "tcp", "::"
	}
	lc := net.ListenConfig{KeepAlive: noKeepAlive}
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

// CheckListen returns an error if addr is no address of the family to listen on. The empty one stands for all.
func (f Family) CheckListen(addr string) error {
	if addr == "" {
		return nil
	}
	a, err := netip.ParseAddr(addr)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no IP address", addr)
	case a.Unmap().Is4() && f.IPv6:
		return fmt.Errorf("%s is an IPv4 address; want one of IPv6, or another ProtoDist (inet_tcp, inet_tls)", addr)
	case a.Unmap().Is6() && !f.IPv6:
		return fmt.Errorf("%s is an IPv6 address; want one of IPv4, or another ProtoDist (inet6_tcp, inet6_tls)", addr)
	}
	return nil
}
