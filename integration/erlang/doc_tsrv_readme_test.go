package erlang

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// The sessions of the page of t__srv are typed at a shell, each against the command that the page starts.
func TestTheSessionsOfTsrvAreTrue(t *testing.T) {
	t.Parallel()
	beam.OTPRelease(t) // skips where there is no Erlang
	bin := filepath.Join(t.TempDir(), "tsrv")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", bin, "../../examples/tsrv/cmd").CombinedOutput()
	require.NoError(t, err, string(out))
	page, err := os.ReadFile("../../examples/tsrv/README.md")
	require.NoError(t, err)
	for language, shell := range map[string]func(testing.TB, ...beam.Option) *beam.Shell{
		"erlang": beam.StartErlShell,
		"elixir": beam.StartIEx,
	} {
		sessions := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(page), -1)
		require.NotEmpty(t, sessions)
		for i, session := range sessions {
			t.Run(fmt.Sprint(language, i+1), func(t *testing.T) {
				sh := shell(t) // first, since it is what may be missing
				sh.Run(beam.RenameNode(session[1], "ts@host", startCommand(t, bin, "--sname", "ts@localhost")))
			})
		}
	}
}

// startCommand starts the program of an example and returns the name of its node, which it tells when it is up. At the
// end of the test it is told to end, and has to do so in order and without files left behind.
func startCommand(t *testing.T, bin string, args ...string) (name string) {
	t.Helper()
	temporary := t.TempDir()
	cmd := exec.Command(bin, append(args, "--cookie", gonodetest.Cookie(t))...)
	cmd.Env = append(suiteEnv(t), "TMPDIR="+temporary)
	cmd.Stderr = os.Stderr
	said, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait())
		left, err := os.ReadDir(temporary)
		require.NoError(t, err)
		require.Empty(t, left)
	})
	line, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	name, isReady := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	require.True(t, isReady, line)
	return name
}
