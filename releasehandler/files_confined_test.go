//go:build unix

package releasehandler_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gonode-otp/gonode/releasehandler"
	"github.com/stretchr/testify/require"
)

// outside makes a directory that is none of the installation, with a file and a library in it.
func outside(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("[]."), 0o600))
	far := []byte(`{release,{"rel","9"},{erts,"13.1.5"},[{demo,"3"}]}.`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "far.rel"), far, 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "demo-3"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "demo-3/keep"), []byte("x"), 0o644))
	return dir
}

func TestAPeerNamesFilesOutsideOfTheInstallationInVain(t *testing.T) {
	s := newSite(t)
	out := outside(t)
	s.put("near.rel", `{release,{"rel","9"},{erts,"13.1.5"},[{demo,"3"}]}.`)
	require.NoError(t, os.Symlink(filepath.Join(out, "secret"), filepath.Join(s.root, "link")))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(s.root, "zero")))
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	before := s.disk()
	up, err := filepath.Rel(s.root, filepath.Join(out, "secret"))
	require.NoError(t, err)
	for request, want := range map[string]string{
		`{install_file,"OUT/secret","2"}`:               `{error,{eacces,"OUT/secret"}}`,
		`{install_file,"` + up + `","2"}`:               `{error,{eacces,"` + up + `"}}`,
		`{install_file,"link","2"}`:                     `{error,{eacces,"link"}}`,
		`{install_file,"/dev/zero","2"}`:                `{error,{eacces,"/dev/zero"}}`,
		`{install_file,"zero","2"}`:                     `{error,{eacces,"zero"}}`,
		`{set_unpacked,"OUT/far.rel",[]}`:               `{error,{eacces,"OUT/far.rel"}}`,
		`{set_unpacked,"near.rel",[{demo,"3","OUT"}]}`:  `{error,{eacces,"OUT/demo-3"}}`,
		`{set_unpacked,"near.rel",[{demo,"3",".."}]}`:   `{error,{eacces,"../demo-3"}}`,
		`{set_unpacked,"/proc/self/environ",[]}`:        `{error,{eacces,"/proc/self/environ"}}`,
		`{unpack_release,"../../x"}`:                    `{error,{no_such_file,"PARENT/x.tar.gz"}}`,
		`{set_unpacked,"releases/2/../../../x.rel",[]}`: `{error,{eacces,"releases/2/../../../x.rel"}}`,
	} {
		replace := strings.NewReplacer("OUT", out, "PARENT", filepath.Dir(s.root))
		require.Equal(t, replace.Replace(want), s.ask(replace.Replace(request)), request)
		require.Equal(t, before, s.disk(), request)
	}
	require.ErrorContains(t, s.h.CreateReleases("", out, "near.rel", nil), "eacces")
	require.NoFileExists(t, filepath.Join(out, "RELEASES"))
	_, _, err = s.h.UpgradeScript(t.Context(), "demo", filepath.Join(out, "demo-3"))
	require.Error(t, err)
}

// What the file RELEASES says may come from another time, or from somebody else.
func TestAReleaseWithALibraryOutsideIsForgottenButNotDeleted(t *testing.T) {
	s := newSite(t)
	out := outside(t)
	lib := filepath.Join(out, "demo-3")
	s.put("releases/RELEASES", `[{release,"rel","2","13.1.5",[{demo,"2","`+lib+`"}],old},`+oneRelease[1:])
	s.start()
	require.Equal(t, `{error,{eacces,"`+lib+`"}}`, s.ask(`{remove_release,"2"}`))
	require.Equal(t, "2:old 1:permanent | 2:old 1:permanent", s.statuses())
	require.Equal(t, `ok`, s.ask(`{set_removed,"2"}`))
	require.Equal(t, "1:permanent | 1:permanent", s.statuses())
	require.FileExists(t, filepath.Join(out, "demo-3/keep"))
	require.DirExists(t, filepath.Join(s.root, "releases/2"))
}

