package erlang

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
)

// enoughExUnit is how many tests the project exunit has at least.
const enoughExUnit = 120

func TestTheExUnitTestsHoldOnABEAM(t *testing.T) {
	t.Parallel()
	runExUnit(t, "")
}

func TestTheExUnitTestsHoldOnAGoNode(t *testing.T) {
	t.Parallel()
	needMix(t) // skips where there is none
	runExUnit(t, startTestbed(t))
}

// needMix returns the program mix.
func needMix(t *testing.T) string {
	t.Helper()
	if os.Getenv("GONODE_ELIXIR") == "none" {
		gonodetest.SkipLane(t, gonodetest.LaneElixir, "GONODE_ELIXIR=none")
	}
	mix, err := exec.LookPath("mix")
	if err != nil && os.Getenv("CI") == "" {
		gonodetest.SkipLane(t, gonodetest.LaneElixir, "mix is not installed")
	}
	require.NoError(t, err)
	return mix
}

// runExUnit runs the tests of exunit against the node control, or against a BEAM if that is empty, and reports each
// that failed.
func runExUnit(t *testing.T, control string) {
	t.Helper()
	mix := needMix(t)
	dir := t.TempDir()
	for _, part := range []string{"ct", "exunit"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(part)))
	}
	out := filepath.Join(dir, "out.tsv")
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "elixir", "--sname", "exdriver@localhost", "--cookie", gonodetest.Cookie(t), "--erl",
		"-connect_all false -start_epmd false",
		mix, "test")
	cmd.Dir = filepath.Join(dir, "exunit")
	cmd.Env = append(suiteEnv(t), "MIX_ENV=test", "COMPAT_OUT="+out, "COMPAT_CONTROL="+control)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.CombinedOutput()
	text, missing := os.ReadFile(out)
	require.NoError(t, missing, string(said))
	total := reportSuites(t, string(text))
	require.NoError(t, err, string(said))
	require.NotContains(t, string(said), "warning:")
	require.GreaterOrEqual(t, total, enoughExUnit, fmt.Sprintf("only %d tests hold", total))
}
