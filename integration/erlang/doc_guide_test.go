package erlang

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/examples/bank"
	"github.com/gonode-otp/gonode/examples/locks"
	"github.com/gonode-otp/gonode/examples/stock"
	"github.com/gonode-otp/gonode/examples/survey"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

// Every session of the guides is typed into a real shell, against a node with all the sample servers, or the one that
// can be upgraded. A block of erlang or elixir that does not begin with a prompt is a program and not a session.
func TestTheSessionsOfTheGuidesAreTrue(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/guide/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	// The module ergohost has the servers of this page, and its test.
	pages = slices.DeleteFunc(pages, func(page string) bool { return filepath.Base(page) == "ergo.md" })
	pages = append(pages, "../../examples/upgrade/README.md")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for language, shell := range map[string]func(testing.TB, ...beam.Option) *beam.Shell{
			"erlang": beam.StartErlShell,
			"elixir": beam.StartIEx,
		} {
			for _, m := range regexp.MustCompile("(?s)```"+language+
				"\n((?:1>|iex\\(1\\)>).*?)```").FindAllStringSubmatch(string(text), -1) {
				t.Run(filepath.Base(page)+"/"+language, func(t *testing.T) {
					n := startFor(t, page)
					shell(t).Run(beam.RenameNode(beam.RenameNode(m[1], "gonode@host", string(n.Name())), "calc@host",
						string(n.Name())))
				})
			}
		}
	}
}

// startFor starts the node that a page is about.
func startFor(t *testing.T, page string) *node.Node {
	t.Helper()
	if strings.Contains(page, "upgrad") {
		n, _ := startUpgradable(t)
		return n
	}
	n := startSamples(t)
	spawn(t, n, "locks", genserv.Of(locks.Server{}))
	spawn(t, n, "survey", genserv.Of(survey.Server{}))
	spawn(t, n, "stock", genserv.Of(stock.NewV2()))
	require.NoError(t, n.Applications().Start(t.Context(), bank.App()))
	bank.ExportLedger(n)
	return n
}

func TestANameThatAProcessHasAcquiredIsTheNextOnesWhenItEnds(t *testing.T) {
	n := start(t, config(t))
	spawn(t, n, "locks", genserv.Of(locks.Server{}))
	a, b := beam.StartErl(t), beam.StartErl(t)
	call := func(e *beam.Node, text string) string { t.Helper(); return e.Eval(t, at(n, text)) }
	for _, e := range []*beam.Node{a, b} {
		call(e, `Main = self(), register(worker, spawn(fun() ->
			ok = gen_server:call({locks,'gonode@host'}, {acquire,printer}, infinity),
			Main ! owner, receive stop -> ok end end)), ok.`)
		if e == a {
			require.Equal(t, "owner", a.Eval(t, "receive owner -> owner end."))
		}
	}
	require.Equal(t, "true", call(a,
		`maps:get(printer, gen_server:call({locks,'gonode@host'}, owners)) =:= whereis(worker).`))
	require.Equal(t, "{error,not_owner}", call(b, `gen_server:call({locks,'gonode@host'}, {release,printer}).`))
	require.Equal(t, "waits", b.Eval(t, "receive owner -> owner after 0 -> waits end."))
	a.Kill(t)
	require.Equal(t, "owner", b.Eval(t, "receive owner -> owner end."), "a node that dies lets go of everything")
	require.Equal(t, "#{}", call(b, `R = monitor(process, worker), worker ! stop, receive {'DOWN',R,_,_,_} -> ok end,
		gen_server:call({locks,'gonode@host'}, owners).`))
}
