package heapfloor_test

import "github.com/gonode-otp/gonode/heapfloor"

// A program whose main work is that of a node lets its heap grow to 40 MB before garbage is collected, and above that
// by as much as is alive.
func Example() {
	defer heapfloor.Set(heapfloor.Default, 100)()
	// start the node, and wait until it ends
	// Output:
}
