//go:build !race

// ergo 3.2 stops an application with a data race of its own: application.stop writes what application.terminate reads.

package main

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/gonodetest"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheSessionsOfTheGuideAreTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/guide/ergo.md")
	require.NoError(t, err)
	for language, shell := range map[string]func(testing.TB, ...beam.Option) *beam.Shell{
		"erlang": beam.StartErlShell, "elixir": beam.StartIEx,
	} {
		// A block that does not begin with a prompt is part of a program.
		sessions := regexp.MustCompile("(?s)```"+language+"\n((?:1>|iex\\(1\\)>).*?)```").FindAllSubmatch(text, -1)
		require.NotEmpty(t, sessions)
		for _, m := range sessions {
			t.Run(language, func(t *testing.T) {
				ctx, cancel := context.WithCancel(context.Background())
				name, ended := make(chan string, 1), make(chan error, 1)
				cfg := node.Config{Name: "gonode", Cookie: gonodetest.Cookie(t), EPMD: node.EPMDExternal,
					EPMDPort: uint16(beam.PrivateEPMD(t).Port()), SetupTime: time.Second}
				go func() { ended <- run(ctx, cfg, func(n *node.Node) { name <- string(n.Name()) }) }()
				defer func() { cancel(); require.NoError(t, <-ended) }()
				select {
				case n := <-name:
					shell(t).Run(beam.RenameNode(string(m[1]), "gonode@host", n))
				case err := <-ended:
					ended <- err
				}
			})
		}
	}
}
