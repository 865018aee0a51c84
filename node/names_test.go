package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAreReadAsErlReadsThem(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	short, _, _ := strings.Cut(host, ".")
	for _, c := range []struct {
		name string
		long bool
		want string
	}{
		{"a", false, "a@" + short},
		{"a@h", false, "a@h"},
		{"a@localhost", true, "a@localhost"},
		{"a-1_B@h.example.org", true, "a-1_B@h.example.org"},
		{"a@127.0.0.1", true, "a@127.0.0.1"},
	} {
		got, err := FullName(c.name, c.long)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got)
	}
}

func TestNamesThatErlRefusesAreRefusedWithAReason(t *testing.T) {
	for name, reason := range map[string]string{
		"":                              "no name in front",
		"@h":                            "no name in front",
		"a@":                            "no valid host",
		"a@h@i":                         "no valid host",
		"a.b@h":                         "letters, digits",
		"é@h":                           "letters, digits",
		"a@h.example.org":               "needs long names",
		"a@" + strings.Repeat("h", 300): "longer than 255",
	} {
		_, err := FullName(name, false)
		require.ErrorContains(t, err, reason, name)
	}
}

func TestACookieIsFoundWhereErlFindsIt(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	xdg := filepath.Join(home, ".config", "erlang", ".erlang.cookie")
	require.NoError(t, os.MkdirAll(filepath.Dir(xdg), 0o700))
	require.NoError(t, os.WriteFile(xdg, []byte("FROMXDG\n"), 0o400))
	c, err := ReadCookie()
	require.NoError(t, err)
	require.Equal(t, Cookie{Value: "FROMXDG", File: xdg}, c)
	first := filepath.Join(home, ".erlang.cookie")
	require.NoError(t, os.WriteFile(first, []byte("FIRST"), 0o400))
	c, err = ReadCookie()
	require.NoError(t, err)
	require.Equal(t, "FIRST", c.Value)
}

func TestWithoutACookieFileOneIsMade(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "none"))
	made, err := ReadCookie()
	require.NoError(t, err)
	require.True(t, made.Made)
	require.Regexp(t, "^[A-Z]{20}$", made.Value)
	info, err := os.Stat(made.File)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o400), info.Mode().Perm())
	again, err := ReadCookie()
	require.NoError(t, err)
	require.Equal(t, made.Value, again.Value)
	require.False(t, again.Made)
}

func TestACookieFileThatErlRefusesIsRefusedWithoutShowingTheCookie(t *testing.T) {
	for content, c := range map[string]struct {
		mode   os.FileMode
		reason string
	}{
		"SECRET":                   {0o440, "chmod 400"},
		"SEC\tRET":                 {0o400, "characters that a cookie cannot have"},
		"SECRET\nmore":             {0o400, "characters that a cookie cannot have"},
		"\n":                       {0o400, "is empty"},
		strings.Repeat("S", 256):   {0o400, "longer than 255"},
		strings.Repeat("S", 10240): {0o400, "longer than a cookie"},
	} {
		file := filepath.Join(t.TempDir(), "cookie")
		require.NoError(t, os.WriteFile(file, []byte(content), c.mode))
		_, err := ReadCookieFile(file)
		var bad *CookieError
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, c.reason)
		require.NotContains(t, err.Error(), "SECRET")
	}
	value, reason := parseCookie("WITH SPACE \r\n \n")
	require.Empty(t, reason)
	require.Equal(t, "WITH SPACE ", value, "auth:check_cookie/2 keeps the blanks before the line end")
}
