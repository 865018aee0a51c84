package etf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// No test can hold a binary of 4 GB, so the check is tested alone.
func TestASizeOver32BitsIsRefused(t *testing.T) {
	require.Nil(t, fits32(0, "%d"))
	require.Nil(t, fits32(math.MaxInt32, "%d"))
	if math.MaxInt > math.MaxInt32 {
		large := uint64(math.MaxUint32)
		require.Nil(t, fits32(int(large), "%d"))
		require.Equal(t, "a binary of 4294967296 bytes", fits32(int(large+1), "a binary of %d bytes").Detail)
	}
}

func TestEveryTagHasTheNameOfTheDocumentation(t *testing.T) {
	require.Equal(t, "RECORD_EXT", tagName(67))
	require.Equal(t, "NEWER_REFERENCE_EXT", tagName(90))
	require.Equal(t, "LOCAL_EXT", tagName(121))
	require.Equal(t, "tag 66", tagName(66))
	require.Equal(t, "tag 122", tagName(122))
	require.Equal(t, "tag 68", tagName(68))
}
