package releasehandler_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/internal/fakehost"
	"github.com/gonode-otp/gonode/releasehandler"
)

// site is an installation in a directory, with a handler and a world.
type site struct {
	t    *testing.T
	root string
	w    *fakehost.Host
	h    *releasehandler.Handler
}

const oneRelease = `[{release,"rel","1","13.1.5",[{kernel,"8.5","lib/kernel-8.5"},{demo,"1","lib/demo-1"}],permanent}].`

func newSite(t *testing.T) *site {
	s := &site{t: t, root: t.TempDir()}
	s.put("releases/RELEASES", oneRelease)
	for _, vsn := range []string{"1", "2", "3"} {
		s.put("releases/"+vsn+"/rel.rel", fmt.Sprintf(`{release,{"rel",%q},{erts,"13.1.5"},[{kernel,"8.5"},{demo,%[1]q}]}.`,
			vsn))
		s.put("lib/demo-"+vsn+"/ebin/demo.app", fmt.Sprintf(`{application,demo,[{vsn,%q}]}.`, vsn))
	}
	s.put("releases/2/relup", `{"2",[{"1","one to two",[{load_object_code,{demo,"2",[m1]}},point_of_no_return,
		{suspend,[m1]},{load,{m1,brutal_purge,brutal_purge}},{code_change,up,[{m1,x}]},{resume,[m1]}]}],
		[{"1","two to one",[{load_object_code,{demo,"1",[m1]}},point_of_no_return,
		{suspend,[m1]},{code_change,down,[{m1,x}]},{load,{m1,brutal_purge,brutal_purge}},{resume,[m1]}]}]}.`)
	s.put("releases/3/relup", `{"3",[{"2","to three",[{load_object_code,{demo,"3",[m1]}},point_of_no_return,
		{suspend,[m1]},{load,{m1,brutal_purge,brutal_purge}},{code_change,up,[{m1,{error,a,nope}}]},{resume,[m1]}]}],[]}.`)
	s.start()
	return s
}

