package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/node"
)

const requestHelp = `

` + nodeHelp + `

NAME is the name under which the server is registered, without quotes; that of an Elixir module begins with Elixir.,
as in Elixir.MyApp.Server.

TERM is a term in Erlang syntax; the final dot may be left out. As - it is read from standard input. A negative
number goes behind --.`

func newCall(o *options) *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "call NODE NAME TERM",
		Short: "Call a registered server and print its reply, as gen_server:call does",
		Long: `Call a registered server and print its reply, as gen_server:call does.` + requestHelp + `

With -o json the reply is JSON for scripts to read: integers of any size and floats become numbers, atoms and UTF-8
binaries strings (true and false the constants, undefined, nil and null become null), tuples and lists arrays, maps
objects, all else its Erlang syntax in a string. A charlist, "abc" in Erlang, is a list of numbers. The keys of a map
become their text; if that is the same for two of them, such as a and <<"a">>, all keys of that map are shown in
Erlang syntax.`,
		Example: `  gonode call gonode@myhost counter '{add, 41}'
  gonode call gonode echo '#{k => [1, 2.5, <<"x">>]}' -o json
  gonode call gonode echo - <request.term
  gonode call gonode echo -- -1`,
		Args:              expectArgs(3, "NODE", "NAME", "TERM"),
		ValidArgsFunction: o.completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.request(cmd, args, func(ctx context.Context, n *node.Node, to, request etf.Term) error {
				reply, err := n.Call(ctx, to, request)
				if err != nil {
					return err
				}
				return printTerm(cmd, format.value, reply)
			})
		}),
	}
	o.nodeFlags(cmd, defaultClient)
	usualTimeoutFlag(cmd)
	format = outputFlag(cmd, "term", "Erlang syntax")
	return cmd
}

func newCast(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cast NODE NAME TERM",
		Short: "Send a request to a registered server without waiting, as gen_server:cast does",
		Long: `Send a request to a registered server without waiting. There is no sign whether the server exists, as in
Erlang; that the node cannot be reached is an error.` + requestHelp,
		Example:           "  gonode cast gonode@myhost counter reset\n  gonode cast gonode counter '{add, 1}'",
		Args:              expectArgs(3, "NODE", "NAME", "TERM"),
		ValidArgsFunction: o.completeNode,
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			return o.request(cmd, args, func(ctx context.Context, n *node.Node, to, request etf.Term) error {
				return cast(ctx, n, to, request)
			})
		}),
	}
	o.nodeFlags(cmd, defaultClient)
	usualTimeoutFlag(cmd)
	return cmd
}

// cast sends the request and then a ping over the same connection. The answer to the ping shows that the node has
// received both, so a later command is handled after the cast. A node that does not answer has still received the
// request.
func cast(ctx context.Context, n *node.Node, to, request etf.Term) error {
	if err := n.Cast(ctx, to, request); err != nil {
		return err
	}
	for _, name := range n.Nodes() {
		_ = n.Ping(ctx, name)
	}
	return nil
}

// request parses NODE NAME TERM and calls do with the destination and the request, on a client that is connected to
// NODE.
func (o *options) request(cmd *cobra.Command, args []string,
	do func(ctx context.Context, n *node.Node, to, request etf.Term) error) error {
	name, err := serverName(args[1])
	if err != nil {
		return err
	}
	request, err := readTerm(cmd, args[2])
	if err != nil {
		return err
	}
	return o.withClient(cmd, args[0], func(ctx context.Context, n *node.Node, peer etf.Atom) error {
		return do(ctx, n, etf.Tuple{name, peer}, request)
	})
}

// maxInput is one byte more than the largest text that etf.Parse takes, so that etf itself refuses a larger text.
const maxInput = 16<<20 + 1

// readTerm parses TERM, or standard input if TERM is a dash.
func readTerm(cmd *cobra.Command, word string) (etf.Term, error) {
	source, where := word, "TERM"
	if word == "-" {
		where = "standard input"
		text, err := readAll(cmd.Context(), io.LimitReader(cmd.InOrStdin(), maxInput))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		source = string(text)
	}
	t, err := etf.Parse(source)
	var wrong *etf.ParseError
	if errors.As(err, &wrong) {
		return nil, usagef("%s is not a term in Erlang syntax: line %d, column %d: %s", where, wrong.Line, wrong.Column,
			wrong.Msg)
	}
	return t, err
}

// readAll is io.ReadAll that returns when ctx ends. Input from a terminal may never end.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(r)
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
