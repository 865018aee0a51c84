package tracker_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/tracker"
	"github.com/gonode-otp/gonode/gonodetest/beam"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var demo = tracker.Config{PubSub: "Elixir.Demo.PubSub", Tracker: "Elixir.Demo.Presence", Pool: 2}

func TestTheDemonstrationAnswersItsCalls(t *testing.T) {
	n, err := node.Start(t.Context(), node.Config{Name: "tr@localhost", Cookie: "secret", NoListen: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	require.NoError(t, tracker.Start(t.Context(), n, demo))
	call := func(request string) etf.Term {
		term, err := etf.Parse(request)
		require.NoError(t, err)
		reply, err := n.Call(t.Context(), etf.Atom("demo"), term)
		require.NoError(t, err)
		return reply
	}
	_, ok := etf.AsTuple(call(`{track, <<"lobby">>, key, #{n => 1}}`), "ok", 2)
	require.True(t, ok)
	require.Contains(t, etf.Format(call(`{track, <<"lobby">>, key, #{n => 1}}`)), "already_tracked")
	require.Contains(t, etf.Format(call(`{list, <<"lobby">>}`)), "[{key,#{n => 1,phx_ref")
	for _, bad := range []string{"x", "{list, x}", `{track, <<"lobby">>, key, []}`, `{list, <<"lobby">>, x}`} {
		require.Equal(t, "{error,badarg}", etf.Format(call(bad)), bad)
	}
	require.Equal(t, "ok", etf.Format(call(`{untrack, <<"lobby">>, key}`)))
	require.Equal(t, "[]", etf.Format(call(`{list, <<"lobby">>}`)))
}

func TestTheSessionOfTheREADMEIsWhatAnIExShows(t *testing.T) {
	var args []string
	files := []string{"../../phoenix/testdata/standin/pubsub.ex", "../../phoenix/testdata/standin/tracker.ex",
		"presence.ex"}
	if ebin := os.Getenv("GONODE_PHOENIX"); ebin != "" {
		args, files = []string{"-pa", ebin}, files[2:]
	}
	const cookie = "secret"
	sh := beam.StartIEx(t, beam.WithSname("elf"), beam.WithCookie(cookie), beam.WithArgs(args...))
	for _, file := range files {
		path, err := filepath.Abs(file)
		require.NoError(t, err)
		sh.Type(fmt.Sprintf("Code.require_file(%q)", path))
	}
	if len(files) == 1 {
		sh.Type("Application.ensure_all_started(:phoenix_pubsub)")
	}
	_, host, _ := strings.Cut(sh.Name(), "@")
	n, err := node.Start(t.Context(), node.Config{Name: "tr@" + host, EPMDPort: uint16(beam.PrivateEPMD(t).Port()),
		Listen: "0.0.0.0", Cookie: cookie})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Stop(context.Background())) }()
	require.NoError(t, tracker.Start(t.Context(), n, demo))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, session, ok := bytes.Cut(readme, []byte("```iex\n"))
	require.True(t, ok)
	session, _, _ = bytes.Cut(session, []byte("```"))
	sh.Run(beam.RenameNode(string(session), "tr@host", "tr@"+host))
}
