package etf_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest"
)

// erlang runs a function of testdata/otp/etf_otp.erl in a real emulator. ERL and ERLC choose another than the one in
// the path. Where there is none the test is skipped, but not in CI.
func erlang(t testing.TB, function string, args ...string) {
	t.Helper()
	dir := compiled(t)
	cmd := exec.Command(program("ERL", "erl"),
		append([]string{"-noinput", "+pc", "unicode", "-pa", dir, "-run", "etf_otp", function}, args...)...)
	cmd.Args = append(cmd.Args, "-s", "init", "stop")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%.3000s", out)
}

func program(variable, name string) string {
	if p := os.Getenv(variable); p != "" {
		return p
	}
	return name
}

var compileOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "etf_otp")
	if err != nil {
		return "", err
	}
	source, err := filepath.Abs("testdata/otp/etf_otp.erl")
	if err != nil {
		return "", err
	}
	cmd := exec.Command(program("ERLC", "erlc"), "-o", dir, source)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", &compileError{string(out), err}
	}
	return dir, nil
})

type compileError struct {
	out string
	err error
}

func (e *compileError) Error() string { return e.err.Error() + ": " + e.out }

func compiled(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath(program("ERL", "erl")); err != nil {
		gonodetest.Missing(t, gonodetest.LaneErlang, "erl is not installed")
	}
	dir, err := compileOnce()
	require.NoError(t, err)
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := compileOnce(); err == nil && dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// release is the release of the emulator, such as 25.
func release(t testing.TB) int {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	erlang(t, "release", out)
	b, err := os.ReadFile(out)
	require.NoError(t, err)
	n, err := strconv.Atoi(string(b))
	require.NoError(t, err)
	return n
}

// ask has erl turn a list of terms into a list of answers, one each.
func ask(t testing.TB, function string, questions etf.List) etf.List {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	b, err := etf.Append(nil, questions)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(in, b, 0o600))
	erlang(t, function, in, out)
	b, err = os.ReadFile(out)
	require.NoError(t, err)
	answers, err := etf.Decode(b)
	require.NoError(t, err)
	require.IsType(t, etf.List{}, answers)
	require.Len(t, answers, len(questions))
	return answers.(etf.List)
}
