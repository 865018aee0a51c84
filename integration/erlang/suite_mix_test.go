package erlang

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestTheElixirExampleKeepsItsPromisesWithTheBuiltCommand(t *testing.T) {
	t.Parallel()
	mix := needMix(t)
	bin := build(t)
	project := filepath.Join(t.TempDir(), "elixir")
	require.NoError(t, os.CopyFS(project, os.DirFS("../../examples/elixir")))
	cmd := exec.CommandContext(t.Context(), mix, "test")
	cmd.Dir = project
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "GONODE="+bin, "MIX_ENV=test",
		fmt.Sprintf("ERL_EPMD_PORT=%d", beam.PrivateEPMD(t).Port()))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), ", 0 failures")
	require.NotContains(t, string(out), "warning:")
}