func (s *site) put(name, text string) {
	s.t.Helper()
	file := filepath.Join(s.root, name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(s.t, os.WriteFile(file, []byte(text), 0o644))
}

// start starts the handler anew, as with a new program.
func (s *site) start() {
	s.t.Helper()
	s.w = &fakehost.Host{}
	s.w.Link()
	var err error
	s.h, err = releasehandler.New(releasehandler.Config{Host: s.w, Versions: s.w.Versions, Root: s.root})
	require.NoError(s.t, err)
	s.t.Cleanup(s.w.Work.Wait)
	s.w.Start("a", s.w.Versions.Modules("m1")[0].Code, 5)
}

// ask makes a request and shows the answer, with ROOT for the directory.
func (s *site) ask(request string) string {
	s.t.Helper()
	reply, known := s.h.Request(s.t.Context(), parse(s.t, strings.ReplaceAll(request, "ROOT", s.root)))
	require.True(s.t, known, request)
	return strings.ReplaceAll(etf.Format(reply), s.root, "ROOT")
}

// statuses shows what which_releases tells and what is on disk.
func (s *site) statuses() string {
	s.t.Helper()
	show := func(releases []releasehandler.Release) string {
		var words []string
		for _, r := range releases {
			words = append(words, r.Vsn+":"+string(r.Status))
		}
		return strings.Join(words, " ")
	}
	text, err := os.ReadFile(filepath.Join(s.root, "releases/RELEASES"))
	require.NoError(s.t, err)
	disk, err := releasehandler.ParseReleases("RELEASES", text)
	require.NoError(s.t, err)
	return show(s.h.Releases()) + " | " + show(disk)
}

func (s *site) runs() string { return s.w.Versions.Of(s.w.Find("a").Code()).String() }

func TestAReleaseGoesThroughItsStatuses(t *testing.T) {
	s := newSite(t)
	require.Equal(t, "1:permanent | 1:permanent", s.statuses())
	require.Equal(t, "m1-1", s.runs())
	require.Equal(t, `{ok,"2"}`, s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`))
	require.Equal(t, "2:unpacked 1:permanent | 2:unpacked 1:permanent", s.statuses())
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{check_install_release,"2",false}`))
	require.Equal(t, "m1-1", s.runs(), "a check changes nothing")
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`))
	require.Equal(t, "m1-2", s.runs())
	require.Equal(t, "2:current 1:permanent | 2:unpacked 1:permanent", s.statuses(), "current is never on disk")
	require.Equal(t, `ok`, s.ask(`{make_permanent,"2"}`))
	require.Equal(t, `ok`, s.ask(`{make_permanent,"2"}`))
	require.Equal(t, "2:permanent 1:old | 2:permanent 1:old", s.statuses())
	data, err := os.ReadFile(filepath.Join(s.root, "releases/start_erl.data"))
	require.NoError(t, err)
	require.Equal(t, "13.1.5 2", string(data))
	s.start()
	require.Equal(t, "m1-2", s.runs(), "the permanent release runs after a restart")
	require.Equal(t, `{ok,"1","two to one"}`, s.ask(`{install_release,"1",restart,[]}`))
	require.Equal(t, "2:permanent 1:current | 2:permanent 1:old", s.statuses())
	require.Equal(t, "m1-1", s.runs())
	require.Equal(t, `{ok,"1","one to two"}`, s.ask(`{install_release,"2",restart,[]}`),
		"the permanent one stays that when it is installed")
	require.Equal(t, "2:permanent 1:old | 2:permanent 1:old", s.statuses())
	require.Equal(t, "m1-2", s.runs())
}

func TestWhatTheHandlerRefuses(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.put("file", "")
	s.put("two.rel", "a. b.")
	s.put("syntax.rel", "{")
	s.put("data.rel", "{release,x}.")
	s.put("dots.rel", `{release,{"rel","../9"},{erts,"1"},[]}.`)
	s.put("dirs.rel", `{release,{"rel","9"},{erts,"1"},[{demo,"3"}]}.`)
	s.put("x/demo-3", "")
	s.put("app.rel", `{release,{"rel","8"},{erts,"1"},[{demo,"7"}]}.`)
	require.Equal(t, `{ok,"8"}`, s.ask(`{set_unpacked,"ROOT/app.rel",[]}`))
	for request, want := range map[string]string{
		`{install_release,"7",restart,[]}`:                      `{error,{no_such_release,"7"}}`,
		`{install_release,seven,restart,[]}`:                    `{error,{no_such_release,seven}}`,
		`{install_release,"1",restart,[]}`:                      `{error,{enoent,"ROOT/releases/1/relup"}}`,
		`{install_release,"2",restart,[{busy,never}]}`:          `{error,{illegal_option,{busy,never}}}`,
		`{install_release,"2",restart,[{suspend_timeout,0}]}`:   `{error,{illegal_option,{suspend_timeout,0}}}`,
		`{install_release,"2",restart,[{suspend_timeout,1,2}]}`: `{error,{illegal_option,{suspend_timeout,1,2}}}`,
		`{install_release,"2",restart,[{canary,0}]}`:            `{error,{illegal_option,{canary,0}}}`,
		`{install_release,"2",restart,[x]}`:                     `{error,{illegal_option,x}}`,
		`{install_release,"2",restart,x}`:                       `{error,badarg}`,
		`{install_release,"8",restart,[]}`:                      `{error,{no_such_file,"ROOT/lib/demo-7"}}`,
		`{check_install_release,"8",false}`:                     `{error,{no_such_file,"ROOT/lib/demo-7"}}`,
		`{check_install_release,"7",false}`:                     `{error,{no_such_release,"7"}}`,
		`{make_permanent,"2"}`:                                  `{error,{bad_status,unpacked}}`,
		`{make_permanent,"7"}`:                                  `{error,{no_such_release,"7"}}`,
		`{reboot_old_release,"2"}`:                              `{error,{bad_status,unpacked}}`,
		`{reboot_old_release,"7"}`:                              `{error,{no_such_release,"7"}}`,
		`{remove_release,"1"}`:                                  `{error,{permanent,"1"}}`,
		`{remove_release,"7"}`:                                  `{error,{no_such_release,"7"}}`,
		`{set_removed,"1"}`:                                     `{error,{permanent,"1"}}`,
		`{set_removed,"7"}`:                                     `{error,{no_such_release,"7"}}`,
		`{install_file,"file","7"}`:                             `{error,{no_such_release,"7"}}`,
		`{install_file,"nofile","2"}`:                           `{error,{enoent,"nofile"}}`,
		`{install_file,nofile,"2"}`:                             `{error,badarg}`,
		`{set_unpacked,"releases/2/rel.rel",[]}`:                `{error,{existing_release,"2"}}`,
		`{set_unpacked,"no.rel",[]}`:                            `{error,{enoent,"no.rel"}}`,
		`{set_unpacked,"two.rel",[]}`:                           `{error,{bad_rel_file,"two.rel"}}`,
		`{set_unpacked,"syntax.rel",[]}`:                        `{error,{bad_rel_file,"syntax.rel"}}`,
		`{set_unpacked,"data.rel",[]}`:                          `{error,{bad_rel_data,{release,x}}}`,
		`{set_unpacked,"dots.rel",[]}`:                          `{error,{bad_rel_data,{release,{"rel","../9"},{erts,"1"},[]}}}`,
		`{set_unpacked,"dirs.rel",[{demo,"3","y"}]}`:            `{error,{no_such_directory,"y/demo-3"}}`,
		`{set_unpacked,"dirs.rel",[{demo,"3","x"}]}`:            `{error,{not_a_directory,"x/demo-3"}}`,
		`{set_unpacked,"dirs.rel",[demo]}`:                      `{error,badarg}`,
		`{unpack_release,"nothing"}`:                            `{error,{no_such_file,"ROOT/releases/nothing.tar.gz"}}`,
		`{unpack_release,"../file"}`:                            `{error,{no_such_file,"ROOT/file.tar.gz"}}`,
	} {
		require.Equal(t, want, s.ask(request), request)
	}
	require.Equal(t, "8:unpacked 2:unpacked 1:permanent | 8:unpacked 2:unpacked 1:permanent", s.statuses())
	_, known := s.h.Request(t.Context(), etf.Atom("what"))
	require.False(t, known)
	_, known = s.h.Request(t.Context(), etf.Tuple{etf.Atom("install_release"), etf.Charlist("2")})
	require.False(t, known)
}

func TestAFailedInstallationLeavesTheReleaseAndTheServers(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.ask(`{set_unpacked,"releases/3/rel.rel",[]}`)
	s.ask(`{install_release,"2",restart,[]}`)
	s.ask(`{make_permanent,"2"}`)
	before := s.statuses()
	require.Equal(t, `{error,{code_change_failed,<0.100.0>,m1,"2",{error,nope}}}`,
		s.ask(`{install_release,"3",restart,[]}`))
	require.Equal(t, before, s.statuses())
	require.Equal(t, "m1-2", s.runs())
}

func TestABrokenRelupIsRefused(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	for _, text := range []string{`{`, `a. b.`, `{"3",[],[]}.`, `{"2",x,[]}.`, `{"2",[{"1",[],x}],[]}.`, `{"2"}.`} {
		s.put("releases/2/relup", text)
		require.Equal(t, `{error,{bad_relup_file,"ROOT/releases/2/relup"}}`, s.ask(`{install_release,"2",restart,[]}`), text)
	}
	s.put("releases/2/relup", `{"2",[x],[]}.`)
	require.Equal(t, `{error,{enoent,"ROOT/releases/1/relup"}}`, s.ask(`{install_release,"2",restart,[]}`),
		"nor one for the way down")
	s.put("releases/1/relup", `{"1",[],[]}.`)
	require.Equal(t, `{error,{no_matching_relup,"2","1"}}`, s.ask(`{install_release,"2",restart,[]}`))
	require.Equal(t, `{error,{no_matching_relup,"2","1"}}`, s.ask(`{check_install_release,"2",false}`))
	require.NoError(t, os.Remove(filepath.Join(s.root, "releases/2/relup")))
	require.Equal(t, `{error,{no_matching_relup,"2","1"}}`, s.ask(`{install_release,"2",restart,[]}`))
	require.Equal(t, `{ok,"2",[]}`, s.ask(`{check_install_release,"2",false}`), "as OTP says without a relup")
	require.NoError(t, os.Mkdir(filepath.Join(s.root, "releases/2/relup"), 0o755))
	require.Equal(t, `{error,{eisdir,"ROOT/releases/2/relup"}}`, s.ask(`{install_release,"2",restart,[]}`))
}

func TestAnOldReleaseIsBroughtBackAndARunningOneCannotBeRemoved(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.ask(`{install_release,"2",restart,[]}`)
	require.Equal(t, `{error,{bad_status,current}}`, s.ask(`{remove_release,"2"}`))
	s.ask(`{make_permanent,"2"}`)
	require.Equal(t, "ok", s.ask(`{reboot_old_release,"1"}`))
	require.Equal(t, "2:old 1:permanent | 2:old 1:permanent", s.statuses())
	require.Equal(t, "m1-1", s.runs())
	require.Equal(t, "ok", s.ask(`{remove_release,"2"}`))
	require.NoDirExists(t, filepath.Join(s.root, "releases/2"))
	require.NoDirExists(t, filepath.Join(s.root, "lib/demo-2"))
	require.DirExists(t, filepath.Join(s.root, "lib/demo-1"))
	require.Equal(t, `{ok,"3"}`, s.ask(`{set_unpacked,"releases/3/rel.rel",[]}`))
	require.Equal(t, "ok", s.ask(`{set_removed,"3"}`))
	require.DirExists(t, filepath.Join(s.root, "lib/demo-3"))
}

func TestRollbackGoesBackToWhatRanBefore(t *testing.T) {
	s := newSite(t)
	_, err := s.h.Rollback(t.Context(), codechange.Options{})
	require.EqualError(t, err, "codechange: {bad_status,permanent}")
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.ask(`{install_release,"2",restart,[]}`)
	report, err := s.h.Rollback(t.Context(), codechange.Options{})
	require.NoError(t, err)
	require.Equal(t, "2 1 two to one", report.Transition.From+" "+report.Transition.To+" "+report.Transition.Description)
	require.Len(t, report.Processes, 1)
	require.Equal(t, "1", s.h.Running().Vsn)
}

func TestInstallFileCopiesIntoTheRelease(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.put("sys.config", "[].")
	require.Equal(t, "ok", s.ask(`{install_file,"sys.config","2"}`))
	require.Equal(t, "ok", s.ask(`{install_file,"ROOT/sys.config","2"}`))
	require.FileExists(t, filepath.Join(s.root, "releases/2/sys.config"))
	left, err := filepath.Glob(filepath.Join(s.root, "releases/2/*.new"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// pack makes a package of a release.
func (s *site) pack(name string, files map[string]string) {
	s.t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, file := range []string{"../evil", "/evil", "link", "lib/demo-3/ebin/demo.app", "releases/pack.rel",
		"releases/3/relup"} {
		text, ok := files[file]
		if !ok {
			continue
		}
		header := &tar.Header{Name: file, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}
		if file == "link" {
			header = &tar.Header{Name: file, Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}
			text = ""
		}
		require.NoError(s.t, w.WriteHeader(header))
		_, err := w.Write([]byte(text))
		require.NoError(s.t, err)
	}
	require.NoError(s.t, w.Close())
	require.NoError(s.t, z.Close())
	s.put("releases/"+name+".tar.gz", b.String())
}

func TestAPackageIsUnpackedAndOneThatFailsCanBeTriedAgain(t *testing.T) {
	s := newSite(t)
	require.NoError(t, os.RemoveAll(filepath.Join(s.root, "releases/3")))
	require.NoError(t, os.RemoveAll(filepath.Join(s.root, "lib/demo-3")))
	good := map[string]string{"lib/demo-3/ebin/demo.app": "x", "releases/3/relup": "y",
		"releases/pack.rel": `{release,{"rel","3"},{erts,"13.1.5"},[{demo,"3"}]}.`}
	for evil, want := range map[string]string{
		"../evil":           `{error,{cannot_extract_file,"../evil",eio}}`,
		"/evil":             `{error,{cannot_extract_file,"/evil",eio}}`,
		"link":              `{error,{cannot_extract_file,"link",eio}}`,
		"releases/pack.rel": `{error,{bad_rel_file,"ROOT/releases/pack.rel"}}`,
	} {
		files := map[string]string{}
		for name, text := range good {
			files[name] = text
		}
		files[evil] = "evil"
		s.pack("pack", files)
		require.Equal(t, want, s.ask(`{unpack_release,"pack"}`))
		require.NoDirExists(t, filepath.Join(s.root, "releases/3"), "nothing is left behind")
		require.NoDirExists(t, filepath.Join(s.root, "lib/demo-3"))
		require.FileExists(t, filepath.Join(s.root, "releases/pack.tar.gz"))
		require.NoFileExists(t, filepath.Join(filepath.Dir(s.root), "evil"))
	}
	s.put("releases/pack.tar.gz", "no package")
	require.Equal(t, `{error,{cannot_extract_file,"ROOT/releases/pack.tar.gz",eio}}`, s.ask(`{unpack_release,"pack"}`))
	s.pack("pack", good)
	require.Equal(t, `{ok,"3"}`, s.ask(`{unpack_release,"pack"}`))
	require.Equal(t, "3:unpacked 1:permanent | 3:unpacked 1:permanent", s.statuses())
	require.FileExists(t, filepath.Join(s.root, "releases/3/pack.rel"))
	require.NoFileExists(t, filepath.Join(s.root, "releases/pack.tar.gz"))
	require.NoFileExists(t, filepath.Join(s.root, "releases/pack.rel"))
	s.pack("pack", good)
	require.Equal(t, `{error,{existing_release,"3"}}`, s.ask(`{unpack_release,"pack"}`))
}

func TestAHandlerThatCannotWriteChangesNothing(t *testing.T) {
	s := newSite(t)
	require.NoError(t, os.Remove(filepath.Join(s.root, "releases/RELEASES")))
	require.NoError(t, os.Mkdir(filepath.Join(s.root, "releases/RELEASES"), 0o755))
	require.Equal(t, `{error,eexist}`, s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`))
	require.Len(t, s.h.Releases(), 1)
}

