package gonodetest

import (
	"fmt"
	"os"
	"testing"
)

// LaneErlang and LaneElixir name the skipped tests where these programs are missing.
const (
	LaneErlang = "real Erlang node"
	LaneElixir = "real Elixir node"
)

// SkipLane skips the test and says which part of the suite is left out and why. It also appends the line to the file
// that the environment variable GONODE_SKIPPED_LANES names, if it is set, so that a run can end with a list of the
// skipped parts.
func SkipLane(t testing.TB, lane, why string) {
	t.Helper()
	if file := os.Getenv("GONODE_SKIPPED_LANES"); file != "" {
		if err := appendLine(file, lane+": "+why); err != nil {
			t.Errorf("noting the skipped lane: %v", err)
		}
	}
	t.Skipf("lane %q is skipped: %s", lane, why)
}

// Missing ends a test that needs something this machine lacks. In CI (see InCI) the test fails, whether the machine
// could install it or not. Elsewhere SkipLane skips it.
func Missing(t testing.TB, lane, what string) {
	t.Helper()
	if InCI() {
		t.Fatalf("%s, and in CI every lane has to run", what)
	}
	SkipLane(t, lane, what)
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// InCI reports whether the tests run in continuous integration, where a missing program is a failure. That is so if the
// environment variable CI is set to anything but 0 and false.
func InCI() bool {
	switch os.Getenv("CI") {
	case "", "0", "false":
		return false
	}
	return true
}
