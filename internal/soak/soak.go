// Package soak lets a test do less in make test than in make soak, which sets GONODE_SOAK. What a test claims is the same
// in both: only repetitions, sizes and durations differ. A test that cannot be made small is left out by name.
package soak

import (
	"os"
	"testing"

	"github.com/gonode-otp/gonode/gonodetest"
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

// Only skips a test that runs in make soak alone, and names it as a skipped lane.
func Only(t testing.TB) {
	t.Helper()
	if !On() {
		gonodetest.SkipLane(t, "make soak", t.Name())
	}
}
