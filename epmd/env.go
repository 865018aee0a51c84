package epmd

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// WellKnownPort is the port of EPMD if ERL_EPMD_PORT says nothing else.
const WellKnownPort = 4369

// Env is what the environment says about EPMD.
type Env struct {
	// Port is ERL_EPMD_PORT, or WellKnownPort: where every EPMD listens, on this host and on others.
	Port uint16
	// Addrs is ERL_EPMD_ADDRESS: the addresses an EPMD listens on beside those of loopback. Empty if unset; epmd then
	// listens on all interfaces, while [Listen] takes loopback only.
	Addrs []netip.Addr
}

// ReadEnv reads ERL_EPMD_PORT and ERL_EPMD_ADDRESS by getenv, which is os.Getenv or a stand-in. A value that cannot be
// used is an *EnvError; epmd and erl fail late or silently on such values. epmd(1), "Environment Variables".
func ReadEnv(getenv func(string) string) (Env, error) {
	env := Env{Port: WellKnownPort}
	const portVar, addrVar = "ERL_EPMD_PORT", "ERL_EPMD_ADDRESS"
	if v := getenv(portVar); v != "" {
		n, err := strconv.ParseUint(v, 10, 16)
		if err != nil || n == 0 {
			return Env{}, &EnvError{portVar, v, "want a port, 1 to 65535"}
		}
		env.Port = uint16(n)
	}
	list := getenv(addrVar)
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		a, err := netip.ParseAddr(word)
		if err != nil {
			return Env{}, &EnvError{addrVar, list, strconv.Quote(shorten(word)) +
				" is not an IP address; want a comma-separated list of them"}
		}
		env.Addrs = append(env.Addrs, a.Unmap())
	}
	return env, nil
}

// Addr returns the address of the EPMD of a host: "host:port", with the brackets an IPv6 address needs.
func (e Env) Addr(host string) string {
	return net.JoinHostPort(host, strconv.Itoa(int(e.Port)))
}

// DefaultPort returns ERL_EPMD_PORT, or WellKnownPort if it is unset or unusable. A program that wants to hear of an
// unusable value calls [ReadEnv] first.
func DefaultPort() int {
	env, err := ReadEnv(os.Getenv)
	if err != nil {
		return WellKnownPort
	}
	return int(env.Port)
}

// Addr returns the address of the EPMD of a host, on [DefaultPort].
func Addr(host string) string {
	return net.JoinHostPort(host, strconv.Itoa(DefaultPort()))
}
