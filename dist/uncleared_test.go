package dist

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnclearedMemoryIsOneBlockThatNobodyElseHas(t *testing.T) {
	require.Empty(t, uncleared(0))
	for _, n := range []int{1, 100, ownFrame, fragmentSize + 100, 1 << 20} {
		require.Equal(t, 1.0, testing.AllocsPerRun(20, func() { kept = uncleared(n) }), "%d bytes", n)
		var blocks [8][]byte
		for i := range blocks {
			blocks[i] = uncleared(n)
			require.Len(t, blocks[i], n)
			for j := range blocks[i] {
				blocks[i][j] = byte(i)
			}
		}
		runtime.GC()
		for i, b := range blocks {
			require.Equal(t, byte(i), b[0], "%d bytes", n)
			require.Equal(t, byte(i), b[n-1], "%d bytes", n)
		}
	}
}

var kept []byte
