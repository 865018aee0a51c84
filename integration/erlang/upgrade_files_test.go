package erlang

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Any node that has the cookie may call release_handler, so what that reads, copies and deletes stays within the
// installation.
func TestAnOperatorNamesFilesOutsideOfTheInstallationInVain(t *testing.T) {
	n, root := startUpgradable(t)
	o := startOperator(t, n)
	require.Equal(t, `{ok,"2"}`, o.rpc("set_unpacked", `["releases/2/calc.rel",[]]`))
	require.Equal(t, `{error,{eacces,"/etc/passwd"}}`, o.rpc("install_file", `["2","/etc/passwd"]`))
	require.Equal(t, `{error,{eacces,"/dev/zero"}}`, o.rpc("install_file", `["2","/dev/zero"]`))
	require.NoError(t, syscall.Mkfifo(filepath.Join(root, "fifo"), 0o600))
	require.Equal(t, `{error,{einval,"fifo"}}`, o.rpc("install_file", `["2","fifo"]`))
	require.NoError(t, os.WriteFile(filepath.Join(root, "note"), []byte("private"), 0o600))
	require.Equal(t, `ok`, o.rpc("install_file", `["2","note"]`))
	info, err := os.Stat(filepath.Join(root, "releases/2/note"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
}
