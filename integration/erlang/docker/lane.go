package docker

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Skip reports that something was not run, and why. With note it also appends that to the file that
// GONODE_SKIPPED_LANES names, as gonodetest.SkipLane does.
func Skip(lane, why string, note bool) {
	why = strings.Join(strings.Fields(why), " ")
	fmt.Println("not run:", why)
	file := os.Getenv("GONODE_SKIPPED_LANES")
	if !note || file == "" {
		return
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = fmt.Fprintf(f, "%s: %s\n", lane, why)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "noting the skipped lane:", err)
	}
}
