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

// withElixir reports whether tests that are about Erlang as well run their Elixir part. The rest of such a test runs in
// any case.
func withElixir() bool { return os.Getenv("GONODE_ELIXIR") != "none" }

// marked lists the processes of this machine that have mark in their environment, from /proc. A zombie process has no
// environment any more.
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
			continue // the process has ended meanwhile, or belongs to another user
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return found
}

// eventually polls until ok returns true. It is for what another process does in its own time.
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