func TestTheHandlerStartsWithWhatIsThere(t *testing.T) {
	w := &fakehost.Host{}
	w.Link()
	root := t.TempDir()
	config := releasehandler.Config{Host: w, Versions: w.Versions, Root: root, Name: "mine", Vsn: "7"}
	h, err := releasehandler.New(config)
	require.NoError(t, err)
	require.Equal(t, []releasehandler.Release{{Name: "mine", Vsn: "7", Status: releasehandler.StatusPermanent,
		Libs: []codechange.Lib{{App: "demo", Vsn: "5", Dir: "lib/demo-5"}}}}, h.Releases())
	for text, want := range map[string]string{
		`[].`: "has no permanent release",
		`[{release,"r","9","1",[{demo,"9","d"}],permanent}].`: "codechange: demo-9: this version of the application is " +
			"not linked into the program",
		`{`: "RELEASES",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "releases"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, "releases/RELEASES"), []byte(text), 0o644))
		_, err := releasehandler.New(config)
		require.ErrorContains(t, err, want)
	}
}

func TestWhoeverWaitsForHisTurnMayGiveUp(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	s.w.Find("a").Deliver(driver.CallMessage(fakehost.Client, etf.Int(1), etf.Atom("block")))
	done := make(chan error)
	s.w.Work.Go(func() {
		_, err := s.h.Install(context.Background(), "2", codechange.Options{SuspendTimeout: genserv.Infinity})
		done <- err
	})
	require.Eventually(t, func() bool { return slices.Contains(s.w.TakeEvents(), "walk") }, waitLong, waitShort)
	ctx, cancel := context.WithTimeout(t.Context(), waitShort)
	err := s.h.MakePermanent(ctx, "1")
	cancel()
	s.w.Find("a").Free()
	require.NoError(t, <-done)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, s.h.MakePermanent(ctx, "1"), context.DeadlineExceeded)
	require.Equal(t, "m1-2", s.runs())
}

