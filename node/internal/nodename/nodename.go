package nodename

import (
	"fmt"
	"net"
	"os"
	"strings"
	"unicode/utf8"
)

// Error says why a name is none.
type Error struct{ Reason string }

func (e *Error) Error() string { return e.Reason }

// Full returns the node name for what a user typed after erl's -sname (long false) or -name (long true): "name"
// or "name@host". It fails with an *Error if the name cannot be one, if a short name has a host with a dot, or
// if a long name has no host and the full name of this host cannot be found. See net_kernel:create_name/3 and
// inet_db:gethostname/0.
func Full(name string, long bool) (string, error) {
	alive, host, given := strings.Cut(name, "@")
	if err := checkHead(alive, name); err != nil {
		return "", err
	}
	if !given {
		var err error
		if host, err = defaultHost(long); err != nil {
			return "", err
		}
	}
	switch {
	case host == "" || strings.ContainsAny(host, "@ \t\r\n/"):
		return "", &Error{fmt.Sprintf("%q has no valid host behind the @", name)}
	case !long && strings.Contains(host, "."):
		return "", &Error{fmt.Sprintf("host %q has a dot, which needs long names (-name)", host)}
	}
	full := alive + "@" + host
	if utf8.RuneCountInString(full) > 255 {
		return "", &Error{"longer than 255 characters, the length of an atom"}
	}
	return full, nil
}

// checkHead applies the rule for the part in front of the @: net_kernel:valid_name_head/1.
func checkHead(alive, name string) error {
	if alive == "" {
		return &Error{fmt.Sprintf("%q has no name in front of the @", name)}
	}
	for _, r := range alive {
		ok := r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !ok {
			return &Error{fmt.Sprintf("%q may have letters, digits, - and _ in front of the @", name)}
		}
	}
	return nil
}

func defaultHost(long bool) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("node: the name of this host: %w", err)
	}
	if !long {
		short, _, _ := strings.Cut(host, ".")
		return short, nil
	}
	if strings.Contains(host, ".") {
		return host, nil
	}
	cname, err := net.LookupCNAME(host)
	if cname = strings.TrimSuffix(cname, "."); err == nil && strings.Contains(cname, ".") {
		return cname, nil
	}
	return "", &Error{fmt.Sprintf("the full name of this host (%s) cannot be found; give name@full.host.name", host)}
}

// CheckPeer returns the host of the name of a peer, or an error if the node called own cannot connect with it: nodes
// with short and with long names never do (net_kernel, inet_tcp_dist:splitnode/3).
func CheckPeer(own, peer string, long bool) (host string, err error) {
	alive, host, _ := strings.Cut(peer, "@")
	switch dotted := strings.Contains(host, "."); {
	case alive == "" || host == "" || strings.Contains(host, "@"):
		return "", &Error{"no node name: want name@host"}
	case peer == own:
		return "", &Error{"that is this node"}
	case dotted && !long:
		return "", &Error{"the host has a dot, but this node uses short names; start it with long names (-name) or " +
			"name the peer without domain"}
	case !dotted && long && net.ParseIP(host) == nil:
		return "", &Error{"the host has no domain, but this node uses long names; start it with short names (-sname) " +
			"or give the peer's full name"}
	}
	return host, nil
}

// Admits reports whether the list of net_kernel:allow/1 has the node called name: itself, by its host, or by what
// stands in front of the @ (dist_util:is_allowed/2). An empty list has all.
func Admits[S ~string](allow []S, name S) bool {
	alive, host, ok := strings.Cut(string(name), "@")
	ok = ok && alive != "" && host != "" && !strings.Contains(host, "@")
	for _, entry := range allow {
		if ok && (entry == name || string(entry) == host || string(entry) == alive+"@") {
			return true
		}
	}
	return len(allow) == 0
}
