package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/heapfloor"
	"github.com/gonode-otp/gonode/node"
)

// runFlags are the flags that only run has.
type runFlags struct {
	visible          bool
	epmd             *choice
	listen           string
	portMin, portMax uint16
	loggerNode       string
	allow            []string
	operators        *choice
}

func newRun(o *options) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a hidden node with the sample servers echo and counter",
		Long: `Run a node until it is interrupted (Ctrl-C, or the signal TERM), and then exit with 0. It is hidden: it does
not show up in nodes(), only in nodes(hidden).

With --visible it is a node like others. It does not run global, so OTP 25 and later may then cut connections
between the nodes of a cluster (prevent_overlapping_partitions): use that for tests and small clusters.

It hosts two sample servers:
  echo     answers any request with the request
  counter  call get, {add,N}, {set,N}; cast {add,N}, reset

Once it is up it tells what to type in Erlang and Elixir to call them.

The cookie is taken from --cookie, --cookie-file, GONODE_COOKIE, ~/.erlang.cookie or
$XDG_CONFIG_HOME/erlang/.erlang.cookie, in this order; without any of them a new ~/.erlang.cookie is made. It is never
printed. A cookie is no encryption: keep the ports inside a trusted network, or use TLS (--ssl-dist-optfile).

The heap may grow to 40 MB before garbage is collected, and from there on to twice of what is in use; set GOGC or
GOMEMLIMIT for something else.`,
		Example: "  gonode run\n  gonode run --sname calc --port-min 9100 --port-max 9105\n  gonode run --name " +
			"calc@10.0.0.7 --cookie-file /run/secrets/cookie\n  gonode run --ssl-dist-optfile dist.conf",
		Args:              expectArgs(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              o.run(func(cmd *cobra.Command, _ []string) error { return o.runNode(cmd, f) }),
	}
	o.nodeFlags(cmd, "gonode")
	cmd.Flags().BoolVar(&f.visible, "visible", false, "announce the node to the whole cluster instead of hiding it")
	f.epmd = choiceFlag(cmd, "epmd", "",
		"port mapper `mode`: auto (start the embedded one if there is none), embedded or external", "auto", "embedded",
		"external")
	cmd.Flags().StringVar(&f.listen, "listen", "", "IP `address` to listen on (default all)")
	cmd.Flags().Uint16Var(&f.portMin, "port-min", 0, "lowest `port` to listen on (default any)")
	cmd.Flags().Uint16Var(&f.portMax, "port-max", 0, "highest `port` to listen on (default that of --port-min)")
	cmd.Flags().StringVar(&f.loggerNode, "logger-node", "",
		"`node` to whose logger the reports of servers are sent (default none)")
	cmd.Flags().StringSliceVar(&f.allow, "allow", nil, "only these `nodes` may connect, as net_kernel:allow/1 takes "+
		"them: name@host, host, or name@; separated by commas (default all)")
	f.operators = choiceFlag(cmd, "operators", "", "`functions` that other nodes may apply by rpc: look, change "+
		"(also init:stop, halt, exit/2, the log level) or none", "look", "change", "none")
	for _, flag := range []string{"listen", "port-min", "port-max", "logger-node", "allow"} {
		completeFlag(cmd, flag)
	}
	return cmd
}

var epmdModes = map[string]node.EPMDMode{"auto": node.EPMDAuto, "embedded": node.EPMDEmbedded,
	"external": node.EPMDExternal}

var operators = map[string]node.Operators{"look": node.OperatorsLook, "change": node.OperatorsChange,
	"none": node.OperatorsNone}

// apply writes the flags into the node's configuration.
func (f runFlags) apply(cfg *node.Config) {
	cfg.Visible, cfg.Listen, cfg.EPMD = f.visible, f.listen, epmdModes[f.epmd.value]
	cfg.Operators = operators[f.operators.value]
	cfg.PortMin, cfg.PortMax, cfg.LoggerNode, cfg.Allow = f.portMin, f.portMax, f.loggerNode, f.allow
}

func (o *options) runNode(cmd *cobra.Command, f runFlags) (err error) {
	log := newBoundedLog(cmd.ErrOrStderr())
	defer log.Close()
	cmd.SetErr(log)
	ignoreBrokenPipes()
	o.makesCookie = true
	cfg, c, err := o.config(cmd, "gonode", false)
	if err != nil {
		return err
	}
	if c.made {
		fmt.Fprintf(log, "made a new cookie in %s\n", c.from)
	}
	cfg.CallTimeout = 0
	cfg.LogLevel = new(slog.LevelVar)
	cfg.LogLevel.Set(slog.LevelDebug)
	if !o.verbose {
		cfg.LogLevel.Set(slog.LevelWarn)
	}
	cfg.Logger = logger(cmd, cfg.LogLevel)
	if asksForName(cfg.Name) {
		return usagef("run needs a name of its own: undefined asks another node for one, as ping, call and cast do")
	}
	f.apply(&cfg)
	defer heapfloor.Set(heapfloor.Default, 100)()
	if o.cookie != "" {
		fmt.Fprintln(cmd.ErrOrStderr(),
			"note: other users of this host see --cookie in the list of processes; prefer --cookie-file or GONODE_COOKIE")
	}
	n, err := node.Start(cmd.Context(), cfg)
	if err != nil {
		return ignoreIfStopped(cmd.Context(), err)
	}
	defer func() { err = errors.Join(err, stop(n)) }()
	if err := spawnSamples(cmd.Context(), n); err != nil {
		return ignoreIfStopped(cmd.Context(), err)
	}
	if err := printBanner(cmd.ErrOrStderr(), n, cfg, o.carrier.erl(cfg), c); err != nil {
		return err
	}
	select {
	case <-cmd.Context().Done():
		fmt.Fprintln(cmd.ErrOrStderr(), "stopping")
		return nil
	case <-n.Done():
		return n.Err()
	}
}

// ignoreIfStopped drops an error that is due to a stop before the node was up.
func ignoreIfStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func spawnSamples(ctx context.Context, n *node.Node) error {
	if _, err := n.Spawn(ctx, genserv.Child{Name: "echo", Module: genserv.Of(echo.Server{})}); err != nil {
		return err
	}
	_, err := n.Spawn(ctx, genserv.Child{Name: "counter", Module: genserv.Of(counter.New()), Args: etf.Int(0)})
	return err
}
