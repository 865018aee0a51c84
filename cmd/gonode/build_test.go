package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// sources is the folder of this package. A test may have changed the working directory before the program is built.
var sources, errSources = os.Getwd()

// binary is the program. The first use builds it, and the end of the last test removes it.
var binary struct {
	once sync.Once
	dir  string
	err  error
}

func buildBinary(t *testing.T) string {
	t.Helper()
	b := &binary
	file := func() string { return filepath.Join(b.dir, "gonode.exe") } // Windows needs this name, and it works elsewhere
	b.once.Do(func() {
		if b.err = errSources; b.err != nil {
			return
		}
		if b.dir, b.err = os.MkdirTemp("", "gonode-test-"); b.err != nil {
			return
		}
		build := exec.Command("go", "build", "-buildvcs=false", "-o", file(), ".")
		build.Dir = sources
		var out []byte
		if out, b.err = build.CombinedOutput(); b.err != nil {
			b.err = errors.New(string(out))
		}
	})
	require.NoError(t, b.err)
	return file()
}

func removeBinary() {
	if binary.dir != "" {
		_ = os.RemoveAll(binary.dir)
	}
}

// program is the built command with an environment, and possibly with standard input.
type program struct {
	bin   string
	env   []string
	stdin string
}

// start starts a command line. wait returns its outcome.
func (p program) start(t *testing.T, args ...string) (cmd *exec.Cmd, wait func() result) {
	t.Helper()
	var out, talk bytes.Buffer
	cmd = exec.Command(p.bin, args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = append(os.Environ(), p.env...), strings.NewReader(p.stdin), &out, &talk
	require.NoError(t, cmd.Start())
	return cmd, func() result {
		t.Helper()
		err := cmd.Wait()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			require.NoError(t, err)
		}
		return result{cmd.ProcessState.ExitCode(), out.String(), talk.String()}
	}
}

func (p program) run(t *testing.T, args ...string) result {
	t.Helper()
	_, wait := p.start(t, args...)
	return wait()
}

// prints runs a command line that must succeed and returns its data without the last line end.
func (p program) prints(t *testing.T, args ...string) string {
	t.Helper()
	r := p.run(t, args...)
	require.Zero(t, r.code, "%q said: %s", args, r.err)
	require.Empty(t, r.err, "%q", args)
	return strings.TrimSuffix(r.out, "\n")
}

// fails runs a command line that must end with the given code, print no data, and print each of texts as a message.
func (p program) fails(t *testing.T, code int, args []string, texts ...string) {
	t.Helper()
	r := p.run(t, args...)
	require.Equal(t, code, r.code, "%q said: %s", args, r.err)
	require.Empty(t, r.out, "%q", args)
	for _, text := range texts {
		require.Contains(t, r.err, text, "%q", args)
	}
}
