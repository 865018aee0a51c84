//go:build unix

package tlsdist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnOptionFileWithoutAnEndIsRefused(t *testing.T) {
	_, err := ReadFile("/dev/zero")
	require.ErrorContains(t, err, "more than the 1048576 bytes")
	_, err = readPEM("/dev/zero")
	require.ErrorContains(t, err, "more than the 8388608 bytes")
}

func TestWhatIsLessSafeThanItLooksIsNotedOnceEach(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.NoError(t, os.Chmod(file, mode))
		return file
	}
	notes := func(listens bool, mode os.FileMode, text string) (all []string) {
		o, err := ReadFile(put("dist.conf", strings.ReplaceAll(text, "DIR", dir), mode))
		require.NoError(t, err)
		for _, n := range o.StartNotes(listens) {
			all = append(all, strings.ReplaceAll(n.String(), dir+"/", ""))
		}
		return all
	}
	put("open.pem", "", 0o644)
	put("closed.pem", "", 0o600)
	put("group.pem", "", 0o640)

	require.Empty(t, notes(true, 0o600, `[{server, [{certfile, "DIR/closed.pem"}, {verify, verify_peer}]}].`))
	for _, c := range []struct{ text, want string }{
		{`[{server, [{certfile, "DIR/closed.pem"}]}].`,
			"server option verify: is missing, so as in OTP no peer has to show a certificate; {verify, verify_peer} asks " +
				"for one"},
		{`[{client, [{certfile, "DIR/closed.pem"}, {keyfile, "DIR/open.pem"}]}, {server, [{verify, verify_peer}]}].`,
			"client option keyfile: open.pem can be read by all users of this host (chmod 600)"},
		{`[{server, [{verify, verify_peer}, {versions, [tlsv1, 'tlsv1.2', 'tlsv1.1']}]}].`,
			"server option versions: TLS 1.0 is allowed, which is not safe any more (RFC 8996)"},
	} {
		require.Equal(t, []string{"dist.conf:1:11: " + c.want}, notes(true, 0o600, c.text), c.text)
	}
	require.Empty(t, notes(false, 0o600, `[{server, [{certfile, "DIR/closed.pem"}]}].`), "nobody is let in")
	require.Empty(t, notes(true, 0o600, `[{server, [{certfile, "DIR/group.pem"}, {verify, verify_none}]}].`), "it says")
	require.Equal(t, []string{"each option file: dist.conf can be read by all users of this host (chmod o-r)"},
		notes(true, 0o644, `[{server, [{verify, verify_peer}]}].`))
}
