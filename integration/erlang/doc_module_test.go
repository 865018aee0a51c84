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

// The program of the README is a program of another module. What "go get" would fetch is this tree. A replace in its
// go.mod would not count there, and have "go install" refuse the command.
func TestTheProgramOfTheReadmeRunsInAModuleOfItsOwn(t *testing.T) {
	t.Parallel()
	program := readme(t, "go")
	require.Len(t, program, 1)
	here, err := filepath.Abs("../..")
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(here, "go.sum"))
	require.NoError(t, err)

	mod, err := os.ReadFile(filepath.Join(here, "go.mod"))
	require.NoError(t, err)
	require.NotContains(t, string(mod), "replace ")

	dir, port := t.TempDir(), beam.PrivateEPMD(t).Port()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program[0]), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))
	run := func(args ...string) string {
		cmd := exec.Command("go", args...)
		// The modules are there, or this test would not have been built.
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off",
			fmt.Sprintf("ERL_EPMD_PORT=%d", port), "ERL_EPMD_ADDRESS=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go %v: %s", args, out)
		return string(out)
	}
	run("mod", "init", "example.org/hello")
	run("mod", "edit", "-replace", "github.com/gonode-otp/gonode="+here, "-require", "github.com/gonode-otp/gonode@v0.0.0")
	require.Equal(t, "42 <nil>\n", run("run", "."))
}
