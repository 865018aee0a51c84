//go:build unix

package gonodetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// LaneErlang and LaneElixir are the names under which tests are skipped where these programs are missing.
const (
	LaneErlang = "real Erlang node"
	LaneElixir = "real Elixir node"
)

// SkipLane skips the test and says which part of the suite is left out and why. The line is also appended to the file
// that the environment variable GONODE_SKIPPED_LANES names, if it is set, so that a run can end with the list of what
// it did not do.
func SkipLane(t testing.TB, lane, why string) {
	t.Helper()
	if file := os.Getenv("GONODE_SKIPPED_LANES"); file != "" {
		if err := appendLine(file, lane+": "+why); err != nil {
			t.Errorf("noting the skipped lane: %v", err)
		}
	}
	t.Skipf("lane %q is skipped: %s", lane, why)
}

// Missing ends a test for which this machine lacks something. In CI (the environment variable CI) that is a failure, if
// the machine has apt-get, by which tools/deps would have installed it; else the test is skipped by SkipLane.
func Missing(t testing.TB, lane, what string) {
	t.Helper()
	if _, err := exec.LookPath("apt-get"); err == nil && inCI() {
		t.Fatalf("%s, and in CI every lane has to run", what)
	}
	SkipLane(t, lane, what)
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(f, line); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// inCI tells whether a missing program is a failure. Every CI service sets CI; some set it to 1.
func inCI() bool {
	switch os.Getenv("CI") {
	case "", "0", "false":
		return false
	}
	return true
}

// none is the value of GONODE_ELIXIR and the like that leaves the lane of the program out.
const none = "none"

// need returns the path of a program: the value of env, or what the PATH has. A missing program ends the test.
func need(t testing.TB, lane, env, name string) string {
	t.Helper()
	if os.Getenv(env) == none {
		SkipLane(t, lane, env+"="+none)
	}
	path, err := findProgram(env, name)
	switch {
	case err == nil:
		return path
	case os.Getenv(env) != "":
		t.Fatalf("%s=%s: %v", env, os.Getenv(env), err)
	case inCI():
		t.Fatalf("%s is not installed, and in CI every lane has to run: %v", name, err)
	default:
		SkipLane(t, lane, name+" is not installed")
	}
	return ""
}

func findProgram(env, name string) (string, error) {
	if path := os.Getenv(env); path != "" {
		return exec.LookPath(path)
	}
	return exec.LookPath(name)
}

// needEPMD finds an epmd: by GONODE_EPMD, on the PATH, or in the Erlang installation that erl belongs to, where it
// lies when only erl itself was linked into the PATH.
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
	return need(t, LaneErlang, "GONODE_EPMD", "epmd")
}
