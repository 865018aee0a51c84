//go:build unix

package releasehandler_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// onFullDisk says that this process is the one that may write no file any more.
const onFullDisk = "GONODE_TEST_FULL_DISK"

// On a disk that is full every request that has to write is refused with the reason, and what is there stays whole.
// The process in which that is tried has a limit on the size of files instead: writing fails in the middle of them,
// too.
func TestOnAFullDiskNothingIsHalfWritten(t *testing.T) {
	if os.Getenv(onFullDisk) == "" {
		program, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), onFullDisk+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "--- PASS: "+t.Name())
		return
	}
	s := newSite(t)
	s.put("sys.config", "[{demo,[{key,\"a value that is too long\"}]}].")
	s.put("late.rel", `{release,{"rel","4"},{erts,"13.1.5"},[{demo,"3"}]}.`)
	require.NoError(t, os.MkdirAll(filepath.Join(s.root, "releases/4"), 0o755))
	require.NoError(t, os.RemoveAll(filepath.Join(s.root, "releases/3")))
	s.pack("pack", map[string]string{"releases/3/relup": "a file that is too long",
		"releases/pack.rel": `{release,{"rel","3"},{erts,"13.1.5"},[{demo,"3"}]}.`})
	require.Equal(t, `{ok,"2"}`, s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`))
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`))
	before := s.disk()

	full(t, true)
	for request, want := range map[string]string{
		`{make_permanent,"2"}`:            `{error,efbig}`,
		`{set_unpacked,"late.rel",[]}`:    `{error,efbig}`,
		`{install_file,"sys.config","2"}`: `{error,{efbig,"ROOT/releases/2/sys.config"}}`,
		`{unpack_release,"pack"}`:         `{error,{cannot_extract_file,"releases/pack.rel",efbig}}`,
	} {
		require.Equal(t, want, s.ask(request), request)
		require.Equal(t, before, s.disk(), request)
	}
	require.Equal(t, "2:current 1:permanent | 2:unpacked 1:permanent", s.statuses())
	require.Equal(t, `{ok,"1","two to one"}`, s.ask(`{install_release,"1",restart,[]}`), "which writes nothing")
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`))
	full(t, false)
	require.Equal(t, `ok`, s.ask(`{make_permanent,"2"}`))
	require.Equal(t, `{ok,"3"}`, s.ask(`{unpack_release,"pack"}`))
	require.Equal(t, "3:unpacked 2:permanent 1:old | 3:unpacked 2:permanent 1:old", s.statuses())
}

// full limits the size of the files of this process to some bytes, or to nothing.
func full(t *testing.T, on bool) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	if limit.Cur = limit.Max; on {
		limit.Cur = 20
	}
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
}

// disk returns the names of all files and the contents of the regular ones.
func (s *site) disk() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	require.NoError(s.t, filepath.WalkDir(s.root, func(name string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			all[name] = ""
			return err
		}
		text, err := os.ReadFile(name)
		all[name] = string(text)
		return err
	}))
	return all
}