func TestOnlyRegularFilesOfLimitedSizeAreRead(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	require.NoError(t, syscall.Mkfifo(filepath.Join(s.root, "fifo"), 0o600))
	require.NoError(t, syscall.Mkfifo(filepath.Join(s.root, "releases/pack.tar.gz"), 0o600))
	s.put("large", "")
	require.NoError(t, os.Truncate(filepath.Join(s.root, "large"), 16<<20+1))
	for request, want := range map[string]string{
		`{install_file,"fifo","2"}`:  `{error,{einval,"fifo"}}`, // OTP would wait for somebody who writes
		`{set_unpacked,"fifo",[]}`:   `{error,{einval,"fifo"}}`,
		`{install_file,"large","2"}`: `{error,{efbig,"large"}}`,
		`{set_unpacked,"large",[]}`:  `{error,{efbig,"large"}}`,
		`{install_file,"lib","2"}`:   `{error,{eisdir,"lib"}}`,
		`{unpack_release,"pack"}`:    `{error,{no_such_file,"ROOT/releases/pack.tar.gz"}}`,
	} {
		require.Equal(t, want, s.ask(request), request)
	}
	require.NoError(t, os.Remove(filepath.Join(s.root, "releases/2/relup")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(s.root, "releases/2/relup"), 0o600))
	require.Equal(t, `{error,{einval,"ROOT/releases/2/relup"}}`, s.ask(`{install_release,"2",restart,[]}`))
}

func TestACopyAndAReplacementKeepThePermissionsOfTheFile(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.put("sys.config", "[].")
	for _, mode := range []os.FileMode{0o600, 0o640, 0o755} {
		require.NoError(t, os.Chmod(filepath.Join(s.root, "sys.config"), mode))
		require.NoError(t, os.Chmod(filepath.Join(s.root, "releases/RELEASES"), mode))
		require.Equal(t, `ok`, s.ask(`{install_file,"sys.config","2"}`))
		s.ask(`{install_release,"2",restart,[]}`)
		s.ask(`{make_permanent,"2"}`)
		for _, name := range []string{"releases/2/sys.config", "releases/RELEASES"} {
			info, err := os.Stat(filepath.Join(s.root, name))
			require.NoError(t, err)
			require.Equal(t, mode, info.Mode(), name)
		}
		s.ask(`{install_release,"1",restart,[]}`)
		s.ask(`{make_permanent,"1"}`)
	}
}

func TestOtherDirectoriesAreOpenedByTheConfiguration(t *testing.T) {
	s := newSite(t)
	out := outside(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(out, link))
	var err error
	s.h, err = releasehandler.New(releasehandler.Config{
		Host: s.w, Versions: s.w.Versions, Root: s.root, OtherDirs: []string{link}})
	require.NoError(t, err)
	for _, dir := range []string{out, link} {
		require.Equal(t, `{ok,"9"}`, s.ask(`{set_unpacked,"`+dir+`/far.rel",[{demo,"3","`+dir+`"}]}`))
		require.Equal(t, `ok`, s.ask(`{install_file,"`+dir+`/secret","9"}`))
		require.Equal(t, `ok`, s.ask(`{set_removed,"9"}`))
	}
	require.Equal(t, `{error,{eacces,"/dev/zero"}}`, s.ask(`{set_unpacked,"/dev/zero",[]}`))
}

// A RELEASES that OTP has written names its own applications where that is installed.
func TestWhatOTPItselfIsMadeOfMayBeOutside(t *testing.T) {
	s := newSite(t)
	out := outside(t)
	s.put("releases/RELEASES",
		`[{release,"rel","1","13.1.5",[{kernel,"8.5","`+out+`"},{demo,"1","`+out+`"}],permanent}].`)
	s.start()
	spec, _, err := s.h.Resource("kernel")
	require.NoError(t, err)
	require.Nil(t, spec)
	_, _, err = s.h.Resource("demo")
	require.ErrorContains(t, err, "eacces", "whose code the program has")
}

// The directory of RELEASES may be a link to another disk: the configuration names it, no peer does.
func TestTheDirectoryOfReleasesMayBeALink(t *testing.T) {
	s := newSite(t)
	real := filepath.Join(t.TempDir(), "releases")
	require.NoError(t, os.Rename(filepath.Join(s.root, "releases"), real))
	require.NoError(t, os.Symlink(real, filepath.Join(s.root, "releases")))
	s.start()
	require.Equal(t, `{ok,"2"}`, s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`))
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`))
	require.Equal(t, `ok`, s.ask(`{make_permanent,"2"}`))
	require.Equal(t, "2:permanent 1:old | 2:permanent 1:old", s.statuses())
}
