package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// testbed is the server of the control node. It understands the calls
//
//	about                          {gonode, GoVersion}
//	{start_node, Opts}             {ok, Node} or {error, Text}; see newChild for the options
//	{stop_node, Node}              ok when SIGTERM has ended it in order
//	{kill_node, Node}              ok when SIGKILL has ended it
//	{pause_node, Node}, {resume_node, Node}    ok; SIGSTOP and SIGCONT
type testbed struct {
	hosts hosts

	mu    sync.Mutex
	nodes map[etf.Atom]*child
}

// hosts are the host parts of node names.
type hosts struct {
	short, long string
	isLong      bool // the default is the long one
}

// runControl runs the control node until ctx ends or, with -stdin, its input.
func runControl(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("control", flag.ContinueOnError)
	b := &testbed{nodes: make(map[etf.Atom]*child)}
	flags.BoolVar(&b.hosts.isLong, "long", false, "long names")
	flags.StringVar(&b.hosts.short, "short-host", "localhost", "host of short names")
	flags.StringVar(&b.hosts.long, "long-host", "127.0.0.1", "host of long names")
	watched := flags.Bool("stdin", false, "end with the standard input")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if *watched {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	n, err := startNode(ctx, node.Config{Name: flags.Arg(0), LongNames: b.hosts.isLong,
		Cookie: os.Getenv("GONODE_COOKIE")})
	if err != nil {
		return err
	}
	if _, err := n.Spawn(ctx, genserv.Child{Name: "testbed", Module: genserv.Of(b)}); err != nil {
		return errors.Join(err, stopNode(n))
	}
	fmt.Println(n.Name())
	<-ctx.Done()
	err = stopNode(n)
	b.killAll()
	return err
}

// Init implements genserv.Server.
func (b *testbed) Init(*genserv.Process, etf.Term) genserv.InitResult[*testbed] { return genserv.Ok(b) }

// HandleCall implements genserv.Server. Slow requests run in goroutines.
func (b *testbed) HandleCall(p *genserv.Process, request etf.Term, from genserv.From,
	_ *testbed) genserv.Result[*testbed] {
	verb, args := etf.Verb(request)
	switch {
	case verb == "about":
		return genserv.Reply(etf.Tuple{etf.Atom("gonode"), etf.Binary(runtime.Version())}, b)
	case verb == "start_node" && len(args) == 1:
		opts, _ := args[0].(etf.Map)
		go func() { _ = p.TryReply(from, b.start(opts)) }()
		return genserv.NoReply(b)
	case len(args) == 1:
		name, _ := args[0].(etf.Atom)
		go func() { _ = p.TryReply(from, b.signal(verb, name)) }()
		return genserv.NoReply(b)
	}
	return genserv.Reply(failed(fmt.Errorf("unknown request %s", etf.Format(request))), b)
}

func failed(err error) etf.Term { return etf.Tuple{etf.Atom("error"), etf.Binary(err.Error())} }

func (b *testbed) start(opts etf.Map) etf.Term {
	c, err := newChild(b.hosts, opts)
	if err == nil {
		err = c.start()
	}
	if err != nil {
		return failed(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nodes[c.name] = c
	return etf.Tuple{ok, c.name}
}

var signals = map[etf.Atom]syscall.Signal{"stop_node": syscall.SIGTERM, "kill_node": syscall.SIGKILL,
	"pause_node": syscall.SIGSTOP, "resume_node": syscall.SIGCONT}

func (b *testbed) signal(verb, name etf.Atom) etf.Term {
	sig, known := signals[verb]
	b.mu.Lock()
	c := b.nodes[name]
	if c != nil && (sig == syscall.SIGTERM || sig == syscall.SIGKILL) {
		delete(b.nodes, name)
	}
	b.mu.Unlock()
	if !known || c == nil {
		return failed(fmt.Errorf("%s %s: there is no such request or node", verb, name))
	}
	return c.signal(sig)
}

func (b *testbed) killAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.nodes {
		c.signal(syscall.SIGKILL)
	}
}

// child is a node in its own operating system process.
type child struct {
	name etf.Atom
	cmd  *exec.Cmd
	in   io.Closer
	out  io.Reader
	dir  string // for its certificates or releases, "" if it has none
	done chan struct{}
}

// newChild makes the command that starts a node. These are its options. All except the first have the default in
// brackets.
//
//	alive => a              its name in front of the @
//	names => short | long   [those of the control node]
//	host => <<"h">>         its name after the @ [that of the control node, of this kind]
//	visible => true         [hidden]
//	ticktime => Seconds     [60]
//	logger_node => a        the node whose logger gets its reports [none]
//	cookie => a             [that of the control node]
//	proto => inet_tls       the carrier of its connections, as in erl -proto_dist [inet_tcp]
//	tls => #{ca => Pem, cert => Pem, key => Pem}    its certificate, and the authority of its peers
//	files => #{<<"path">> => Text}    the directory of its release handler, with the application demo or t__;
//	                        @DIR@ is its name
//	depo => true            the program of examples/depo, with the servers of its application alone
func newChild(h hosts, opts etf.Map) (*child, error) {
	get := func(key etf.Atom) etf.Term {
		for _, p := range opts {
			if p.Key == etf.Term(key) {
				return p.Value
			}
		}
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args, isDepo := []string{"node"}, etf.IsAtom(get("depo"), "true")
	long, host := h.isLong, h.short
	if names := get("names"); names != nil {
		long = etf.IsAtom(names, "long")
	}
	if long {
		args, host = append(args, "-long"), h.long
	}
	if own, ok := get("host").(etf.Binary); ok {
		host = string(own)
	}
	args = append(args, plainFlags(get)...)
	alive, ok := get("alive").(etf.Atom)
	if !ok {
		return nil, errors.New("the option alive is missing")
	}
	c := &child{name: alive + etf.Atom("@"+host), done: make(chan struct{})}
	if tls, ok := get("tls").(etf.Map); ok {
		if c.dir, err = writeTLS(tls); err != nil {
			return nil, err
		}
		args = append(args, "-ssl-dist-optfile="+filepath.Join(c.dir, "dist.conf"))
	}
	if files, ok := get("files").(etf.Map); ok {
		if c.dir, err = os.MkdirTemp("", "testbed"); err != nil {
			return nil, err
		}
		if err := writeFiles(c.dir, files); err != nil {
			return nil, errors.Join(err, os.RemoveAll(c.dir))
		}
		args = append(args, "-root="+c.dir)
	}
	c.cmd = exec.Command(self, append(args, string(c.name))...)
	if isDepo {
		c.cmd = depoCommand(self, c, long)
	}
	c.cmd.Env = os.Environ()
	if cookie, ok := get("cookie").(etf.Atom); ok {
		c.cmd.Env = append(c.cmd.Env, "GONODE_COOKIE="+string(cookie))
	}
	return c, nil
}

// depoCommand starts the program depo, which lies beside this one since it is a module of its own.
func depoCommand(self string, c *child, long bool) *exec.Cmd {
	kind := "--sname"
	if long {
		kind = "--name"
	}
	return exec.Command(filepath.Join(filepath.Dir(self), "depo"), kind, string(c.name), "--root", c.dir, "--cookie",
		os.Getenv("GONODE_COOKIE"))
}

// plainFlags returns the flags for the options that need nothing else.
func plainFlags(get func(key etf.Atom) etf.Term) (args []string) {
	if etf.IsAtom(get("visible"), "true") {
		args = append(args, "-visible")
	}
	if s, ok := get("ticktime").(etf.Int); ok {
		args = append(args, fmt.Sprintf("-ticktime=%ds", s))
	}
	if logger, ok := get("logger_node").(etf.Atom); ok {
		args = append(args, "-logger-node="+string(logger))
	}
	if proto, ok := get("proto").(etf.Atom); ok {
		args = append(args, "-proto-dist="+string(proto))
	}
	return args
}

// start starts the process and waits until its node is up.
func (c *child) start() (err error) {
	var said strings.Builder
	c.cmd.Stderr = &said
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	name, err := io.ReadAll(io.LimitReader(c.out, 1)) // the first byte comes when it is up
	if err == nil && len(name) == 1 {
		go c.wait()
		return nil
	}
	c.wait()
	return fmt.Errorf("%s: %s", c.cmd.Args, strings.TrimSpace(said.String()))
}

func (c *child) wait() {
	_, _ = io.Copy(io.Discard, c.out)
	_ = c.cmd.Wait()
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
	close(c.done)
}

// signal sends sig, and waits for the end of the process if sig ends it.
func (c *child) signal(sig syscall.Signal) etf.Term {
	if err := c.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return failed(err)
	}
	if sig == syscall.SIGTERM || sig == syscall.SIGKILL {
		_ = c.in.Close()
		<-c.done
	}
	return ok
}
