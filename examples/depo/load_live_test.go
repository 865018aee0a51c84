package depo_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// program starts the command in a process of its own and returns its node and how to kill it.
func program(t *testing.T, exe string, x *beam.Node, args ...string) (name string, kill func()) {
	t.Helper()
	cmd := exec.Command(exe, append([]string{"--cookie", x.Cookie()}, args...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("ERL_EPMD_PORT=%d", x.EPMDPort()))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	kill = func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	name, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	require.True(t, ok, line)
	return name, kill
}

// The program is killed in the middle of the transactions of 8 processes, which remember what was acknowledged.
func TestNothingThatWasAcknowledgedIsLostWhenTheProgramIsKilled(t *testing.T) {
	x := beam.StartElixir(t)
	exe, file := filepath.Join(t.TempDir(), "depo"), filepath.Join(t.TempDir(), "app.db")
	out, err := exec.Command("go", "build", "-o", exe, "./cmd").CombinedOutput()
	require.NoError(t, err, string(out))
	name, kill := program(t, exe, x, "--sname", "kill", "--file", file)
	load(t, x, name)
	same(t, x.Session,
		`Depo.write_sync(db, "CREATE TABLE t (who, i, half)")`, "{:ok, 0}",
		`Depo.teach(db, add: "INSERT INTO t VALUES (?1, ?2, ?3)")`, ":ok",
		`me = self()
		 workers = for who <- 1..8, do: spawn(fn ->
		   loop = fn loop, i ->
		     done = try do
		       Depo.transact(db, fn -> Depo.write(db, :add, [who, i, 1]); Depo.write(db, :add, [who, i, 2]) end)
		     catch :exit, _ -> :dead end
		     if done == :ok, do: loop.(loop, i + 1), else: send(me, {:acknowledged, who, i - 1})
		   end
		   if who == 1, do: send(me, :running)
		   loop.(loop, 1)
		 end)
		 receive do :running -> :ok end
		 wait = fn wait -> if Depo.read(db, {:single, "SELECT count(*) FROM t"}) > 200, do: :ok, else: wait.(wait) end
		 wait.(wait)`, ":ok")
	kill()
	x.Eval(t, `acknowledged = for who <- 1..8, into: %{}, do: (receive do {:acknowledged, ^who, n} -> {who, n} end)`)
	name, _ = program(t, exe, x, "--sname", "kill2", "--file", file)
	load(t, x, name)
	same(t, x.Session,
		`Depo.read(db, {:single, "PRAGMA integrity_check"})`, `"ok"`,
		`Depo.read(db, "SELECT who, i FROM t GROUP BY who, i HAVING count(*) <> 2")`, "[]",
		// One more may have been committed whose answer did not come.
		`for {who, n} <- acknowledged, count = Depo.read(db, {:single, "SELECT count(*) FROM t WHERE who = ?1"}, who),
		     count not in [2 * n, 2 * n + 2], do: {who, n, count}`, "[]",
		`Depo.read(db, {:single, "SELECT count(*) FROM t"}) > 200`, "true")
}

func TestTheSessionOfTheReadmeIsTrue(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, session, ok := strings.Cut(string(text), "```elixir\n")
	require.True(t, ok)
	session, _, _ = strings.Cut(session, "```")
	n := start(t, nodeConfig(t), memory)
	sh := beam.StartIEx(t)
	here, err := os.Getwd()
	require.NoError(t, err)
	sh.Type(fmt.Sprintf("File.cd!(%q)", here))
	sh.Run(beam.RenameNode(session, "db@host", string(n.Name())))
}
