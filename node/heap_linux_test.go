//go:build !race

package node_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/node"
)

// resident is the memory of the program in bytes, without its address space.
func resident(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size, pages int64
	_, err = fmt.Sscan(string(b), &size, &pages)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}

func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestUnderTheFloorLieTenOfItThatTakeNoMemory(t *testing.T) {
	withoutGCVariables(t)
	collect(t)
	heap, memory := allocated(), resident(t)
	restore := node.SetHeapFloor(node.HeapFloor, 100)
	collect(t)
	require.InDelta(t, 10*node.HeapFloor, allocated()-heap, node.HeapFloor)
	require.Less(t, resident(t)-memory, int64(node.HeapFloor))
	restore()
	collect(t)
	require.Less(t, allocated()-heap, int64(node.HeapFloor))
}
