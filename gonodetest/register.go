package gonodetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gonode-otp/gonode/epmd"
)

// Register registers the node name "name@host", as one that listens on port, with the EPMD on epmdPort of this host,
// until the test ends. The EPMD may be a real one or one that a Go node embeds. Register ends the test if the EPMD
// refuses the name.
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
