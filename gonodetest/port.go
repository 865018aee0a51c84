//go:build unix

package gonodetest

import (
	"crypto/rand"
	"net"
	"testing"
)

// FreePort returns a TCP port that was free a moment ago on the loopback interface. Somebody else may take it before
// the caller does; where that matters, listen on port 0 instead.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// NewCookie returns a cookie that nobody else uses: letters and digits, so that it needs no quotes in either language.
func NewCookie() string {
	return "c" + rand.Text()
}
