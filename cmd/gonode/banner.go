package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

// printBanner prints what to type on the other side. The indented lines can be pasted one by one unchanged. Only a
// cookie from the command line has to be filled in, because cookies are not printed.
func printBanner(w io.Writer, n *node.Node, cfg node.Config, carrier []string, c cookie) error {
	name := string(n.Name())
	erl, iex := shells(name, cfg, carrier, c)
	note := ""
	switch {
	case c.shell == placeholder:
		note = ", with the cookie for " + placeholder
	case c.from == cookieVar:
		note = ", where " + cookieVar + " is set"
	}
	_, err := fmt.Fprintf(w, `node %[1]s is up: %[2]s
cookie from %[3]s

To call it from Erlang, type%[4]s:
  %[5]s
  net_adm:ping(%[6]s).
  gen_server:call({echo, %[6]s}, #{k => [1, 2.5, <<"x">>]}).
  gen_server:cast({counter, %[6]s}, {add, 41}), gen_server:call({counter, %[6]s}, {add, 1}).

From Elixir:
  %[7]s
  Node.ping(%[8]s)
  GenServer.call({:echo, %[8]s}, %%{k: [1, 2.5, "x"]})
  GenServer.cast({:counter, %[8]s}, {:add, 41}); GenServer.call({:counter, %[8]s}, {:add, 1})

Stop with Ctrl-C.
`, name, n.Info(), c.from, note, erl, etf.Format(n.Name()), iex, `:"`+name+`"`)
	return err
}

// shells returns the lines that start an Erlang and an Elixir shell which can connect to the node called name.
func shells(name string, cfg node.Config, carrier []string, c cookie) (erl, iex string) {
	flag, host := "sname", ""
	if cfg.LongNames {
		flag, host = "name", "@127.0.0.1"
		if strings.HasPrefix(protoOf(cfg), "inet6") {
			host = "@::1"
		}
	}
	alive, _, _ := strings.Cut(name, "@")
	env := ""
	if port := epmd.DefaultPort(); port != epmd.WellKnownPort {
		env = fmt.Sprintf("ERL_EPMD_PORT=%d ", port)
	}
	erl = env + "erl -" + flag + " " + distinctName("a", alive) + host
	iex = env + "iex --" + flag + " " + distinctName("b", alive) + host
	if len(carrier) > 0 {
		erl += shellWords(carrier)
		iex = "ERL_ZFLAGS=" + shellQuote(zflagsText(carrier)) + " " + iex
	}
	if c.shell != "" {
		erl += " -setcookie " + c.shell
		iex += " --cookie " + c.shell
	}
	return erl, iex
}

// distinctName returns a name other than that of the node itself.
func distinctName(name, taken string) string {
	if name == taken {
		return name + "2"
	}
	return name
}
