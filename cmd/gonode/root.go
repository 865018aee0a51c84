package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// options are the flags that several verbs share. Each verb has only the flags that it uses.
type options struct {
	sname, name string
	cookie      string
	cookieFile  string
	timeout     time.Duration
	verbose     bool
	carrier     carrierFlags
	makesCookie bool // the verb makes a cookie file if there is none, as erl does

	started    bool   // the command line was correct and a verb has begun
	cookieFrom string // where the cookie came from, for messages
}

// verb is what a command does once its command line has been checked.
type verb func(cmd *cobra.Command, args []string) error

// run makes a verb of do. Earlier errors are errors of the command line.
func (o *options) run(do verb) verb {
	return func(cmd *cobra.Command, args []string) error {
		o.timeout, _ = cmd.Flags().GetDuration("timeout") // 0 for a verb that has no such flag
		if err := o.check(cmd); err != nil {
			return err
		}
		o.started = true
		return do(cmd, args)
	}
}

// check refuses values that the flags themselves accept. An empty name or cookie most likely comes from a shell
// variable that is not set.
func (o *options) check(cmd *cobra.Command) error {
	for _, flag := range []string{"sname", "name", "cookie", "cookie-file", "ssl-dist-optfile"} {
		if f := cmd.Flags().Lookup(flag); f != nil && f.Changed && f.Value.String() == "" {
			return usagef("--%s is empty", flag)
		}
	}
	if o.timeout < 0 {
		return usagef("--timeout %v is negative; 0 waits for ever", o.timeout)
	}
	return nil
}

func newRoot(o *options) *cobra.Command {
	root := &cobra.Command{
		Use:   "gonode",
		Short: "A node of an Erlang cluster, written in Go",
		Long: `gonode joins a cluster of Erlang and Elixir nodes as a node of its own.

Data goes to standard output, talk to standard error. Exit codes:
  0  ok
  1  failure, anything not listed below
  2  usage: the command line or an environment variable is wrong
  3  cannot connect: no port mapper, no such node, or the connection was lost
  4  refused in the handshake: another cookie, another name, short and long names,
     or in that of TLS: a certificate that is not accepted
  5  time-out
  6  the remote process does not exist, or ended without an answer

Environment:
  GONODE_COOKIE      the cluster's cookie; --cookie and --cookie-file go first
  ERL_EPMD_PORT      port of the port mapper EPMD, here and on other hosts (4369)
  ERL_EPMD_ADDRESS   addresses on which an embedded port mapper listens
  GONODE_TRACE       dist writes a line on standard error for every message and tick on the wire`,
		Version: readBuildInfo().Version,
		Args:    cobra.ArbitraryArgs,
		RunE:    runNoCommand,

		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("gonode {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().BoolVarP(&o.verbose, "verbose", "v", false, "tell on standard error what the node does")
	root.AddCommand(newRun(o), newPing(o), newDoctor(o), newNames(o), newCall(o), newCast(o), newUpgrade(o),
		newRelup(o), newAppup(o), newFreeze(o), newVersion(o), newMan(o))
	return root
}

// runNoCommand handles a command line without a command, or with an unknown one. cobra itself would look for the
// command before it parses the flags, and take the value of an unknown flag for a command.
func runNoCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return errors.New(text)
}
