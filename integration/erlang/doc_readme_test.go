package erlang

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestTheSessionsOfTheReadmeAreTrue(t *testing.T) {
	for language, shell := range map[string]func(testing.TB, ...beam.Option) *beam.Shell{
		"erlang": beam.StartErlShell,
		"elixir": beam.StartIEx,
	} {
		t.Run(language, func(t *testing.T) {
			for _, session := range readme(t, language) {
				n := startSamples(t)
				shell(t).Run(beam.RenameNode(session, "gonode@host", string(n.Name())))
				stop(t, n)
			}
		})
	}
}

// readme returns the fenced blocks of a language.
func readme(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	require.NotEmpty(t, blocks)
	return blocks
}
