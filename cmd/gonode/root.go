package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

// options are the flags that all verbs share.
type options struct {
	sname, name string
	cookie      string
	cookieFile  string
	output      string
	timeout     time.Duration
	verbose     bool

	started bool // the command line was right and a verb has begun
}

// verb is what a command does once its command line is known to be right.
type verb func(cmd *cobra.Command, args []string) error

// run makes a verb out of do: an error before it is one of the command line.
func (o *options) run(do verb) verb {
	return func(cmd *cobra.Command, args []string) error {
		if o.output != "term" && o.output != "json" {
			return fmt.Errorf("unknown output format %q: want term or json", o.output)
		}
		o.started = true
		return do(cmd, args)
	}
}

func newRoot(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "gonode",
		Short: "A node of an Erlang cluster, written in Go",
		Long: `gonode joins a cluster of Erlang and Elixir nodes as a node of its own.

Data goes to standard output, talk to standard error. Exit codes: 0 ok, 1 failure, 2 usage, 3 cannot connect,
4 refused in the handshake, 5 time-out, 6 the remote process does not exist or ended.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	f := root.PersistentFlags()
	f.StringVar(&o.sname, "sname", "", "short node `name`, name or name@host, as erl -sname takes it")
	f.StringVar(&o.name, "name", "", "long node `name`, name or name@host.domain, as erl -name takes it")
	f.StringVar(&o.cookie, "cookie", "", "the cluster's `cookie`; other users of this host can see it in the list of processes, so prefer GONODE_COOKIE or --cookie-file")
	f.StringVar(&o.cookieFile, "cookie-file", "", "read the cookie from `file` (default ~/.erlang.cookie)")
	f.StringVarP(&o.output, "output", "o", "term", "output `format`: term (Erlang syntax) or json")
	f.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long to wait for an answer")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "tell on standard error what the node does")
	root.MarkFlagsMutuallyExclusive("sname", "name")
	root.MarkFlagsMutuallyExclusive("cookie", "cookie-file")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"term", "json"}, cobra.ShellCompDirectiveNoFileComp))
	root.AddCommand(newRun(o), newPing(o), newNames(o), newCall(o), newCast(o), newVersion(o))
	return root
}
