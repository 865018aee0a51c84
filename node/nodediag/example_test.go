package nodediag_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gonode-otp/gonode/node"
	"github.com/gonode-otp/gonode/node/nodediag"
)

// The first step that fails is the last one, and says what to change.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cfg := node.Config{Name: "here@localhost", Cookie: "secret"}
	for f := range nodediag.Examine(ctx, cfg, "there@host.example.org") {
		problem, remedy, _ := strings.Cut(f.Err.Error(), "; ")
		fmt.Println(f.Step, problem)
		fmt.Println(remedy)
		fmt.Println(f.Advice)
	}
	// Output:
	// name the host has a dot, but this node uses short names
	// start it with long names (-name) or name the peer without domain
	// use the form of name that the peer was started with: -sname or -name
}
