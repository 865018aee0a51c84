package soak_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/internal/soak"
)

func TestASoakIsFullAndTheRestQuick(t *testing.T) {
	t.Setenv("GONODE_SOAK", "")
	require.Equal(t, 3, soak.Size(3, 300))
	t.Setenv("GONODE_SOAK", "1")
	require.Equal(t, 300, soak.Size(3, 300))
	soak.Only(t)
}

func TestWhatIsLeftToTheSoakIsNamed(t *testing.T) {
	lanes := filepath.Join(t.TempDir(), "lanes")
	t.Setenv("GONODE_SKIPPED_LANES", lanes)
	t.Setenv("GONODE_SOAK", "")
	require.True(t, t.Run("long", func(t *testing.T) {
		soak.Only(t)
		require.Fail(t, "not skipped")
	}))
	text, err := os.ReadFile(lanes)
	require.NoError(t, err)
	require.Equal(t, "make soak: TestWhatIsLeftToTheSoakIsNamed/long\n", string(text))
}
