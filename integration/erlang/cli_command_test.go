package erlang

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// command is a gonode run as a user starts it: the built program, in a home directory and with an EPMD port of its own.
type command struct {
	bin, home string
	port      int
	env       []string // more of it, also for the shells
	dir       string   // where it runs
	carrier   []string // the flags for TLS or IPv6, which a client needs as well

	cmd  *exec.Cmd
	mu   sync.Mutex
	talk bytes.Buffer
	more chan struct{}
	done chan struct{}
}

// Write takes what the command says.
func (c *command) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.more)
	c.more = make(chan struct{})
	return c.talk.Write(b)
}

func (c *command) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.talk.String()
}

func build(t *testing.T) (bin string) {
	t.Helper()
	beam.OTPRelease(t) // skips where there is no Erlang
	bin = filepath.Join(t.TempDir(), "gonode")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", bin, "../../cmd/gonode").CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

func newCommand(t *testing.T, bin string) *command {
	t.Helper()
	return &command{bin: bin, home: t.TempDir(), port: gonodetest.FreePort(t)}
}

func (c *command) environ() []string {
	env := append(os.Environ(), "HOME="+c.home, "XDG_CONFIG_HOME=", "GONODE_COOKIE=", "ERL_EPMD_ADDRESS=",
		fmt.Sprintf("ERL_EPMD_PORT=%d", c.port))
	return append(env, c.env...)
}

// run starts gonode run and waits until it is up. It ends with the test at the latest.
func (c *command) run(t *testing.T, args ...string) {
	t.Helper()
	c.talk.Reset() // what an earlier one said does not make this one up
	c.more, c.done = make(chan struct{}), make(chan struct{})
	c.cmd = exec.Command(c.bin, append([]string{"run"}, args...)...)
	c.cmd.Env, c.cmd.Stderr, c.cmd.Dir = c.environ(), c, c.dir
	require.NoError(t, c.cmd.Start())
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.done
	})
	ctx := within(t, 30*time.Second)
	for !strings.Contains(c.said(), "Stop with Ctrl-C.") {
		c.mu.Lock()
		more := c.more
		c.mu.Unlock()
		select {
		case <-more:
		case <-c.done:
			t.Fatalf("gonode run ended:\n%s", c.said())
		case <-ctx.Done():
			t.Fatalf("gonode run does not come up:\n%s", c.said())
		}
	}
}

// verb runs another command line and returns its data.
func (c *command) verb(t *testing.T, args ...string) string {
	t.Helper()
	var talk bytes.Buffer
	cmd := exec.Command(c.bin, args...)
	cmd.Env, cmd.Stderr = c.environ(), &talk
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &talk)
	return strings.TrimSuffix(string(out), "\n")
}

// lines are what the command says to type in a shell: the line that starts the shell, and what goes into it.
func (c *command) lines(t *testing.T, shell string) (start string, rest []string) {
	t.Helper()
	_, block, found := strings.Cut(c.said(), "\n"+shell)
	require.True(t, found, c.said())
	_, block, _ = strings.Cut(block, "\n")
	for line := range strings.Lines(block) {
		text, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "  ")
		switch {
		case !indented:
			return start, rest
		case start == "":
			start = text
		default:
			rest = append(rest, text)
		}
	}
	return start, rest
}

// script makes a program of the line that starts a shell, as if the line were pasted into a terminal. It runs the
// same Erlang or Elixir as the other tests.
func script(t *testing.T, line string) string {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nPATH=" + dir + ":$PATH\n" + line + "\n"
	for name, variable := range map[string]string{"erl": "GONODE_ERL", "iex": "GONODE_IEX"} {
		if program := os.Getenv(variable); program != "" && program != "none" {
			wrapper := "#!/bin/sh\nexec " + program + ` "$@"` + "\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(wrapper), 0o700))
		}
	}
	file := filepath.Join(dir, "shell")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o700))
	return file
}

func (c *command) options(t *testing.T, line string) []beam.Option {
	return []beam.Option{beam.WithProgram(script(t, line)), beam.WithEPMDPort(c.port),
		beam.WithEnv("HOME="+c.home, "XDG_CONFIG_HOME="), beam.WithEnv(c.env...)}
}

// pastes types all that the command says into both shells. cookie replaces what stands for it.
func (c *command) pastes(t *testing.T, cookie string) {
	t.Helper()
	start, lines := c.lines(t, "To call it from Erlang")
	require.Len(t, lines, 3)
	erl := beam.StartErlShell(t, c.options(t, strings.ReplaceAll(start, "THE_COOKIE", cookie))...)
	require.Equal(t, "pong", erl.Type(lines[0]))
	require.Equal(t, `#{k => [1,2.5,<<"x">>]}`, erl.Type(lines[1]))
	require.Equal(t, "42", erl.Type(lines[2]))
	require.Regexp(t, `^\{\[\],\['?gonode@`, erl.Type("{nodes(), nodes(hidden)}."))

	// A test of its own, so that the rest is tested where there is no Elixir.
	t.Run("iex", func(t *testing.T) {
		needIEx(t)
		c.verb(t, append([]string{"cast", c.name(t), "counter", "reset"}, c.carrier...)...)
		start, lines := c.lines(t, "From Elixir")
		require.Len(t, lines, 3)
		iex := beam.StartIEx(t, c.options(t, strings.ReplaceAll(start, "THE_COOKIE", cookie))...)
		require.Equal(t, ":pong", iex.Type(lines[0]))
		require.Equal(t, `%{k: [1, 2.5, "x"]}`, iex.Type(lines[1]))
		require.Equal(t, "42", iex.Type(lines[2]))
		require.Regexp(t, `(?m)^b\t\d+$`, c.verb(t, "names"))
	})
}

