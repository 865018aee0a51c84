package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// choice is a flag whose value is one of a few words.
type choice struct {
	value string
	words []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return "word" }

func (c *choice) Set(word string) error {
	for _, w := range c.words {
		if w == word {
			c.value = w
			return nil
		}
	}
	return errors.New("want " + strings.Join(c.words, " or "))
}

// choiceFlag adds a flag to cmd whose value is one of words, the first of them by default.
func choiceFlag(cmd *cobra.Command, name, short, usage string, words ...string) *choice {
	c := &choice{words[0], words}
	cmd.Flags().VarP(c, name, short, usage)
	completeFlag(cmd, name, words...)
	return c
}

// completeFlag sets what shell completion offers as value of a flag. Without words it offers nothing, not even files.
func completeFlag(cmd *cobra.Command, name string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// outputFlag adds -o to cmd: its usual format or json.
func outputFlag(cmd *cobra.Command, usual, what string) *choice {
	return choiceFlag(cmd, "output", "o", "output `format`: "+usual+" ("+what+") or json", usual, "json")
}

// usualTimeout is how long a verb waits without --timeout: the default of gen_server:call/2. Tests shorten it.
var usualTimeout = 5 * time.Second

// timeoutFlag adds --timeout to cmd. The value stays in the flag until the verb runs (options.run), because a variable
// that the verbs share would have the default of the verb that was made last.
func timeoutFlag(cmd *cobra.Command, usual time.Duration, usage string) {
	cmd.Flags().Duration("timeout", usual, usage)
	completeFlag(cmd, "timeout")
}

func usualTimeoutFlag(cmd *cobra.Command) {
	timeoutFlag(cmd, usualTimeout, "how long to wait altogether, for the connection and the answer; 0 is for ever")
}

// nodeFlags adds the flags of a verb that makes a node. usual is the default name.
func (o *options) nodeFlags(cmd *cobra.Command, usual string) {
	f := cmd.Flags()
	f.StringVar(&o.sname, "sname", "", "short node `name`, name or name@host, as erl -sname takes it (default "+usual+")")
	f.StringVar(&o.name, "name", "", "long node `name`, name or name@host.domain, as erl -name takes it")
	f.StringVar(&o.cookie, "cookie", "",
		"the cluster's `cookie`; other users of this host see it in the list of processes: prefer --cookie-file or "+
			"GONODE_COOKIE")
	f.StringVar(&o.cookieFile, "cookie-file", "", "read the cookie from `file` (default ~/.erlang.cookie)")
	cmd.MarkFlagsMutuallyExclusive("sname", "name")
	cmd.MarkFlagsMutuallyExclusive("cookie", "cookie-file")
	o.carrier.add(cmd)
	for _, flag := range []string{"sname", "name", "cookie"} {
		completeFlag(cmd, flag)
	}
}

// erlFlags maps flags of erl and iex to those of this command.
var erlFlags = map[string]string{
	"sname": "--sname", "name": "--name", "setcookie": "--cookie-file or --cookie", "cookie": "--cookie-file or --cookie",
	"proto_dist": "--proto-dist", "ssl_dist_optfile": "--ssl-dist-optfile", "ssl_dist_opt": "--ssl-dist-opt",
	"hidden": alwaysHidden, "idden": alwaysHidden, // pflag takes the h of -hidden for that of help
}

const alwaysHidden = "nothing: the node is hidden without being told"

// flagError explains a flag that does not exist. It never repeats the value of a flag, which may be a cookie.
func flagError(_ *cobra.Command, err error) error {
	var flag interface {
		GetSpecifiedName() string
		GetSpecifiedShortnames() string
	}
	if !errors.As(err, &flag) || !strings.HasPrefix(err.Error(), "unknown") {
		return err
	}
	short := flag.GetSpecifiedShortnames()
	word, _, _ := strings.Cut(short, "=")
	here, known := erlFlags[word]
	if short == "" {
		here, known = erlFlags[flag.GetSpecifiedName()]
		word = "-" + flag.GetSpecifiedName()
	}
	switch {
	case known && here != "-"+word: // otherwise it is correct and belongs to other verbs
		return fmt.Errorf("unknown flag -%s; here it is %s", word, here)
	case strings.TrimLeft(word, "0123456789._eE") == "" && word != "":
		return fmt.Errorf("-%s is no flag; a term that begins with - goes behind --, as in: gonode call NODE NAME -- -1",
			word)
	}
	return fmt.Errorf("unknown flag -%s", word)
}

// expectArgs accepts at least min and at most all of words.
func expectArgs(min int, words ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return fmt.Errorf("want %s, got %d of them", strings.Join(words, " "), len(args))
		case len(args) <= len(words):
			return nil
		case len(words) == 0:
			return fmt.Errorf("want no arguments, got %q", args[0])
		case len(words) == 3:
			return fmt.Errorf("want %s, got %d words; put TERM in single quotes", strings.Join(words, " "), len(args))
		}
		return fmt.Errorf("want %s, got %d words", strings.Join(words, " "), len(args))
	}
}
