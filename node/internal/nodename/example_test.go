package nodename_test

import (
	"fmt"

	"github.com/gonode-otp/gonode/node/internal/nodename"
)

func ExampleFull() {
	fmt.Println(nodename.Full("a@127.0.0.1", true))
	fmt.Println(nodename.Full("a@host.example.org", false))
	// Output:
	// a@127.0.0.1 <nil>
	//  host "host.example.org" has a dot, which needs long names (-name)
}
