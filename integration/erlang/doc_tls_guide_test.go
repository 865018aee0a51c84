package erlang

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// The page about TLS is followed from the first line to the last: its commands make the certificates, its lines start
// both sides, and its sessions are typed.
func TestTheGuideToTLSIsTrue(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		gonodetest.SkipLane(t, "TLS guide", "openssl is not installed")
	}
	c := newCommand(t, build(t))
	text, err := os.ReadFile("../../docs/guide/tls.md")
	require.NoError(t, err)
	page := string(text)
	dir := t.TempDir()
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page, -1) {
		cmd := exec.Command("/bin/sh", "-ec", m[1])
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}

	cookie := gonodetest.NewCookie()
	c.env = []string{"GONODE_COOKIE=" + cookie}
	c.dir = dir
	c.run(t, strings.Fields(line(t, page, "gonode run"))[2:]...)
	flags := []string{"--ssl-dist-optfile", filepath.Join(dir, "dist.conf")}
	require.Equal(t, "pong", c.verb(t, append([]string{"ping", c.name(t)}, flags...)...))

	erl := beam.StartErlShell(t, c.options(t,
		"cd "+dir+" && exec "+line(t, page, "erl -sname")+" -setcookie "+cookie)...)
	erl.Run(beam.RenameNode(session(t, page, "erlang"), "gonode@host", c.name(t)))
	require.Regexp(t, `(?m)^tls +ok +TLS 1\.3, .*; certificate of CN=\S+, issued by CN=our cluster, until \S+, verified$`,
		c.verb(t, append([]string{"doctor", erl.Name()}, flags...)...), "both directions")
	t.Run("iex", func(t *testing.T) {
		needIEx(t)
		iex := beam.StartIEx(t, c.options(t, "cd "+dir+"\nexport "+strings.Replace(line(t, page, "ERL_ZFLAGS"),
			" iex ", "\nexec iex ", 1)+" --cookie "+cookie)...)
		iex.Run(beam.RenameNode(session(t, page, "elixir"), "gonode@host", c.name(t)))
	})
}

// line is the command of a page that begins with these words.
func line(t *testing.T, page, words string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\$ (` + regexp.QuoteMeta(words) + `.*)$`).FindStringSubmatch(page)
	require.NotNil(t, m, words)
	return m[1]
}

func session(t *testing.T, page, language string) string {
	t.Helper()
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(page)
	require.NotNil(t, m, language)
	return m[1]
}
