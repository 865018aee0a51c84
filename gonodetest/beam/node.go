//go:build unix

package beam

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/internal/excerpt"
)

//go:embed driver.erl
var driver string

// bootErlang receives the source of the driver as the first frame, compiles it, and hands the channel to it. If the
// driver fails, the node is of no use and ends.
const bootErlang = `spawn(fun() -> try
  P = open_port({fd,3,4}, [binary,eof,{packet,4}]),
  receive {P,{data,Text}} ->
    {ok,Tokens,_} = erl_scan:string(unicode:characters_to_list(Text)),
    {[],Forms} = lists:foldl(fun(T,{Some,Done}) when element(1,T) =:= dot ->
        {ok,Form} = erl_parse:parse_form(lists:reverse([T|Some])), {[],[Form|Done]};
      (T,{Some,Done}) -> {[T|Some],Done} end, {[],[]}, Tokens),
    {ok,M,Code} = compile:forms(lists:reverse(Forms)),
    {module,M} = code:load_binary(M, "gonodetest_driver.erl", Code),
    M:run(P)
  end catch Class:Reason:Stack ->
    io:format("~tp ~tp~n~tp~n", [Class,Reason,Stack]), halt(1)
  end end).`

// bootElixir does the same. It reads the Erlang text from the environment, so that no quoting of Erlang inside Elixir
// is needed.
const bootElixir = `{:ok, tokens, _} = :erl_scan.string(String.to_charlist(System.fetch_env!("GONODETEST_BOOT")))
{:ok, exprs} = :erl_parse.parse_exprs(tokens)
:erl_eval.exprs(exprs, [])`

// Node is a running Erlang or Elixir node. The methods of its first [Session] are its own.
type Node struct {
	*Session
	lang     byte
	name     string
	cookie   string
	epmd     int
	release  string
	dir      string
	timeout  time.Duration
	proc     *process
	ch       *channel
	sessions atomic.Uint32
}

// printable makes the node print a list of any letters as a string, not only a list of Latin-1 letters.
var printable = []string{"+pc", "unicode"}

// StartErl starts erl without a shell and returns when the node is up: named, registered, ready to evaluate Erlang
// expressions. It ends with the test.
func StartErl(t testing.TB, opts ...Option) *Node {
	t.Helper()
	s := settle(t, "erl", opts)
	if s.program == "" {
		s.program = need(t, gonodetest.LaneErlang, "GONODE_ERL", "erl")
	}
	s.args = slices.Concat(printable, s.args)
	cmd := s.command(t, s.program, "-", "-noinput", "-eval", bootErlang)
	return startNode(t, s, opErlang, cmd)
}

// StartElixir starts elixir in the same way, for Elixir expressions.
func StartElixir(t testing.TB, opts ...Option) *Node {
	t.Helper()
	s := settle(t, "ex", opts)
	if s.program == "" {
		s.program = need(t, gonodetest.LaneElixir, "GONODE_ELIXIR", "elixir")
	}
	s.args = slices.Concat(printable, s.args)
	cmd := s.command(t, s.program, "--", "--no-halt", "-e", bootElixir)
	cmd.Env = append(cmd.Env, "GONODETEST_BOOT="+bootErlang)
	return startNode(t, s, opElixir, cmd)
}