// needIEx skips the test where the iex that a page names would not be found, or is not to be used.
func needIEx(t *testing.T) {
	t.Helper()
	if os.Getenv("GONODE_IEX") == "none" {
		gonodetest.SkipLane(t, gonodetest.LaneElixir, "GONODE_IEX=none")
	}
	if _, err := exec.LookPath("iex"); err != nil && os.Getenv("CI") == "" {
		gonodetest.SkipLane(t, gonodetest.LaneElixir, "iex is not installed")
	}
}

// name is what the command calls itself.
func (c *command) name(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^node (\S+) is up: `).FindStringSubmatch(c.said())
	require.NotNil(t, m, c.said())
	return m[1]
}

// end sends a signal and returns the exit code, -1 if the signal itself ended the program.
func (c *command) end(t *testing.T, s syscall.Signal) int {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(s))
	select {
	case <-c.done:
	case <-within(t, 30*time.Second).Done():
		t.Fatalf("gonode run does not stop:\n%s", c.said())
	}
	return c.cmd.ProcessState.ExitCode()
}

func TestOnAFreshMachineWhatRunSaysWorksWhenItIsPasted(t *testing.T) {
	c := newCommand(t, build(t))
	c.run(t)
	require.Contains(t, c.said(), "made a new cookie in "+c.home+"/.erlang.cookie")
	require.Contains(t, c.said(), fmt.Sprintf("embedded epmd on port %d", c.port))
	c.pastes(t, "")
	require.Equal(t, "42", c.verb(t, "call", "gonode", "counter", "get"))
	require.Regexp(t, `(?m)^a\t\d+$`, c.verb(t, "names"), "the shell is in the embedded EPMD")
	t.Log("\n" + c.said())
	require.Zero(t, c.end(t, syscall.SIGINT))
}

func TestWhatRunSaysWorksWithEveryKindOfCookieAndName(t *testing.T) {
	t.Parallel()
	bin := build(t)
	file := filepath.Join(t.TempDir(), "a 'cookie' $HOME file")
	secret := gonodetest.NewCookie()
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o400))
	ca := gonodetest.NewAuthority(t, "authority")
	tls := filepath.Join(t.TempDir(), "it's my dist.conf")
	require.NoError(t, os.Rename(optfile(t, mutual(ca.Issue(t, []string{shortHost(t)}), ca.CA), strict), tls))
	for name, way := range map[string]struct{ args, env []string }{
		"environment": {nil, []string{"GONODE_COOKIE=" + secret}},
		"file":        {[]string{"--cookie-file", file}, nil},
		"flag":        {[]string{"--cookie", secret}, nil},
		"long":        {[]string{"--cookie", secret, "--name", "gonode@127.0.0.1"}, nil},
		"tls":         {[]string{"--cookie", secret, "--ssl-dist-optfile", tls}, nil},
		"IPv6":        {[]string{"--cookie", secret, "--proto-dist", "inet6_tcp", "--name", "gonode@::1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCommand(t, bin)
			c.env = way.env
			if name == "tls" || name == "IPv6" {
				c.carrier = way.args[2:4]
			}
			c.run(t, way.args...)
			if name == "environment" {
				c.pastes(t, "")
			} else {
				c.env = []string{"GONODE_COOKIE=" + secret} // for the verb between the shells
				c.pastes(t, secret)
			}
			require.NotContains(t, c.said(), secret)
			require.Zero(t, c.end(t, syscall.SIGTERM))
			require.NotContains(t, c.said(), secret)
			require.True(t, strings.HasSuffix(c.said(), "stopping\n"))
		})
	}
}

// A signal must end the node in order: its name leaves EPMD, and its peers hear of it at once.
func TestASignalStopsTheCommandInOrder(t *testing.T) {
	bin := build(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		e := beam.StartErl(t)
		c := newCommand(t, bin)
		c.port = e.EPMDPort()
		c.env = []string{"GONODE_COOKIE=" + e.Cookie()}
		c.run(t, "--epmd", "external")
		peer := "'" + c.name(t) + "'"
		require.Equal(t, "true", e.Eval(t, "erlang:monitor_node("+peer+", true)"))
		require.Equal(t, "pong", e.Eval(t, "net_adm:ping("+peer+")"))
		e.Eval(t, "W = erlang:monitor(process, {echo, "+peer+"}).")
		e.Eval(t, "gen_server:call({echo, "+peer+"}, the_monitor_has_arrived)")
		require.Zero(t, c.end(t, signal))
		require.Equal(t, "nodedown", e.Eval(t, "receive {nodedown, "+peer+"} -> nodedown after 20000 -> late end."))
		require.Equal(t, "shutdown", e.Eval(t, "receive {'DOWN', W, _, _, Why} -> Why after 20000 -> late end."))
		require.NotContains(t, c.verb(t, "names"), "gonode")
	}
}
