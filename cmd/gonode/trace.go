package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
)

// tracer returns the trace function that the environment variable GONODE_TRACE asks for. Without it the function is
// nil. With the word dist it writes a line to w for every message and tick on every connection. It does not trace the
// handshake, so no trace has the digests of the cookie.
func tracer(w io.Writer) (func(dist.TraceEvent), error) {
	switch word := os.Getenv("GONODE_TRACE"); word {
	case "":
		return nil, nil
	case "dist":
		var mu sync.Mutex // one line at a time
		return func(e dist.TraceEvent) {
			line := time.Now().Format("15:04:05.000000") + " " + e.String() + "\n"
			mu.Lock()
			defer mu.Unlock()
			_, _ = io.WriteString(w, line)
		}, nil
	default:
		return nil, usageError{fmt.Errorf("GONODE_TRACE is %q; it may be dist", word)}
	}
}
