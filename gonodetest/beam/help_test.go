//go:build unix

package beam_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
)

// withElixir tells whether Elixir has its part in tests that are about Erlang as well. Where it was left out by name
// the rest of such a test still runs.
func withElixir() bool { return os.Getenv("GONODE_ELIXIR") != "none" }

// marked lists the processes of this machine whose environment has mark in it, from /proc. A process that has ended
// and was not yet waited for has no environment any more.
func marked(t testing.TB, mark string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(files) == 0 {
		gonodetest.SkipLane(t, "leftover processes", "this system has no /proc")
	}
	var found []string
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte(mark)) {
			continue // ended meanwhile, or somebody else's
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}

// eventually polls until ok, for what another process does in its own time.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("this did not come true: %s", what)
		}
	}
}

func briefly(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}
