//go:build unix

package gonodetest

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
)

//go:embed driver.erl
var driver string

// bootErlang receives the source of the driver as the first frame, compiles it, and hands the channel to it. A node
// whose driver fails is of no use and ends.
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

// bootElixir does the same by means of the text in the environment, which spares one language in another's quotes.
const bootElixir = `{:ok, tokens, _} = :erl_scan.string(String.to_charlist(System.fetch_env!("GONODETEST_BOOT")))
{:ok, exprs} = :erl_parse.parse_exprs(tokens)
:erl_eval.exprs(exprs, [])`

// Beam is a running Erlang or Elixir node. The methods of its first [Session] are its own.
type Beam struct {
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

// printable makes the node print a list of any letters as a string, not only one of Latin-1.
var printable = []string{"+pc", "unicode"}

// StartErl starts erl without a shell and returns when the node is up: named, registered, ready to evaluate Erlang
// expressions. It ends with the test.
func StartErl(t testing.TB, opts ...Option) *Beam {
	t.Helper()
	s := settle(t, "erl", opts)
	if s.program == "" {
		s.program = need(t, LaneErlang, "GONODE_ERL", "erl")
	}
	s.args = slices.Concat(printable, s.args)
	cmd := s.command(t, s.program, "-", "-noinput", "-eval", bootErlang)
	return startBeam(t, s, opErlang, cmd)
}

// StartElixir starts elixir in the same way, for Elixir expressions.
func StartElixir(t testing.TB, opts ...Option) *Beam {
	t.Helper()
	s := settle(t, "ex", opts)
	if s.program == "" {
		s.program = need(t, LaneElixir, "GONODE_ELIXIR", "elixir")
	}
	s.args = slices.Concat(printable, s.args)
	cmd := s.command(t, s.program, "--", "--no-halt", "-e", bootElixir)
	cmd.Env = append(cmd.Env, "GONODETEST_BOOT="+bootErlang)
	return startBeam(t, s, opElixir, cmd)
}

func startBeam(t testing.TB, s *settings, lang byte, cmd *exec.Cmd) *Beam {
	t.Helper()
	b := &Beam{lang: lang, cookie: s.cookie, epmd: s.epmd, timeout: s.timeout, dir: t.TempDir()}
	b.Session = newSession(b, b.sessions.Add(1))
	hello, err := b.launch(cmd)
	if err != nil {
		t.Fatalf("starting %s: %v", s.program, err)
	}
	t.Cleanup(func() {
		b.proc.stop()
		if t.Failed() {
			t.Logf("what %s printed:\n%s", b.name, tail(b.Log()))
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if err := b.greet(ctx, hello); err != nil {
		t.Fatalf("starting %s: %v\n%s", s.program, err, tail(b.Log()))
	}
	return b
}

// launch starts the program with the two pipes of the channel as its file descriptors 3 and 4.
func (b *Beam) launch(cmd *exec.Cmd) (<-chan answer, error) {
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
	b.ch, hello = newChannel(ourOut, ourIn)
	b.proc, err = startProcess(cmd, b.ch)
	_, _ = theirIn.Close(), theirOut.Close()
	if err != nil {
		_ = b.ch.Close()
	}
	return hello, err
}

// greet sends the driver and learns from its first word who the node is.
func (b *Beam) greet(ctx context.Context, hello <-chan answer) error {
	// A program that has ended cannot be sent anything; that it has ended is what hello tells.
	unsent := b.ch.send(ctx, []byte(driver))
	select {
	case a, ok := <-hello:
		if ok {
			b.name, b.release, _ = strings.Cut(string(a.body), " ")
			return nil
		}
	case <-ctx.Done():
		return fmt.Errorf("it is not ready: %w", errors.Join(ctx.Err(), unsent))
	}
	select {
	case <-b.proc.done:
		return fmt.Errorf("it ended before it was ready: %w", errors.Join(b.proc.err, unsent))
	case <-ctx.Done():
		return fmt.Errorf("it runs, but closed the file descriptors 3 and 4: %w", ctx.Err())
	}
}

// NewSession returns another process that evaluates, with variables of its own: for what has to happen while the
// first one waits.
func (b *Beam) NewSession() *Session { return newSession(b, b.sessions.Add(1)) }

// Name returns the full name of the node, "erl1@host"; "nonode@nohost" for one that is not distributed.
func (b *Beam) Name() string { return b.name }

// Atom returns the name as Erlang source, 'erl1@host'.
func (b *Beam) Atom() string { return "'" + b.name + "'" }

// ElixirAtom returns the name as Elixir source, :"erl1@host".
func (b *Beam) ElixirAtom() string { return `:"` + b.name + `"` }

// Cookie returns the cookie the node was started with.
func (b *Beam) Cookie() string { return b.cookie }

// EPMDPort returns the port of the EPMD the node uses, 0 without distribution.
func (b *Beam) EPMDPort() int { return b.epmd }

// Release returns the OTP release the node runs, such as "25".
func (b *Beam) Release() string { return b.release }

// OSPid returns the process id of the emulator.
func (b *Beam) OSPid() int { return b.proc.cmd.Process.Pid }

// Done is closed when the node has ended.
func (b *Beam) Done() <-chan struct{} { return b.proc.done }

// Log returns what the node has printed so far: the logger's reports and the output of io:format.
func (b *Beam) Log() string { return b.proc.out.String() }

// AwaitLog waits until the node has printed text. It ends the test if that does not happen in time.
func (b *Beam) AwaitLog(t testing.TB, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	err := b.proc.out.await(ctx, 0, func(log string) bool { return strings.Contains(log, text) })
	if err != nil {
		t.Fatalf("%s has not printed %q (%v):\n%s", b.name, text, err, tail(b.Log()))
	}
}

// Stop ends the node in order, as init:stop() does, and waits for it. A node that has ended already is fine.
func (b *Beam) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	// An error means that the node went down before it could answer: also what was wanted.
	_, _ = b.NewSession().try(ctx, opErlang, "init:stop()")
	select {
	case <-b.proc.done:
	case <-ctx.Done():
		t.Fatalf("%s does not stop:\n%s", b.name, tail(b.Log()))
	}
}

// Kill ends the node with SIGKILL, as a crash of its machine would, and waits for it.
func (b *Beam) Kill(testing.TB) { b.proc.kill() }

// Pause stops the node with SIGSTOP: its connections stay open and silent. Where the system tells in /proc, it
// returns when the node stands still. Resume lets it go on.
func (b *Beam) Pause(t testing.TB) {
	t.Helper()
	b.signal(t, syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
	defer cancel()
	if err := poll(ctx, b.proc.done, b.proc.stopped); err != nil {
		t.Fatalf("%s does not stop: %v", b.name, err)
	}
}

// Resume continues a paused node.
func (b *Beam) Resume(t testing.TB) { b.signal(t, syscall.SIGCONT) }

func (b *Beam) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := b.proc.signal(s); err != nil {
		t.Fatalf("%s: %v", b.name, err)
	}
}
