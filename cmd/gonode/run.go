package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/counter"
	"github.com/gonode-otp/gonode/examples/echo"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// runFlags are the flags of run alone.
type runFlags struct {
	visible          bool
	epmd             string
	listen           string
	portMin, portMax uint16
}

var epmdModes = map[string]node.EPMDMode{"auto": node.EPMDAuto, "embedded": node.EPMDEmbedded, "external": node.EPMDExternal}

func newRun(o *options) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a hidden node with the sample servers echo and counter",
		Long: `Run a node until it is interrupted. It is hidden: it does not show up in nodes(), only in nodes(hidden).

It hosts two sample servers:
  echo     answers any request with the request
  counter  call get, {add,N}, {set,N}; cast {add,N}, reset

The cookie is taken from --cookie, --cookie-file, GONODE_COOKIE, ~/.erlang.cookie or
$XDG_CONFIG_HOME/erlang/.erlang.cookie, in this order; without any of them a new ~/.erlang.cookie is made.`,
		Args: cobra.NoArgs,
		RunE: o.run(func(cmd *cobra.Command, _ []string) error { return o.runNode(cmd, f) }),
	}
	cmd.Flags().BoolVar(&f.visible, "visible", false, "announce the node to the whole cluster instead of hiding it")
	cmd.Flags().StringVar(&f.epmd, "epmd", "auto", "port mapper `mode`: auto (start the embedded one if there is none), embedded or external")
	cmd.Flags().StringVar(&f.listen, "listen", "", "IP `address` to listen on (default: all)")
	cmd.Flags().Uint16Var(&f.portMin, "port-min", 0, "lowest `port` to listen on (default: any)")
	cmd.Flags().Uint16Var(&f.portMax, "port-max", 0, "highest `port` to listen on (default: that of --port-min)")
	_ = cmd.RegisterFlagCompletionFunc("epmd", cobra.FixedCompletions([]string{"auto", "embedded", "external"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (o *options) runNode(cmd *cobra.Command, f runFlags) error {
	cfg, err := o.config(cmd, "gonode", false)
	if err != nil {
		return err
	}
	var ok bool
	if cfg.EPMD, ok = epmdModes[f.epmd]; !ok {
		return usagef("--epmd %s: want auto, embedded or external", f.epmd)
	}
	cfg.Visible, cfg.Listen, cfg.PortMin, cfg.PortMax = f.visible, f.listen, f.portMin, max(f.portMin, f.portMax)
	cookie := o.cookieHint()
	if cfg.Cookie == "" {
		found, err := node.ReadCookie()
		if err != nil {
			return err
		}
		cfg.Cookie = found.Value
		if found.Made {
			fmt.Fprintf(cmd.ErrOrStderr(), "made a new cookie in %s\n", found.File)
		}
	}
	n, err := node.Start(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	if err := spawnSamples(cmd.Context(), n); err != nil {
		return err
	}
	if err := greet(cmd.ErrOrStderr(), n, cfg.LongNames, cookie); err != nil {
		return err
	}
	<-cmd.Context().Done()
	fmt.Fprintln(cmd.ErrOrStderr(), "stopping")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return n.Stop(ctx)
}

func spawnSamples(ctx context.Context, n *node.Node) error {
	if _, err := n.Spawn(ctx, "echo", genserv.Of(echo.Server{}), nil); err != nil {
		return err
	}
	_, err := n.Spawn(ctx, "counter", genserv.Of(counter.Server{}), etf.Int(0))
	return err
}

// cookieHint is what to type behind erl's -setcookie to get this node's cookie, without showing it.
func (o *options) cookieHint() string {
	switch {
	case o.cookie != "":
		return ` -setcookie THE_COOKIE`
	case o.cookieFile != "":
		return fmt.Sprintf(` -setcookie "$(cat %s)"`, o.cookieFile)
	}
	if cookie, _ := o.findCookie(); cookie != "" {
		return ` -setcookie "$GONODE_COOKIE"`
	}
	return ""
}

// greet tells what to type on the other side.
func greet(w io.Writer, n *node.Node, long bool, cookie string) error {
	flag, host := "sname", ""
	if long {
		flag, host = "name", "@127.0.0.1"
	}
	erl := fmt.Sprintf("erl -%s a%s%s", flag, host, cookie)
	iex := fmt.Sprintf("iex --%s b%s", flag, host)
	if cookie != "" {
		iex += " --cookie" + cookie[len(" -setcookie"):]
	}
	name := n.Name()
	_, err := fmt.Fprintf(w, `node %[1]s is up (%[2]s)

In Erlang:
  $ %[3]s
  1> net_adm:ping(%[1]s).
  2> gen_server:call({echo, %[1]s}, #{k => [1, 2.5, <<"x">>]}).
  3> gen_server:cast({counter, %[1]s}, {add, 41}), gen_server:call({counter, %[1]s}, {add, 1}).

In Elixir:
  $ %[4]s
  iex> Node.ping(%[5]s)
  iex> GenServer.call({:echo, %[5]s}, %%{k: [1, 2.5, "x"]})
  iex> GenServer.cast({:counter, %[5]s}, {:add, 41}); GenServer.call({:counter, %[5]s}, {:add, 1})

Stop with Ctrl-C.
`, etf.Format(name), n.Info(), erl, iex, fmt.Sprintf(":%q", string(name)))
	return err
}