func startNode(t testing.TB, s *settings, lang byte, cmd *exec.Cmd) *Node {
	t.Helper()
	n := &Node{lang: lang, cookie: s.cookie, epmd: s.epmd, timeout: s.timeout, dir: t.TempDir()}
	n.Session = newSession(n, n.sessions.Add(1))
	hello, err := n.launch(cmd)
	if err != nil {
		t.Fatalf("starting %s: %v", s.program, err)
	}
	t.Cleanup(func() {
		n.proc.stop()
		if t.Failed() {
			t.Logf("what %s printed:\n%s", n.name, excerpt.Tail(n.Log()))
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := n.handshake(ctx, hello); err != nil {
		t.Fatalf("starting %s: %v\n%s", s.program, err, excerpt.Tail(n.Log()))
	}
	return n
}

// launch starts the program with the two pipes of the channel as its file descriptors 3 and 4.
func (n *Node) launch(cmd *exec.Cmd) (<-chan answer, error) {
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		_, _ = theirIn.Close(), ourOut.Close()
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	var hello <-chan answer
	n.ch, hello = newChannel(ourOut, ourIn)
	n.proc, err = startProcess(cmd, n.ch)
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_ = n.ch.Close()
	}
	return hello, err
}

// handshake sends the driver and learns from the first message of the node which node it is.
func (n *Node) handshake(ctx context.Context, hello <-chan answer) error {
	// Sending to a program that has ended fails; hello then tells that it has ended.
	unsent := n.ch.send(ctx, []byte(driver))
	select {
	case a, ok := <-hello:
		if ok {
			n.name, n.release, _ = strings.Cut(string(a.body), " ")
			return nil
		}
	case <-ctx.Done():
		return fmt.Errorf("it is not ready: %w", errors.Join(ctx.Err(), unsent))
	}
	select {
	case <-n.proc.done:
		return fmt.Errorf("it ended before it was ready: %w", errors.Join(n.proc.err, unsent))
	case <-ctx.Done():
		return fmt.Errorf("it runs, but closed the file descriptors 3 and 4: %w", ctx.Err())
	}
}

// NewSession returns another process that evaluates expressions, with variables of its own. It is for what has to
// happen while the first one waits.
func (n *Node) NewSession() *Session { return newSession(n, n.sessions.Add(1)) }

// Name returns the full name of the node, "erl1@host"; "nonode@nohost" for one that is not distributed.
func (n *Node) Name() string { return n.name }

// Atom returns the name as Erlang source, 'erl1@host'.
func (n *Node) Atom() string { return "'" + n.name + "'" }

// ElixirAtom returns the name as Elixir source, :"erl1@host".
func (n *Node) ElixirAtom() string { return `:"` + n.name + `"` }

// Cookie returns the cookie the node was started with.
func (n *Node) Cookie() string { return n.cookie }

// EPMDPort returns the port of the EPMD the node uses, 0 without distribution.
func (n *Node) EPMDPort() int { return n.epmd }

// Release returns the OTP release the node runs, such as "25".
func (n *Node) Release() string { return n.release }

// OSPid returns the process id of the emulator.
func (n *Node) OSPid() int { return n.proc.cmd.Process.Pid }

// Done is closed when the node has ended.
func (n *Node) Done() <-chan struct{} { return n.proc.done }

// Log returns what the node has printed so far: the logger's reports and the output of io:format.
func (n *Node) Log() string { return n.proc.out.String() }

// AwaitLog waits until the node has printed text. It ends the test if that does not happen in time.
func (n *Node) AwaitLog(t testing.TB, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), n.timeout)
	defer cancel()
	err := n.proc.out.await(ctx, 0, func(log string) bool { return strings.Contains(log, text) })
	if err != nil {
		t.Fatalf("%s has not printed %q (%v):\n%s", n.name, text, err, excerpt.Tail(n.Log()))
	}
}

// Stop ends the node in order, as init:stop() does, and waits for it. Stop does nothing if the node has ended already.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), n.timeout)
	defer cancel()
	// An error means that the node went down before it could answer, which is the wanted outcome too.
	_, _ = n.NewSession().try(ctx, opErlang, "init:stop()")
	select {
	case <-n.proc.done:
	case <-ctx.Done():
		t.Fatalf("%s does not stop:\n%s", n.name, excerpt.Tail(n.Log()))
	}
}

// Kill ends the node with SIGKILL, as a crash of its machine would, and waits for it.
func (n *Node) Kill(testing.TB) { n.proc.kill() }

// Pause stops the node with SIGSTOP: its connections stay open and silent. On a system with /proc, it returns when the
// node has stopped. Resume lets it go on.
func (n *Node) Pause(t testing.TB) {
	t.Helper()
	n.signal(t, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(context.Background(), n.timeout)
	defer cancel()
	if err := poll(ctx, n.proc.done, n.proc.stopped); err != nil {
		t.Fatalf("%s does not stop: %v", n.name, err)
	}
}

// Resume continues a paused node.
func (n *Node) Resume(t testing.TB) { n.signal(t, syscall.SIGCONT) }

func (n *Node) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := n.proc.signal(s); err != nil {
		t.Fatalf("%s: %v", n.name, err)
	}
}
