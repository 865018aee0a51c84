package releasehandler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gonode-otp/gonode/releasehandler"
	"github.com/stretchr/testify/require"
)

func TestByHandCodeIsLoadedFromTheDirectoryOfItsVersion(t *testing.T) {
	s := newSite(t)
	require.Equal(t, `"ROOT"`, s.call("code:root_dir", `[]`))
	require.Equal(t, `"ROOT/lib/demo-1"`, s.call("code:lib_dir", `[demo]`))
	require.Equal(t, `{error,bad_name}`, s.call("code:lib_dir", `[other]`))
	require.Equal(t, `"ROOT/lib/demo-1/ebin/m1.beam"`, s.call("code:which", `[m1]`))
	require.Equal(t, `non_existing`, s.call("code:which", `[other]`))
	require.Equal(t, `{file,"ROOT/lib/demo-1/ebin/m1.beam"}`, s.call("code:is_loaded", `[m1]`))
	require.Equal(t, `false`, s.call("code:is_loaded", `["m1"]`))
	require.Equal(t, `true`, s.call("code:soft_purge", `[m1]`))
	require.Equal(t, `false`, s.call("code:purge", `[m1]`))
	for _, file := range []string{`"lib/demo-9/ebin/m1"`, `"lib/demo-2/m1"`, `"lib/demo-2/ebin/m9"`, `"m1"`,
		`"lib/demo/ebin/m1"`, `7`} {
		require.Equal(t, `{error,nofile}`, s.call("code:load_abs", `[`+file+`]`), file)
	}
	require.Equal(t, `{module,m1}`, s.call("code:load_abs", `["ROOT/lib/demo-2/ebin/m1"]`))
	require.Equal(t, `"ROOT/lib/demo-2/ebin/m1.beam"`, s.call("code:which", `[m1]`))
	require.Equal(t, "m1-1", s.runs(), "its state is of another schema")
	require.Equal(t, `false`, s.call("code:soft_purge", `[m1]`))
	require.Equal(t, `{module,m1}`, s.call("code:load_file", `[m1]`), "that of the running release")
	require.Equal(t, `true`, s.call("code:soft_purge", `[m1]`))
	require.Equal(t, `{error,nofile}`, s.call("code:load_file", `[other]`))
	s.call("code:load_abs", `["lib/demo-2/ebin/m1"]`)
	require.Equal(t, `true`, s.call("code:purge", `[m1]`), "who still runs the old version is killed")
	require.Nil(t, s.w.Find("a"))
}

// softly makes the way to release 2 one that only loads the module.
func (s *site) softly(purge string) {
	s.put("releases/2/relup", `{"2",[{"1","",[{load_object_code,{demo,"2",[m1]}},point_of_no_return,{load,{m1,brutal_purge,`+purge+`}}]}],[]}.`)
	s.ask(`{set_unpacked,"releases/2/rel.rel",[]}`)
	require.Equal(s.t, `{ok,"1",[]}`, s.ask(`{install_release,"2",restart,[]}`))
	require.Equal(s.t, "m1-1", s.runs(), "its state does not fit")
}

func TestWhatRunsOldCodeIsPurgedWithThePermanentRelease(t *testing.T) {
	s := newSite(t)
	s.softly("soft_purge")
	require.Equal(s.t, "ok", s.ask(`{make_permanent,"2"}`))
	require.Equal(t, "m1-1", s.runs(), "soft_purge lets it live")
	s = newSite(t)
	s.softly("brutal_purge")
	require.Equal(s.t, "{error,{old_processes,[{m1,[<0.100.0>]}]}}", s.ask(`{make_permanent,"2"}`))
	require.Equal(t, "m1-1", s.runs(), "nobody asked for its end")
	require.Equal(t, "2:current 1:permanent | 2:unpacked 1:permanent", s.statuses())
	require.NoError(t, s.h.MakePermanentAndPurge(t.Context(), "2"))
	require.Nil(t, s.w.Find("a"))
}

func TestAScriptOfOneApplicationIsExecutedWithoutARelease(t *testing.T) {
	s := newSite(t)
	s.put("lib/demo-2/ebin/demo.app", `{application,demo,[{vsn,"2"}]}.`)
	script := `[{load_object_code,{demo,"2",[m1]}},point_of_no_return,{suspend,[m1]},{load,{m1,brutal_purge,brutal_purge}},
		{code_change,up,[{m1,EXTRA}]},{resume,[m1]}]`
	fill := func(vsn, extra string) string {
		return `[demo,"` + vsn + `","ROOT/lib/demo-` + vsn + `",` + strings.ReplaceAll(script, "EXTRA", extra) + `]`
	}
	require.Equal(t, `throw: enoent`, s.call("release_handler:eval_appup_script", fill("7", "x")),
		"there is no such directory")
	require.Equal(t, `{'EXIT',{code_change_failed,<0.100.0>,m1,"1",{error,nope}}}`,
		s.call("release_handler:eval_appup_script", fill("2", "{error,a,nope}")))
	require.Equal(t, "m1-1", s.runs())
	require.Equal(t, `"ROOT/lib/demo-1/ebin/m1.beam"`, s.call("code:which", `[m1]`))
	require.Equal(t, `{ok,[]}`, s.call("release_handler:eval_appup_script", fill("2", "x")))
	require.Equal(t, "m1-2", s.runs())
	require.Equal(t, "1:permanent | 1:permanent", s.statuses(), "no release has changed")
	a, ok := s.h.LastAttempt()
	require.True(t, ok)
	require.Equal(t, "demo 1 2", string(a.App)+" "+a.From+" "+a.To)
	require.Equal(t, `error: badarg`, s.call("release_handler:eval_appup_script", `[demo,2,"d",[]]`))
	require.Equal(t, `[{<0.1.0>,a,<0.100.0>,[m1]}]`, s.call("release_handler_1:get_supervised_procs", `[]`))
}

func TestReleasesAreCreated(t *testing.T) {
	s := newSite(t)
	require.NoError(t, os.MkdirAll(filepath.Join(s.root, "new/releases"), 0o755))
	require.Equal(t, `ok`, s.call("release_handler:create_RELEASES", `["ROOT/new","releases/2/rel.rel"]`))
	text, err := os.ReadFile(filepath.Join(s.root, "new/releases/RELEASES"))
	require.NoError(t, err)
	releases, err := releasehandler.ParseReleases("RELEASES", text)
	require.NoError(t, err)
	require.Equal(t, releasehandler.StatusPermanent, releases[0].Status)
	require.Equal(t, filepath.Join(s.root, "new/lib/demo-2"), releases[0].Libs[1].Dir)
	require.Equal(t, `{error,enoent}`, s.call("release_handler:create_RELEASES", `["ROOT/none","releases/2/rel.rel"]`))
	require.Equal(t, `error: badarg`, s.call("release_handler:create_RELEASES", `[["ROOT/none"]]`))
	require.Equal(t, `error: badarg`, s.call("release_handler:create_RELEASES", `[1,2,3,4]`))
}
