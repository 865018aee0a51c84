package epmd

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func addrs(list ...string) (as []netip.Addr) {
	for _, s := range list {
		as = append(as, netip.MustParseAddr(s))
	}
	return as
}

func TestLoopbackIsAlwaysAddedUnlessAllAddressesOfTheFamilyAreListenedOn(t *testing.T) {
	for _, c := range []struct {
		name                string
		given, all, mayFail []netip.Addr
	}{
		{"nothing given", nil, addrs("127.0.0.1", "::1"), addrs("::1")},
		{"an address", addrs("10.0.0.1"), addrs("10.0.0.1", "127.0.0.1", "::1"), addrs("::1")},
		{"the same twice, once as IPv6", addrs("10.0.0.1", "::ffff:10.0.0.1"), addrs("10.0.0.1", "127.0.0.1", "::1"),
			addrs("::1")},
		{"all of IPv4", addrs("0.0.0.0", "10.0.0.1"), addrs("0.0.0.0", "::1"), addrs("::1")},
		{"all of IPv6", addrs("fd00::1", "::"), addrs("::", "127.0.0.1"), nil},
		{"all of both", addrs("0.0.0.0", "::"), addrs("0.0.0.0", "::"), addrs("::")},
		{"loopback itself", addrs("::1", "127.0.0.1"), addrs("::1", "127.0.0.1"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, optional := withLoopback(c.given)
			require.Equal(t, c.all, all)
			for _, a := range all {
				var may bool
				for _, m := range c.mayFail {
					may = may || m == a
				}
				require.Equal(t, may, optional[a], "%v", a)
			}
		})
	}
}

func TestAFreePortIsTheSameOnAllAddresses(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	defer closeAll(ls)
	require.NotEmpty(t, ls)
	port := ls[0].Addr().(*net.TCPAddr).Port
	for _, l := range ls {
		require.Equal(t, port, l.Addr().(*net.TCPAddr).Port)
	}
	require.NotZero(t, port)
}

func TestATakenPortIsSaidToBePerhapsAnEPMD(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	defer closeAll(ls)
	port := uint16(ls[0].Addr().(*net.TCPAddr).Port)
	_, err = Listen(t.Context(), port)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.Contains(t, err.Error(), "EPMD may be running")
}

func TestNothingStaysOpenWhenOneAddressFails(t *testing.T) {
	ls, err := Listen(t.Context(), 0)
	require.NoError(t, err)
	port := uint16(ls[0].Addr().(*net.TCPAddr).Port)
	closeAll(ls)
	_, err = Listen(t.Context(), port, addrs("127.0.0.1", "203.0.113.1")...) // an address of documentation, not ours
	require.Error(t, err)
	require.False(t, errors.Is(err, ErrInUse))
	ls, err = Listen(t.Context(), port)
	require.NoError(t, err, "the first address is free again")
	closeAll(ls)
}
