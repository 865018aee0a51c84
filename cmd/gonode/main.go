// Command gonode runs a node with sample servers, looks for nodes and calls their servers. See gonode --help.
//
//	gonode run                                    # a hidden node with two sample servers
//	gonode names                                  # the nodes of this host
//	gonode ping a@myhost                          # is it there, and does it take our cookie?
//	gonode call a@myhost counter '{add, 41}'      # gen_server:call
//	gonode cast a@myhost counter reset            # gen_server:cast
//
// Data goes to standard output, talk to standard error. The exit codes are 0 ok, 1 failure, 2 usage, 3 cannot connect,
// 4 refused in the handshake, 5 time-out, 6 the remote process does not exist or ended.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o := &options{}
	root := newRoot(o)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !o.started {
		err = usageError{err}
	}
	code := exitCode(err)
	talk := newBoundedLog(stderr)
	defer talk.Close()
	if err != nil {
		fmt.Fprintln(talk, "gonode:", o.explain(err))
	}
	if code == exitUsage {
		fmt.Fprintf(talk, "See %s --help.\n", cmd.CommandPath())
	}
	return code
}
