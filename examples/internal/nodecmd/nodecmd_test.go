package nodecmd_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/gonode-otp/gonode/examples/internal/nodecmd"
	"github.com/gonode-otp/gonode/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// program is one that listens nowhere.
func program(start func(ctx context.Context, n *node.Node) error) nodecmd.Program {
	return nodecmd.Program{Name: "sample", Short: "A sample",
		Configure: func(cfg *node.Config) error { cfg.NoListen = true; return nil }, Start: start}
}

func nothing(context.Context, *node.Node) error { return nil }

func TestAProgramTellsItsNameWhenItIsUpAndEndsWhenItIsTold(t *testing.T) {
	for want, args := range map[string][]string{
		"ready a@localhost\n":       {"--sname", "a@localhost", "--cookie", "secret"},
		"ready b@localhost.local\n": {"--name=b@localhost.local", "--cookie=secret"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		started := false
		out, in := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- program(func(_ context.Context, n *node.Node) error { started = true; return nil }).
				Run(ctx, args, in, io.Discard)
		}()
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, want, line)
		require.True(t, started, "the servers are up before the line is written")
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestAProgramWhoseServersDoNotStartFails(t *testing.T) {
	no := errors.New("no")
	p := program(func(context.Context, *node.Node) error { return no })
	require.ErrorIs(t, p.Run(t.Context(), []string{"--cookie=secret"}, io.Discard, io.Discard), no)
	cleaned := false
	p.Configure = func(*node.Config) error { return no }
	p.Cleanup = func() { cleaned = true }
	require.ErrorIs(t, p.Run(t.Context(), nil, io.Discard, io.Discard), no)
	require.True(t, cleaned)
}

func TestAProgramRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"word"}, {"--sname=a", "--name=b@c.d"}} {
		require.Error(t, program(nothing).Run(t.Context(), args, io.Discard, io.Discard), args)
	}
}

func TestAProgramHasFlagsOfItsOwn(t *testing.T) {
	var pool int
	ctx, cancel := context.WithCancel(t.Context())
	p := program(func(context.Context, *node.Node) error { cancel(); return nil })
	p.Flags = func(cmd *cobra.Command) { cmd.Flags().IntVar(&pool, "pool", 1, "") }
	require.NoError(t, p.Run(ctx, []string{"--pool=4", "--cookie=secret"}, io.Discard, io.Discard))
	require.Equal(t, 4, pool)
}
