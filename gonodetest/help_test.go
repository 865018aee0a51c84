//go:build unix

package gonodetest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
)

// witness is a testing.TB that keeps what happens to it, so that a test can watch another one fail or be skipped.
type witness struct {
	testing.TB
	said     []string
	failed   bool
	skipped  bool
	cleanups []func()
}

// watch runs f as a test of its own and returns what became of it.
func watch(t *testing.T, f func(tb testing.TB)) *witness {
	t.Helper()
	w := &witness{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(w.cleanups) > 0 {
				last := len(w.cleanups) - 1
				next := w.cleanups[last]
				w.cleanups = w.cleanups[:last]
				next()
			}
		}()
		f(w)
	}()
	<-done
	return w
}

func (w *witness) Helper()             {}
func (w *witness) Cleanup(f func())    { w.cleanups = append(w.cleanups, f) }
func (w *witness) Failed() bool        { return w.failed }
func (w *witness) Skipped() bool       { return w.skipped }
func (w *witness) Logf(string, ...any) {}

func (w *witness) say(text string) { w.said = append(w.said, text) }
func (w *witness) text() string    { return strings.Join(w.said, "\n") }

func (w *witness) Error(args ...any) {
	w.failed = true
	w.say(fmt.Sprint(args...))
}

func (w *witness) Errorf(format string, args ...any) { w.Error(fmt.Sprintf(format, args...)) }

func (w *witness) Fatal(args ...any) {
	w.Error(args...)
	runtime.Goexit()
}

func (w *witness) Fatalf(format string, args ...any) { w.Fatal(fmt.Sprintf(format, args...)) }

func (w *witness) Skipf(format string, args ...any) {
	w.skipped = true
	w.say(fmt.Sprintf(format, args...))
	runtime.Goexit()
}

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
