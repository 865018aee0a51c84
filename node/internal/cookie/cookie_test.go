package cookie

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACookieIsFoundWhereErlFindsIt(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	xdg := filepath.Join(home, ".config", "erlang", ".erlang.cookie")
	require.NoError(t, os.MkdirAll(filepath.Dir(xdg), 0o700))
	require.NoError(t, os.WriteFile(xdg, []byte("FROMXDG\n"), 0o400))
	c, err := Read()
	require.NoError(t, err)
	require.Equal(t, Cookie{Value: "FROMXDG", File: xdg}, c)
	first := filepath.Join(home, ".erlang.cookie")
	require.NoError(t, os.WriteFile(first, []byte("FIRST"), 0o400))
	c, err = Read()
	require.NoError(t, err)
	require.Equal(t, "FIRST", c.Value)
}

func TestWithoutACookieFileOneIsMade(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "none"))
	made, err := Read()
	require.NoError(t, err)
	require.True(t, made.Made)
	require.Regexp(t, "^[A-Z]{20}$", made.Value)
	info, err := os.Stat(made.File)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o400), info.Mode().Perm())
	again, err := Read()
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
		_, err := ReadFile(file)
		var bad *Error
		require.ErrorAs(t, err, &bad)
		require.ErrorContains(t, err, c.reason)
		require.NotContains(t, err.Error(), "SECRET")
	}
	value, reason := parse("WITH SPACE \r\n \n")
	require.Empty(t, reason)
	require.Equal(t, "WITH SPACE ", value, "auth:check_cookie/2 keeps the blanks before the line end")
}

// All who start at once in an empty home directory have the same cookie, and none finds an empty file.
func TestManyWhoMakeTheCookieAtOnceAgree(t *testing.T) {
	for range 20 {
		home := t.TempDir()
		t.Setenv("HOME", home)
		t.Setenv("XDG_CONFIG_HOME", "")
		var all [8]Cookie
		var errs [8]error
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() { all[i], errs[i] = Read() })
		}
		wg.Wait()
		made := 0
		for i, c := range all {
			require.NoError(t, errs[i])
			require.Equal(t, all[0].Value, c.Value)
			if c.Made {
				made++
			}
		}
		require.Equal(t, 1, made)
		entries, err := os.ReadDir(home)
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing is left beside it")
		info, err := os.Stat(filepath.Join(home, ".erlang.cookie"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o400), info.Mode())
	}
}
