package archtest

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The functions of the walk exist, each calls the next one, and few files hold them.
func TestTheWalkOfACallIsThatOfTheCode(t *testing.T) {
	code := `package node

func (p *peer) take() { p.next.give() }

func (s *server[S]) give() { last() }

func last() {}

func apart() {}
`
	walk := func(lines ...string) []string {
		files := map[string]string{"node/walk.go": code}
		before, _, _ := strings.Cut(designOf(t), "\n```walk\n")
		files["DESIGN.md"] = before + "\n```walk\n" + strings.Join(lines, "\n") + "\n```\n"
		return check(t, files)
	}
	require.Empty(t, walk("node/walk.go peer.take server.give last"))
	require.Empty(t, walk("node/walk.go peer.take server.give", "node/walk.go peer.take server.give last"))
	require.Equal(t, []string{"DESIGN.md: the walk of a call names peer.gone of node/walk.go, which is not there"},
		walk("node/walk.go peer.gone"))
	require.Equal(t, []string{"DESIGN.md: the walk of a call goes from peer.take of node/walk.go to last of node/walk.go, " +
		"which it does not call"}, walk("node/walk.go peer.take last"))
	require.Equal(t, []string{"DESIGN.md: the walk of a call goes from last of node/walk.go to apart of node/walk.go, " +
		"which it does not call"}, walk("node/walk.go peer.take server.give last apart"))
	require.Len(t, walk("node/walk.go"), 1)
	var many []string
	for i := range maxWalkFiles + 1 {
		many = append(many, fmt.Sprintf("node/walk%d.go f", i))
	}
	require.Contains(t, walk(many...), "DESIGN.md: the walk of a call is in 11 files, more than 10")
	require.Equal(t, []string{"DESIGN.md: the walk of a call is missing"},
		check(t, map[string]string{"DESIGN.md": strings.Replace(designOf(t), "```walk", "```", 1)}))
}

// designOf returns DESIGN.md of the sound tree.
func designOf(t *testing.T) string {
	t.Helper()
	text, err := fs.ReadFile(sound(nil), "DESIGN.md")
	require.NoError(t, err)
	return string(text)
}
