//go:build unix

package beam

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gonode-otp/gonode/gonodetest"
)

// none is the value of GONODE_ELIXIR and similar variables that skips all tests that need the program.
const none = "none"

// need returns the path of a program: the value of env, or the path found in PATH. A missing program ends the test.
func need(t testing.TB, lane, env, name string) string {
	t.Helper()
	if os.Getenv(env) == none {
		gonodetest.SkipLane(t, lane, env+"="+none)
	}
	path, err := findProgram(env, name)
	switch {
	case err == nil:
		return path
	case os.Getenv(env) != "":
		t.Fatalf("%s=%s: %v", env, os.Getenv(env), err)
	default:
		gonodetest.Missing(t, lane, name+" is not installed")
	}
	return ""
}

func findProgram(env, name string) (string, error) {
	if path := os.Getenv(env); path != "" {
		return exec.LookPath(path)
	}
	return exec.LookPath(name)
}

// needEPMD finds an epmd: by GONODE_EPMD, in PATH, or in the Erlang installation that erl belongs to. The last is for
// systems that link only erl into PATH.
func needEPMD(t testing.TB) string {
	t.Helper()
	if path, err := findProgram("GONODE_EPMD", "epmd"); err == nil {
		return path
	}
	if erl, err := findProgram("GONODE_ERL", "erl"); err == nil {
		if real, err := filepath.EvalSymlinks(erl); err == nil {
			found, _ := filepath.Glob(filepath.Join(filepath.Dir(real), "..", "erts-*", "bin", "epmd"))
			if len(found) > 0 {
				return found[0]
			}
		}
	}
	return need(t, gonodetest.LaneErlang, "GONODE_EPMD", "epmd")
}
