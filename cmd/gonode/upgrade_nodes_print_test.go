package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// onScreen returns what a terminal shows of a text that moves the cursor up and erases what is below it.
func onScreen(t *testing.T, text string) []string {
	t.Helper()
	for _, code := range []string{noWrap, wrap} {
		text = strings.ReplaceAll(text, code, "")
	}
	var shown []string
	for _, part := range strings.Split(text, eraseBelow) {
		if up := strings.LastIndex(part, "\x1b["); up >= 0 {
			require.Equal(t, "\x1b["+string(rune('0'+len(lines(part[:up]))))+"A\r", part[up:])
			part = ""
		}
		if part != "" {
			shown = lines(part)
		}
	}
	return shown
}

func TestATableChangesInPlaceOnATerminal(t *testing.T) {
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	members := []*member{{upgrading: &upgrading{peer: "a@host"}, stage: waiting, wave: -1},
		{upgrading: &upgrading{peer: "b@host"}, stage: waiting, wave: -1}}
	b := newBoard(cmd, "table", members)
	require.False(t, b.live, "a buffer is no terminal")
	b.live = true
	b.note("dry run")
	members[0].stage, members[0].from = tried, "1"
	b.show(members[0])
	members[1].stage, members[1].reason = refused, "because\nof \x1b[2J this"
	members[1].wave, members[1].pause = 1, time.Millisecond
	b.show(members[1])
	require.Equal(t, []string{"NODE  KIND  WAVE  FROM  OUTCOME  PAUSED  REASON", "a@host  go  1  tried",
		`b@host  1  failed  1ms  "because of \x1b[2J this"`, "dry run"}, onScreen(t, out.String()))
	require.NoError(t, b.close("2"))
	require.Equal(t, 4, strings.Count(out.String(), eraseBelow))
	require.Len(t, onScreen(t, out.String()), 3)
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	for _, name := range []string{t.TempDir() + "/out", os.DevNull} {
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		require.False(t, isTerminal(file), name)
		require.NoError(t, file.Close())
	}
	if tty, err := os.Open("/dev/tty0"); err == nil {
		require.True(t, isTerminal(tty))
		t.Setenv("TERM", "dumb")
		require.False(t, isTerminal(tty))
		require.NoError(t, tty.Close())
	}
}
