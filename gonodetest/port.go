package gonodetest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreePort returns a TCP port that was free a moment ago. It is none of those that the system hands out by itself,
// which others are given all the time. Still somebody may take it before the caller does; where that matters, listen
// on port 0 instead.
func FreePort(t testing.TB) int {
	t.Helper()
	var last error
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		l, err := net.Listen("tcp4", ":"+strconv.Itoa(port))
		if err == nil {
			_ = l.Close()
			return port
		}
		last = err
	}
	t.Fatalf("looking for a free port: %v", last)
	return 0
}

// The ports below those of ip_local_port_range as Linux, the BSDs and macOS have it.
const lowestPort, highestPort = 12000, 32000
