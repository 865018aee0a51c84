// Package soak lets a test do less in make test than in make soak, which sets GONODE_SOAK. What a test claims is the
// same in both: only repetitions, sizes and durations differ. A test that cannot be made small is left out by name.
package soak

import (
	"fmt"
	"os"
	"testing"
)

// On reports whether this is make soak.
func On() bool { return os.Getenv("GONODE_SOAK") != "" }

// Size returns full in make soak, else quick.
func Size[T any](quick, full T) T {
	if On() {
		return full
	}
	return quick
}

// Only skips a test that runs in make soak alone, and names it as a skipped lane, as gonodetest.SkipLane does, which
// tests inside the packages that gonodetest imports cannot call.
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
