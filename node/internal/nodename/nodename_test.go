package nodename

import (
	"os"
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
		got, err := Full(c.name, c.long)
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
		_, err := Full(name, false)
		require.ErrorContains(t, err, reason, name)
	}
}
