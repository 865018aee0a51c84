package dist

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
)

func atom(s string) etf.Atom { return etf.Atom(s) }

func TestANodeNameHasTwoParts(t *testing.T) {
	name, host, ok := SplitNode("a@b.c")
	require.Equal(t, []any{"a", "b.c", true}, []any{name, host, ok})
	for _, bad := range []etf.Atom{"", "a", "@", "a@", "@b", "a@b@c", "a@@"} {
		_, _, ok := SplitNode(bad)
		require.False(t, ok, "%q", string(bad))
	}
}

func TestANameThatNoNodeCanHaveIsRefused(t *testing.T) {
	// {string:split(Name, "@", all), name_type(Flags)} in is_name_ok of dist_util, and the emulator's rule for the rest.
	for bad, why := range map[etf.Atom]string{
		"":                         "is not of the form name@host",
		"nohost":                   "is not of the form name@host",
		"a@":                       "is not of the form name@host",
		"@b":                       "is not of the form name@host",
		"a@b@c":                    "is not of the form name@host",
		"go\n@b":                   "has other characters than letters, digits, - and _ before the @",
		"gö@b":                     "has other characters than letters, digits, - and _ before the @",
		"a b@c":                    "has other characters than letters, digits, - and _ before the @",
		atom(long(254) + "@b"):     "is longer than 255 characters",
		atom("a@" + long(254)):     "is longer than 255 characters",
		atom("a@" + long(1<<16-3)): "is longer than 255 characters",
	} {
		require.Equal(t, why, nameFault(bad, false), "%q", string(bad))
	}
	for _, good := range []etf.Atom{"a@b", "A-b_0@host.domain", "a@höst", "a@127.0.0.1", "a@::1", atom(long(253) + "@b")} {
		require.Empty(t, nameFault(good, false), "%q", string(good))
	}
}

func long(n int) string { return strings.Repeat("x", n) }

func TestANodeThatWantsANameSendsItsHostAlone(t *testing.T) {
	require.Empty(t, nameFault("host.domain", true))
	require.NotEmpty(t, nameFault("a@host", true))
	require.NotEmpty(t, nameFault("", true))
}

func TestShortAndLongNamesDoNotMix(t *testing.T) {
	// splitnode of inet_tcp_dist.
	require.True(t, sameStyle("a", "b"))
	require.True(t, sameStyle("a.x", "b.y"))
	require.True(t, sameStyle("127.0.0.1", "b.y"))
	require.True(t, sameStyle("a.x", "::1"))
	require.False(t, sameStyle("a", "b.y"))
	require.False(t, sameStyle("a.x", "b"))
}

func TestNamesTravelInLatin1(t *testing.T) {
	b, ok := appendLatin1(nil, "aé\u00ff")
	require.True(t, ok)
	require.Equal(t, []byte{'a', 0xe9, 0xff}, b)
	require.Equal(t, atom("aé\u00ff"), fromLatin1(b))
	for _, bad := range []string{"\u0100", "日本", "\xff", "a\xc3", "\ufffd"} {
		_, ok = appendLatin1(nil, bad)
		require.False(t, ok, "%q", bad)
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	again, ok := appendLatin1(nil, string(fromLatin1(every)))
	require.True(t, ok)
	require.Equal(t, every, again)
}

func TestAMadeUpNameIsUniqueAndLegal(t *testing.T) {
	seen := map[etf.Atom]bool{}
	for range 100 {
		name, creation := randomName("host")
		require.Empty(t, nameFault(name, false))
		require.Regexp(t, `^[0-9A-Z]{1,13}@host$`, string(name))
		require.Greater(t, creation, uint32(3))
		require.False(t, seen[name])
		seen[name] = true
	}
}
