package node

import (
	"testing"

	"ergo.services/ergo/gen"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheEngineStartsWithoutNetworkAndLeavesNothingBehind(t *testing.T) {
	e, err := startEngine("engine@localhost")
	require.NoError(t, err)
	require.Equal(t, gen.NetworkModeDisabled, e.Network().Mode())
	require.Empty(t, e.Applications())
	require.NoError(t, e.Close())
	require.False(t, e.IsAlive())
}

func TestTheEngineRefusesANameThatErgoRefuses(t *testing.T) {
	_, err := startEngine("nohost")
	require.Error(t, err)
}
