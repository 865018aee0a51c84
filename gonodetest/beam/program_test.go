//go:build unix

package beam_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/gonodetest/internal/witness"
)

// withoutPrograms makes this machine look as if no program were installed.
func withoutPrograms(t *testing.T, ci string) {
	t.Helper()
	for _, name := range []string{"GONODE_ERL", "GONODE_ELIXIR", "GONODE_IEX", "GONODE_EPMD"} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", ci)
	t.Setenv("GONODE_SKIPPED_LANES", "") // keeps the skips of this test out of the list of the run
}

var starts = map[string]func(testing.TB){
	"erl is not installed":    func(tb testing.TB) { beam.StartErl(tb, beam.WithoutDist()) },
	"elixir is not installed": func(tb testing.TB) { beam.StartElixir(tb, beam.WithoutDist()) },
	"iex is not installed":    func(tb testing.TB) { beam.StartIEx(tb, beam.WithoutDist()) },
	"epmd is not installed":   func(tb testing.TB) { beam.StartEPMD(tb) },
}

func TestAMissingProgramIsANamedSkipOnALaptop(t *testing.T) {
	for _, ci := range []string{"", "false", "0"} {
		withoutPrograms(t, ci)
		lanes := filepath.Join(t.TempDir(), "lanes")
		t.Setenv("GONODE_SKIPPED_LANES", lanes)
		for why, start := range starts {
			w := witness.Watch(t, start)
			require.True(t, w.Skipped(), why)
			require.False(t, w.Failed(), why)
			require.Regexp(t, regexp.MustCompile(`^lane "real \w+ node" is skipped: `+why), w.Text())
		}
		written, err := os.ReadFile(lanes)
		require.NoError(t, err)
		require.Contains(t, string(written), "real Erlang node: erl is not installed\n")
		require.Contains(t, string(written), "real Elixir node: iex is not installed\n")
	}
}

func TestAMissingProgramIsAFailureInCI(t *testing.T) {
	for _, ci := range []string{"true", "1"} {
		withoutPrograms(t, ci)
		for why, start := range starts {
			w := witness.Watch(t, start)
			require.True(t, w.Failed(), why)
			require.False(t, w.Skipped(), why)
			require.Contains(t, w.Text(), why)
		}
	}
}

func TestWhateverIsMissingIsAFailureInCIAlsoOnAMachineThatCannotInstallIt(t *testing.T) {
	missing := func(tb testing.TB) { gonodetest.Missing(tb, "Java node", "javac is not installed") }
	withoutPrograms(t, "true") // PATH has no apt-get either
	w := witness.Watch(t, missing)
	require.True(t, w.Failed())
	require.Contains(t, w.Text(), "javac is not installed")
	t.Setenv("CI", "")
	w = witness.Watch(t, missing)
	require.True(t, w.Skipped())
	require.Equal(t, `lane "Java node" is skipped: javac is not installed`, w.Text())
}

func TestALaneMayBeLeftOutByNameEvenInCI(t *testing.T) {
	withoutPrograms(t, "true")
	t.Setenv("GONODE_ELIXIR", "none")
	w := witness.Watch(t, starts["elixir is not installed"])
	require.True(t, w.Skipped())
	require.Equal(t, `lane "real Elixir node" is skipped: GONODE_ELIXIR=none`, w.Text())
	w = witness.Watch(t, starts["iex is not installed"])
	require.True(t, w.Failed(), "iex is another program")
}

func TestAnEPMDIsFoundBesideItsErl(t *testing.T) {
	root := t.TempDir()
	program := []byte("#!/bin/sh\necho from beside erl >&2; exit 1\n")
	for _, file := range []string{"bin/erl", "erts-13.1.5/bin/epmd"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, file), program, 0o755))
	}
	withoutPrograms(t, "")
	path := os.Getenv("PATH")
	require.NoError(t, os.Symlink(filepath.Join(root, "bin/erl"), filepath.Join(path, "erl")))
	w := witness.Watch(t, func(tb testing.TB) { beam.StartEPMD(tb) })
	require.Contains(t, w.Text(), "from beside erl")
}
