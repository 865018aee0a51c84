package gonodetest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// FreePort returns a TCP port that was free a moment ago. The port is outside the range from which the system picks
// ports itself, because other programs get those all the time. Another program may still take it before the caller
// does; where that matters, listen on port 0 instead.
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

// These ports are below ip_local_port_range of Linux and the corresponding ranges of the BSDs and macOS.
const lowestPort, highestPort = 12000, 32000
