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