// call applies a function as an operator does, and shows the result.
func (s *site) call(name string, args string) string {
	s.t.Helper()
	list := parse(s.t, strings.ReplaceAll(args, "ROOT", s.root)).(etf.List)
	for _, f := range s.h.Functions() {
		if string(f.Module)+":"+string(f.Name) == name && f.Arity == len(list) {
			result, err := f.Call(s.t.Context(), list)
			if err != nil {
				return err.Error()
			}
			return strings.ReplaceAll(etf.Format(result), s.root, "ROOT")
		}
	}
	return "undef"
}

func TestOperatorsHaveTheFunctionsOfOTP(t *testing.T) {
	s := newSite(t)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	call := s.call
	require.Equal(t, `[{"rel","2",["kernel-8.5","demo-2"],unpacked}]`,
		call("release_handler:which_releases", "[unpacked]"))
	require.Equal(t, `{ok,"1","one to two"}`, call("release_handler:check_install_release", `["2"]`))
	require.Equal(t, `{ok,"1","one to two"}`, call("release_handler:check_install_release", `["2",[purge]]`))
	require.Equal(t, `{error,{illegal_option,other}}`, call("release_handler:check_install_release", `["2",[other]]`))
	require.Equal(t, `{error,badarg}`, call("release_handler:check_install_release", `["2",x]`))
	require.Equal(t, `{error,{no_such_release,"9"}}`, call("release_handler:install_file", `["9","file"]`))
	require.Equal(t, `{ok,"1","one to two"}`, call("release_handler:install_release",
		`["2",[{canary,1,0},{busy,skip},{resume,late},{update_paths,true},{error_action,reboot}]]`))
	require.Equal(t, `{ok,[]}`, call("release_handler_1:eval_script", `[[]]`))
	require.Equal(t, `{ok,[]}`, call("release_handler_1:eval_script",
		`[[{load_object_code,{demo,"3",[m2]}},point_of_no_return,{load,{m2,brutal_purge,brutal_purge}}],[],[{demo,"3","lib/demo-3"}],[],[]]`))
	require.Equal(t, `{error,{bad_lib_vsn,demo,"3"}}`, call("release_handler_1:eval_script",
		`[[{load_object_code,{demo,"2",[m2]}},point_of_no_return],[],[{demo,"3","lib/demo-3"}],[],[]]`))
	require.Equal(t, `error: badarg`, call("release_handler_1:eval_script", `[x]`))
	require.Equal(t, `error: badarg`, call("release_handler_1:eval_script", `[[],[],x,[],[]]`))
}
