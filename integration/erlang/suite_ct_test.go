package erlang

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// enough is how many checks the suites have at least.
const enough = 800

func TestTheCommonTestSuitesHoldOnABEAM(t *testing.T) {
	t.Parallel()
	runSuites(t, "")
}

func TestTheCommonTestSuitesHoldOnAGoNode(t *testing.T) {
	t.Parallel()
	beam.OTPRelease(t) // skips where there is no Erlang
	runSuites(t, startTestbed(t))
}

// startTestbed starts the program testbed, with the race detector if the test has it, and returns the name of its node.
func startTestbed(t *testing.T) (control string) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "testbed")
	args := []string{"build", "-buildvcs=false", "-o", bin}
	if raceDetector {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "./testbed")...).CombinedOutput()
	require.NoError(t, err, string(out))

	depo := exec.Command("go", append(args[:len(args):len(args)], "./cmd")...) // a module of its own
	depo.Args[4] = filepath.Join(filepath.Dir(bin), "depo")
	depo.Dir = "../../examples/depo"
	out, err = depo.CombinedOutput()
	require.NoError(t, err, string(out))

	cmd := exec.Command(bin, "control", "-stdin", "testbed@localhost")
	cmd.Env = append(suiteEnv(t), "GONODE_COOKIE="+gonodetest.Cookie(t), "GORACE=halt_on_error=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, said)
		if err := cmd.Wait(); err != nil {
			t.Errorf("testbed: %v", err)
		}
	})
	name, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(name)
}

func suiteEnv(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return append(os.Environ(), "HOME="+home, "TMPDIR="+home, "XDG_CONFIG_HOME=", "ERL_EPMD_ADDRESS=", "LC_ALL=C.UTF-8",
		"ERL_CRASH_DUMP="+filepath.Join(home, "erl_crash.dump"), fmt.Sprintf("ERL_EPMD_PORT=%d",
			beam.PrivateEPMD(t).Port()))
}

// drivers is how many nodes run the suites at once, for these mostly wait.
const drivers = 3

// runSuites compiles the suites with the Erlang in use, runs them against the node control, or against a BEAM if that
// is empty, and reports each check that failed.
func runSuites(t *testing.T, control string) {
	t.Helper()
	beam.OTPRelease(t)
	libs := commonTest(t)
	dir := t.TempDir()
	sources, err := filepath.Abs("ct")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	erl := func(name, eval string, env ...string) *exec.Cmd {
		cmd := erlCommand(ctx, "-sname", name, "-setcookie", gonodetest.Cookie(t), "-connect_all", "false",
			"-start_epmd", "false", "-pa", dir, "-eval", eval)
		cmd.Dir, cmd.Env = dir, append(append(suiteEnv(t), "ERL_LIBS="+libs), env...)
		return cmd
	}
	compile := fmt.Sprintf("[{ok, _} = compile:file(F, [report, {outdir, %q}]) || F <- filelib:wildcard(%q)], halt().",
		dir, sources+"/*.erl")
	said, err := erl("compiler@localhost", compile).CombinedOutput()
	require.NoError(t, err, string(said))

	shares := shareSuites(t, sources)
	texts := make([]string, len(shares))
	var work sync.WaitGroup
	for i, suites := range shares {
		out := filepath.Join(dir, fmt.Sprintf("out%d.tsv", i))
		env := []string{"COMPAT_OUT=" + out, "COMPAT_SUITES=" + strings.Join(suites, " ")}
		if control != "" {
			env = append(env, "COMPAT_CONTROL="+control)
		}
		driver := erl(fmt.Sprintf("driver%d@localhost", i), "compat_run:start().", env...)
		work.Go(func() {
			said, err := driver.CombinedOutput()
			text, missing := os.ReadFile(out)
			if err != nil || missing != nil {
				t.Errorf("%v: %v %v\n%s", suites, err, missing, said)
			}
			texts[i] = string(text)
		})
	}
	work.Wait()
	total := reportSuites(t, strings.Join(texts, ""))
	if os.Getenv("COMPAT_SUITES") == "" {
		require.GreaterOrEqual(t, total, enough)
	}
}

// shareSuites deals the suites that are wanted out to the drivers.
func shareSuites(t *testing.T, sources string) [][]string {
	t.Helper()
	names := strings.FieldsFunc(os.Getenv("COMPAT_SUITES"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(names) == 0 {
		files, err := filepath.Glob(filepath.Join(sources, "*_SUITE.erl"))
		require.NoError(t, err)
		for _, file := range files {
			names = append(names, strings.TrimSuffix(filepath.Base(file), "_SUITE.erl"))
		}
	}
	shares := make([][]string, min(drivers, len(names)))
	for i, name := range names {
		shares[i%len(shares)] = append(shares[i%len(shares)], name)
	}
	return shares
}

// erlCommand is the Erlang in use with these arguments.
func erlCommand(ctx context.Context, args ...string) *exec.Cmd {
	erl := os.Getenv("GONODE_ERL")
	if erl == "" {
		erl = "erl"
	}
	cmd := exec.CommandContext(ctx, erl, append([]string{"-noinput"}, args...)...)
	// What it started ends with its input; the group is for a driver that hangs.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// commonTest returns where ERL_LIBS has to point for Common Test to be found; "" if it is found anyway.
func commonTest(t *testing.T) string {
	t.Helper()
	said, err := exec.Command("../../tools/ct").Output()
	if err != nil {
		why := err.Error()
		if exit, ok := err.(*exec.ExitError); ok {
			why = strings.TrimSpace(string(exit.Stderr))
		}
		if os.Getenv("CI") == "" {
			gonodetest.SkipLane(t, "Common Test suites", why)
		}
		t.Fatal(why)
	}
	return strings.TrimSpace(string(said))
}

// reportSuites reads what compat_hook.erl has written and returns how many checks hold.
func reportSuites(t *testing.T, text string) (total int) {
	t.Helper()
	good := make(map[string]int)
	release, tested := "", ""
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		require.Len(t, f, 9, line)
		section, function, title, outcome, place, promise, why := f[0], f[1], f[2], f[3], f[4], f[5], f[6]
		release, tested = f[7], f[8]
		switch outcome {
		case "ok":
			good[section]++
			total++
		case "skipped":
			t.Logf("skipped: %s:%s %s: %s", section, function, title, why)
		default:
			t.Errorf("%s:%s %s\n\t%s: %s\n\t%s", section, function, title, place, promise, why)
		}
	}
	t.Logf("OTP %s on %s: %d checks hold: %v", release, tested, total, good)
	return total
}
