package dist

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gonode-otp/gonode/etf"
)

const (
	maxAtomRunes = 255
	maxAtomBytes = maxAtomRunes * utf8.UTFMax
)

// SplitNode returns the two parts of a node name; ok is false unless there is exactly one @ and both are non-empty
// (dist_util:split_node/1).
func SplitNode(node etf.Atom) (name, host string, ok bool) {
	name, host, ok = strings.Cut(string(node), "@")
	return name, host, ok && name != "" && host != "" && !strings.Contains(host, "@")
}

// nameFault says what is wrong with a name in send_name, "" if nothing is: it has to be name@host, or with dynamic a
// host alone (dist_util's is_name_ok).
func nameFault(node etf.Atom, dynamic bool) string {
	if utf8.RuneCountInString(string(node)) > maxAtomRunes {
		return "is longer than 255 characters"
	}
	if dynamic {
		if node == "" || strings.Contains(string(node), "@") {
			return "is not a host name, as one that asks for a name has to send"
		}
		return ""
	}
	name, _, ok := SplitNode(node)
	if !ok {
		return "is not of the form name@host"
	}
	for i := range len(name) {
		if !isNameByte(name[i]) {
			return "has other characters than letters, digits, - and _ before the @"
		}
	}
	return ""
}

// isNameByte has the characters the emulator permits before the @. OTP looks at them after the name was accepted, and
// answers nok to such a name, "Cannot get connection id for node" (seen at OTP 25).
func isNameByte(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// sameStyle reports whether two nodes can be in one cluster: both hosts have a dot, or neither has one. A literal IPv6
// address goes with long names too (inet_tcp_dist's splitnode).
func sameStyle(ours, theirs string) bool {
	if strings.Contains(ours, ".") == strings.Contains(theirs, ".") {
		return true
	}
	return isIPv6(ours) || isIPv6(theirs)
}

func isIPv6(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Is6()
}

// appendLatin1 appends the characters of s as one byte each; ok is false if one of them is not in Latin-1, or s is not
// UTF-8. Names and cookies travel so (atom_to_binary(Node, latin1) in dist_util).
func appendLatin1(dst []byte, s string) (out []byte, ok bool) {
	for _, r := range s { // a byte that is not UTF-8 yields U+FFFD
		if r > 0xff {
			return dst, false
		}
		dst = append(dst, byte(r))
	}
	return dst, true
}

// fromLatin1 returns the atom whose characters are the bytes of b.
func fromLatin1(b []byte) etf.Atom {
	var s strings.Builder
	s.Grow(len(b))
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return etf.Atom(s.String())
}

// randomName makes a name and a creation for a peer that asked for one. 64 random bits make the name unique, as in
// net_kernel's generate_node_name; creations up to 3 are left to nodes that can say no more.
func randomName(host string) (etf.Atom, uint32) {
	var b [12]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	name := strings.ToUpper(strconv.FormatUint(binary.BigEndian.Uint64(b[:]), 36))
	return etf.Atom(name + "@" + host), max(binary.BigEndian.Uint32(b[8:]), 4)
}
