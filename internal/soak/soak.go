// Package soak lets a test do less in make test than in make soak, which sets GONODE_SOAK. A test makes the same claims
// in both; only repetitions, sizes and durations differ. A test that cannot be made small is skipped by name.
package soak

import (
	"fmt"
	"os"
	"testing"
)

// On reports whether this run is make soak.
func On() bool { return os.Getenv("GONODE_SOAK") != "" }

// Size returns full in make soak, and quick otherwise.
func Size[T any](quick, full T) T {
	if On() {
		return full
	}
	return quick
}

// Only skips a test outside of make soak, and records it as a skipped lane. It does what gonodetest.SkipLane does,
// because tests of packages that gonodetest imports cannot import gonodetest.
func Only(t testing.TB) {
	t.Helper()
	if On() {
		return
	}
	if name := os.Getenv("GONODE_SKIPPED_LANES"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = fmt.Fprintf(f, "make soak: %s\n", t.Name())
			_ = f.Close()
		}
		if err != nil {
			t.Errorf("noting the skipped lane: %v", err)
		}
	}
	t.Skip("it runs in make soak")
}
