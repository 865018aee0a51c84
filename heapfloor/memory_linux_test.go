//go:build linux && !race

package heapfloor_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/heapfloor"
)

// resident is the memory of the program in MB, without its address space.
func resident(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(b), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize() >> 20
}

func TestAFloorTakesNoMemoryAfterALargeHeap(t *testing.T) {
	if !alone(t) {
		return
	}
	gone := filled(400)
	runtime.KeepAlive(gone)
	collect(t)
	memory := resident(t)
	defer heapfloor.Set(64<<20, 100)()
	require.LessOrEqual(t, resident(t), memory+8)
}

func TestAfterABurstTheMemoryGoesBackToTheSystemInSeconds(t *testing.T) {
	if !alone(t) {
		return
	}
	defer heapfloor.Set(heapfloor.Default, 100)()
	burst := filled(300)
	collect(t)
	require.Greater(t, resident(t), 300)
	runtime.KeepAlive(burst)
	goesBack(t)
}

// The collector has run, but what it has freed is still resident.
func TestWhatWasCollectedAtTheEndOfABurstGoesBackToo(t *testing.T) {
	if !alone(t) {
		return
	}
	defer heapfloor.Set(heapfloor.Default, 100)()
	var burst [][]byte
	for range 100 {
		burst = append(burst, filled(3))
	}
	collect(t)
	runtime.KeepAlive(burst)
	collect(t)
	require.Greater(t, resident(t), 150)
	goesBack(t)
}

func goesBack(t *testing.T) {
	t.Helper()
	begin := time.Now()
	eventually(t, func() bool { return resident(t) < 100 }, func() string { return fmt.Sprintf("%d MB", resident(t)) })
	require.Less(t, time.Since(begin), 20*time.Second)
}
