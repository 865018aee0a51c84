package gonodetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gonode-otp/gonode/epmd"
)

// Register enters a node, "name@host", as one that listens on port in the EPMD on epmdPort of this host, until the test
// ends. It may be a real EPMD or one that a Go node brings along. It ends the test if the EPMD refuses the name.
func Register(t testing.TB, epmdPort int, node string, port int) {
	t.Helper()
	alive, _, _ := strings.Cut(node, "@")
	r, err := epmd.Register(t.Context(), epmd.RegisterOptions{Addr: fmt.Sprintf("127.0.0.1:%d", epmdPort), Name: alive,
		Port: uint16(port), Hidden: true})
	if err != nil {
		t.Fatalf("registering %s in the EPMD on port %d: %v", node, epmdPort, err)
	}
	t.Cleanup(func() { _ = r.Close() })
}
