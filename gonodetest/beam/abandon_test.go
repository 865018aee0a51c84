//go:build unix

package beam_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// abandonEnv makes this test binary start nodes and wait to be killed.
const abandonEnv = "GONODETEST_ABANDON"

// abandon is what the killed binary runs. It prints the port of its EPMD when the nodes are up.
func abandon() {
	tests := []testing.InternalTest{{Name: "TestAbandon", F: func(t *testing.T) {
		mark := beam.WithEnv(os.Getenv(abandonEnv))
		erl := beam.StartErl(t, mark)
		beam.StartErlShell(t, mark)
		if withElixir() {
			beam.StartElixir(t, mark)
			beam.StartIEx(t, mark)
		}
		fmt.Println("up", erl.EPMDPort())
		select {}
	}}}
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, tests, nil, nil)
}

func TestNothingIsLeftWhenTheTestBinaryIsKilled(t *testing.T) {
	beam.OTPRelease(t) // skips where there is no Erlang
	mark := "GONODETEST_MARK=" + gonodetest.NewCookie()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAbandon$")
	cmd.Env = append(os.Environ(), abandonEnv+"="+mark, "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	var port string
	lines := bufio.NewScanner(out)
	for port == "" && lines.Scan() {
		if p, ok := strings.CutPrefix(lines.Text(), "up "); ok {
			port = p
		} else {
			t.Log(lines.Text())
		}
	}
	require.NotEmpty(t, port, "the nodes came up")
	require.GreaterOrEqual(t, len(marked(t, mark)), 2, "and they run: the check below can see them")

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	eventually(t, "all the nodes have ended", func() bool { return len(marked(t, "\x00"+mark+"\x00")) == 0 })
	eventually(t, "the EPMD has ended", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}
