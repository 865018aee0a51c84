package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gonode-otp/gonode/dist"
)

// tracer returns what the environment variable GONODE_TRACE asks for: nil, or with the word dist a function that
// writes a line to w for every message and tick on every connection. The handshake, and with it the cookie, is no
// part of that.
func tracer(w io.Writer) (func(dist.TraceEvent), error) {
	switch word := os.Getenv("GONODE_TRACE"); word {
	case "":
		return nil, nil
	case "dist":
		var mu sync.Mutex // a line at a time
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
