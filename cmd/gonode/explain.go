package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/gonode-otp/gonode/dist"
	"github.com/gonode-otp/gonode/epmd"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/node"
)

// explain returns the text of an error for the user of the command: what happened, and what to change.
func (o *options) explain(err error) string {
	var (
		config  *node.ConfigError
		call    *genserv.CallFailure
		connect *node.ConnectError
		taken   *epmd.NameTakenError
		walk    *examineError
	)
	var hinted *hintedError
	switch {
	case errors.As(err, &hinted):
		return o.explain(hinted.err) + "; " + hinted.hint
	case errors.As(err, &walk):
		return walk.Error()
	case errors.As(err, &config):
		return flagOf(config.Field) + ": " + config.Reason
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &connect):
		return o.explainConnect(connect)
	case errors.As(err, &call):
		return o.explainCall(call)
	case errors.As(err, &taken):
		return plain(err) + " (--sname, --name)"
	case errors.Is(err, epmd.ErrInUse):
		return plain(err) + "; with --epmd auto or external the node uses the EPMD that runs"
	}
	return plain(err)
}

// hintedError is an error with a hint for the user.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() + "; " + e.hint }
func (e *hintedError) Unwrap() error { return e.err }

// flagOf returns the flag for a field of node.Config.
func flagOf(field string) string {
	switch field {
	case "Name":
		return "node name (--sname, --name)"
	case "Cookie":
		return "cookie"
	case "Listen":
		return "--listen"
	case "PortMin":
		return "--port-min"
	case "PortMax":
		return "--port-max"
	case "ProtoDist":
		return "--proto-dist"
	case "TLS":
		return "--ssl-dist-optfile"
	case "LoggerNode":
		return "--logger-node"
	}
	return field
}

func (o *options) explainConnect(e *node.ConnectError) string {
	var refused *dist.HandshakeError
	text := fmt.Sprintf("cannot connect to %s: ", string(e.Node))
	switch {
	case e.Stage == "wait" && errors.Is(e, context.DeadlineExceeded):
		return text + fmt.Sprintf("not within %v; a firewall may drop the attempt, or --timeout is too short", o.timeout)
	case errors.Is(e, epmd.ErrNotFound):
		alive, host, _ := strings.Cut(string(e.Node), "@")
		return text + fmt.Sprintf("the EPMD of %s knows no %s; gonode names %s lists whom it knows", host, alive, host)
	case e.Stage == "dial":
		return text + plain(e.Err) + "; EPMD says that it listens there: a firewall may be in between, or it listens on " +
			"another address"
	case errors.As(e, &refused) && refused.Reason == dist.ReasonCookie:
		return text + plain(refused) + "; the cookie of this side is from " + o.cookieFrom
	}
	return text + plain(e.Err)
}

// maxReason bounds how much of an exit reason is printed. A reason may contain a whole state.
const maxReason = 4000

func (o *options) explainCall(e *genserv.CallFailure) string {
	name, at := whom(e.To)
	var exit *genserv.Exit
	switch {
	case errors.Is(e, genserv.ErrTimeout):
		return fmt.Sprintf("%s did not answer within %v; --timeout gives it longer", name+at, o.timeout)
	case errors.Is(e, genserv.ErrNoProc):
		return fmt.Sprintf("there is no process %s%s", name, at) + elixirHint(name)
	case errors.As(e, &exit):
		return fmt.Sprintf("%s ended without an answer: %s", name+at, etf.FormatMax(exit.Reason, maxReason))
	case errors.Is(e, genserv.ErrNoConnection):
		return fmt.Sprintf("the connection was lost before %s answered", name+at)
	}
	return plain(e)
}

// whom splits a destination {Name, Node}.
func whom(to etf.Term) (name, at string) {
	if t, ok := to.(etf.Tuple); ok && len(t) == 2 {
		return etf.Format(t[0]), " on " + etf.Format(t[1])
	}
	return etf.Format(to), ""
}

// elixirHint helps users who write the name of a module as in Elixir. name is in Erlang syntax, so a name that begins
// with a capital is in quotes.
func elixirHint(name string) string {
	inner := strings.Trim(name, "'")
	if inner != name && unicode.IsUpper([]rune(inner + "x")[0]) && !strings.HasPrefix(inner, "Elixir.") {
		return "; an Elixir module is registered as Elixir." + inner
	}
	return ""
}

// packages matches package names at the beginning of an error text. They mean nothing to the user of a command.
var packages = regexp.MustCompile(`(^|: )(?:node|tlsdist|epmd|dist|genserv|etf): `)

// plain returns the text of an error without words that only programmers understand.
func plain(err error) string {
	text := packages.ReplaceAllString(err.Error(), "$1")
	return strings.ReplaceAll(text, context.DeadlineExceeded.Error(), "not in time")
}
