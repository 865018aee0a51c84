package epmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
)

// Listen opens what a [Server] listens on: port, on each of addrs and on loopback of both families, where the host has
// them. Without addrs it is loopback only, so that the names of the host are seen on the host only; other hosts find
// its nodes if addrs holds an address they reach, or netip.IPv4Unspecified() and netip.IPv6Unspecified() for all
// interfaces, as epmd does if ERL_EPMD_ADDRESS is unset. Port 0 means some free port, the same on all addresses.
//
// A port that is taken is [ErrInUse]. That shows a running EPMD for sure only where the system refuses a single address
// beside a listener on all of them, as Linux does; elsewhere ask with [Names] first. Serve closes the listeners.
func Listen(ctx context.Context, port uint16, addrs ...netip.Addr) ([]net.Listener, error) {
	addrs, optional := withLoopback(addrs)
	const attempts = 10 // a port free on one address may be taken on another
	for i := 1; ; i++ {
		ls, err := listenAll(ctx, port, addrs, optional)
		if err == nil || port != 0 || i == attempts || !errors.Is(err, ErrInUse) {
			return ls, err
		}
	}
}

// withLoopback adds the loopback addresses that addrs does not cover, and says which ones may be missing.
func withLoopback(addrs []netip.Addr) (all []netip.Addr, optional map[netip.Addr]bool) {
	loop4, loop6 := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	seen := make(map[netip.Addr]bool)
	optional = make(map[netip.Addr]bool)
	add := func(a netip.Addr) {
		if !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	for _, a := range addrs {
		add(a.Unmap())
	}
	if !seen[netip.IPv4Unspecified()] && !seen[loop4] {
		add(loop4)
	}
	if !seen[netip.IPv6Unspecified()] && !seen[loop6] {
		add(loop6)
		optional[loop6] = true
	}
	if seen[netip.IPv4Unspecified()] {
		optional[netip.IPv6Unspecified()] = true // "all interfaces" holds on a host without IPv6 too
	}
	// An address given beside the one that stands for all of its family would find the port taken.
	all = slices.DeleteFunc(all, func(a netip.Addr) bool {
		return !a.IsUnspecified() && (a.Is4() && seen[netip.IPv4Unspecified()] || a.Is6() && seen[netip.IPv6Unspecified()])
	})
	return all, optional
}

func listenAll(ctx context.Context, port uint16, addrs []netip.Addr, optional map[netip.Addr]bool) (ls []net.Listener,
	err error) {
	defer func() {
		if err != nil {
			closeAll(ls)
			ls = nil
		}
	}()
	for _, a := range addrs {
		network := "tcp4"
		if a.Is6() {
			network = "tcp6" // without the addresses of IPv4 behind ::
		}
		l, err := new(net.ListenConfig).Listen(ctx, network, net.JoinHostPort(a.String(), strconv.Itoa(int(port))))
		switch {
		case err == nil:
		case errors.Is(err, syscall.EADDRINUSE):
			return ls, fmt.Errorf("%w: %w; an EPMD may be running already", ErrInUse, err)
		case optional[a]:
			continue // a host without IPv6
		default:
			return ls, fmt.Errorf("epmd: %w", err)
		}
		ls = append(ls, l)
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && port == 0 {
			port = uint16(tcp.Port)
		}
	}
	return ls, nil
}

func closeAll(ls []net.Listener) {
	for _, l := range ls {
		_ = l.Close() // nobody waits for it, and it may be closed already
	}
}
