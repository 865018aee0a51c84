package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryCommandHasAManualPageWithItsFlags(t *testing.T) {
	dir := t.TempDir()
	prints(t, "man", "--date", "2026-12-01", dir)
	root := newRoot(&options{})
	for _, cmd := range root.Commands() {
		file := filepath.Join(dir, "gonode-"+cmd.Name()+".1")
		if !cmd.IsAvailableCommand() {
			require.NoFileExists(t, file)
			continue
		}
		page, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Contains(t, string(page), cmd.Short[:10])
	}
	page, err := os.ReadFile(filepath.Join(dir, "gonode-call.1"))
	require.NoError(t, err)
	require.Contains(t, string(page), `.TH "GONODE-CALL" 1 "2026-12-01"`)
	require.Contains(t, string(page), `.B \-\-timeout`)
	require.FileExists(t, filepath.Join(dir, "gonode-relup-make.1"))
	require.NotContains(t, prints(t, "--help"), "man DIR")
	fails(t, exitFailure, []string{"man", filepath.Join(dir, "missing")}, "missing")

	if _, err := exec.LookPath("groff"); err != nil {
		return // the pages were checked above; groff only checks them again
	}
	out, err := exec.Command("groff", "-man", "-Tascii", "-ww", filepath.Join(dir, "gonode.1")).CombinedOutput()
	require.NoError(t, err)
	require.NotContains(t, string(out), "warning")
}

func TestTextOfAManualPageIsNoMacro(t *testing.T) {
	require.Equal(t, `\&.so /etc/passwd`, manText(".so /etc/passwd"))
	require.Equal(t, `\e\-\(aq`, manText(`\-'`))
	require.Equal(t, `"a \(dqb\(dq"`, manQuote(`a "b"`))
	require.False(t, strings.HasPrefix(manText("'x"), "'"))
}
