package pg

import (
	"bufio"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

// recorded are messages that real scopes have sent: release, how it came, its bytes.
func recorded(t testing.TB) (messages [][3]string) {
	t.Helper()
	f, err := os.Open("testdata/messages.txt")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 4 && fields[0] != "#" {
			messages = append(messages, [3]string{fields[0] + " " + fields[1], fields[2], fields[3]})
		}
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, messages)
	return messages
}

func TestMessagesOfRealScopesAreUnderstood(t *testing.T) {
	kinds := map[string]messageKind{"discover": discover, "sync": syncAll, "local_data": syncAll, "join": join,
		"leave": leave}
	for _, m := range recorded(t) {
		data, err := hex.DecodeString(m[2])
		require.NoError(t, err)
		term, err := etf.Decode(data)
		require.NoError(t, err)
		got, ok := parseMessage(term)
		require.True(t, ok, "%s: %s", m[0], etf.Format(term))
		require.Equal(t, kinds[m[1]], got.kind, m[0])
		require.NotZero(t, got.peer)
		if got.kind != discover {
			require.Len(t, got.groups, 1, m[0])
			require.NotEmpty(t, got.groups[0].pids)
		}
	}
}

func TestAnUpdateOfOTP26JoinsAndLeaves(t *testing.T) {
	one, two := etf.Pid{Node: "a@b", ID: 1, Creation: 1}, etf.Pid{Node: "a@b", ID: 2, Creation: 1}
	m, ok := parseMessage(etf.Tagged("update", one,
		etf.List{etf.Tuple{etf.Atom("g"), etf.List{two}, etf.List{one, one}}}))
	require.True(t, ok)
	require.Equal(t, peerMessage{kind: update, peer: one, groups: []groupPids{{etf.Atom("g"), []etf.Pid{two}}},
		gone: []groupPids{{etf.Atom("g"), []etf.Pid{one, one}}}}, m)
}

// Whatever comes is a message or none; what a message says of is a process of the peer's node.
func FuzzMessage(f *testing.F) {
	for _, m := range recorded(f) {
		data, err := hex.DecodeString(m[2])
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		term, err := etf.Decode(data)
		if err != nil {
			return
		}
		m, ok := parseMessage(term)
		if !ok {
			return
		}
		for _, g := range append(m.groups, m.gone...) {
			require.NotNil(t, g.group)
			for _, pid := range g.pids {
				require.Equal(t, m.peer.Node, pid.Node)
			}
		}
		for _, kind := range []etf.Term{joinMessage(m.peer, etf.Atom("g"), []etf.Pid{m.peer}),
			leaveMessage(m.peer, []etf.Pid{m.peer, m.peer}, etf.List{etf.Atom("g")}),
			syncMessage(m.peer, nil), discoverMessage(m.peer)} {
			_, ok := parseMessage(kind)
			require.True(t, ok, "what we send is understood")
		}
	})
}
