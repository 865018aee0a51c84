package appup_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

// The first line of a paragraph in testdata/check is the name of a file, the others are the file; lines count from
// there.
func TestCheck(t *testing.T) {
	paragraphs(t, "check/*.txt", func(t *testing.T, says []string) []string {
		findings, err := appup.Check(says[0], []byte(strings.Join(says[1:], "\n")+"\n"))
		require.NoError(t, err)
		var shows []string
		for _, f := range findings {
			require.NotNil(t, f.Reason)
			shows = append(shows, f.Error())
		}
		if shows == nil {
			shows = []string{"nothing"}
		}
		return shows
	})
}

func TestCheckNeedsANameThatTellsTheKind(t *testing.T) {
	_, err := appup.Check("lib/x.erl", nil)
	require.EqualError(t, err, "lib/x.erl is none of Name.app, Name.appup, Name.rel and relup")
	for _, name := range []string{"relup", "a/relup", `a\relup`, "x.relup", "x.app", "x.appup", "x.rel"} {
		findings, err := appup.Check(name, []byte("{a,"))
		require.NoError(t, err, name)
		require.Len(t, findings, 1, name)
		require.Equal(t, 1, findings[0].Line)
	}
}

func TestAFileErrorHasAllFindings(t *testing.T) {
	_, err := appup.ParseAppup("m.appup", []byte(`{"2", [{"1", [{update, 1}, {load_module, m, x}]}], []}.`))
	var refused *appup.FileError
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Findings, 2)
	var first *appup.Finding
	require.True(t, errors.As(err, &first))
	require.Equal(t, etf.Term(etf.Tuple{etf.Atom("bad_module"), etf.Int(1)}), first.Reason)
	require.Equal(t, 2, strings.Count(err.Error()+"\n", "\n"))
}

func TestVersionsFitAsInSystools(t *testing.T) {
	for _, c := range []struct {
		expr, vsn string
		fits      bool
	}{
		{`1\.4`, "1.4", true}, {`1\.4`, "1.4.7", false}, {`1\.4`, "21.4", false}, {`1|1\.4`, "1.4", false},
		{`1\.4|1`, "1.4", true},
		{`1\.[0-9]+(\.[0-9]+)*`, "1.12.3", true}, {`^1\.4$`, "1.4", true}, {`.*`, "", true}, {``, "", true},
		{``, "1", false}, {`1.`, "1ä", true},
		{`.*?`, "12", false}, {`\d+?$`, "12", true},
	} {
		v, err := appup.NewPattern(c.expr)
		require.NoError(t, err)
		require.Equal(t, c.fits, v.Fits(c.vsn), "%s and %s", c.expr, c.vsn)
	}
	_, err := appup.NewPattern("(")
	require.ErrorContains(t, err, "cannot be used")
	_, err = appup.NewPattern("\xff")
	require.ErrorContains(t, err, "is not UTF-8")
}

func TestFindTakesTheFirstEntryThatFits(t *testing.T) {
	a, err := appup.ParseAppup("m.appup",
		[]byte(`{"2", [{<<"1\\..*">>, [restart_emulator]}, {"2", []}, {<<".*">>, [{apply,{m,f,[]}}]}], []}.`))
	require.NoError(t, err)
	for vsn, want := range map[string]string{"1.4": "[restart_emulator]", "2": "[]", "3": "[{apply,{m,f,[]}}]"} {
		s, found := appup.Find(a.Up, vsn)
		require.True(t, found)
		require.Equal(t, want, etf.Format(s.Terms()))
	}
	_, found := appup.Find(a.Down, "1")
	require.False(t, found)
}

func TestInstructionsInEveryForm(t *testing.T) {
	for text, full := range map[string]string{
		"{update,m}":                                  "{update,m,dynamic,default,soft,brutal_purge,brutal_purge,[]}",
		"{update,m,supervisor}":                       "{update,m,static,default,{advanced,[]},brutal_purge,brutal_purge,[]}",
		"{update,m,soft}":                             "{update,m,dynamic,default,soft,brutal_purge,brutal_purge,[]}",
		"{update,m,{advanced,x}}":                     "{update,m,dynamic,default,{advanced,x},brutal_purge,brutal_purge,[]}",
		"{update,m,[n]}":                              "{update,m,dynamic,default,soft,brutal_purge,brutal_purge,[n]}",
		"{update,m,soft,[n]}":                         "{update,m,dynamic,default,soft,brutal_purge,brutal_purge,[n]}",
		"{update,m,soft,soft_purge,soft_purge,[n]}":   "{update,m,dynamic,default,soft,soft_purge,soft_purge,[n]}",
		"{update,m,5,soft,soft_purge,soft_purge,[n]}": "{update,m,dynamic,5,soft,soft_purge,soft_purge,[n]}",
		"{update,m,static,infinity,{advanced,1},soft_purge,brutal_purge,[]}": "{update,m,static,infinity,{advanced,1},soft_purge,brutal_purge,[]}",
		"{load_module,m}":                           "{load_module,m,brutal_purge,brutal_purge,[]}",
		"{load_module,m,[n]}":                       "{load_module,m,brutal_purge,brutal_purge,[n]}",
		"{load_module,m,soft_purge,soft_purge,[n]}": "{load_module,m,soft_purge,soft_purge,[n]}",
		"{add_module,m}":                            "{add_module,m,[]}",
		"{add_module,m,[n]}":                        "{add_module,m,[n]}",
		"{delete_module,m}":                         "{delete_module,m,[]}",
		"{delete_module,m,[n]}":                     "{delete_module,m,[n]}",
		"{add_application,a}":                       "{add_application,a,permanent}",
		"{add_application,a,load}":                  "{add_application,a,load}",
		"{remove_application,a}":                    "{remove_application,a}",
		"{restart_application,a}":                   "{restart_application,a}",
		`{load_object_code,{a,"1",[m,n]}}`:          `{load_object_code,{a,"1",[m,n]}}`,
		"{load,{m,soft_purge,brutal_purge}}":        "{load,{m,soft_purge,brutal_purge}}",
		"{remove,{m,soft_purge,brutal_purge}}":      "{remove,{m,soft_purge,brutal_purge}}",
		"{purge,[m]}":                               "{purge,[m]}",
		"{suspend,[m,{n,5},{o,default}]}":           "{suspend,[m,{n,5},o]}",
		"{resume,[m]}":                              "{resume,[m]}",
		"{code_change,[{m,x}]}":                     "{code_change,up,[{m,x}]}",
		"{code_change,up,[]}":                       "{code_change,up,[]}",
		"{code_change,down,[{m,x}]}":                "{code_change,down,[{m,x}]}",
		"{stop,[m]}":                                "{stop,[m]}",
		"{start,[m]}":                               "{start,[m]}",
		"{sync_nodes,{any,1},[n@h]}":                "{sync_nodes,{any,1},[n@h]}",
		"{sync_nodes,id,{m,f,[]}}":                  "{sync_nodes,id,{m,f,[]}}",
		"{apply,{m,f,[x]}}":                         "{apply,{m,f,[x]}}",
		"{apply,{m,f,[x]},{undo,{m,g,[]}}}":         "{apply,{m,f,[x]},{undo,{m,g,[]}}}",
		"point_of_no_return":                        "point_of_no_return",
		"restart_new_emulator":                      "restart_new_emulator",
		"restart_emulator":                          "restart_emulator",
		"restart":                                   "restart",
		"reboot":                                    "reboot",
	} {
		term, err := etf.Parse(text)
		require.NoError(t, err)
		i, err := appup.ParseInstruction(term)
		require.NoError(t, err, text)
		require.Equal(t, full, etf.Format(i.Term()))
		again, err := appup.ParseInstruction(i.Term())
		require.NoError(t, err, text)
		require.Equal(t, i, again)
		word := strings.Trim(strings.Split(text, ",")[0], "{")
		high := slices.Contains(strings.Fields("update load_module add_module delete_module add_application "+
			"remove_application restart_application restart reboot"), word)
		require.Equal(t, !high, appup.LowLevel(i), text)
	}
}

func TestWhatIsNoInstruction(t *testing.T) {
	for text, reason := range map[string]string{
		"{update,m,supervisor,[n]}":          "{bad_instruction,{update,m,supervisor,[n]}}",
		"{update,m,hard}":                    "{bad_instruction,{update,m,hard}}",
		"{update,m,{hard,x}}":                "{bad_change,{hard,x}}",
		"{update,m,0,soft,x,y,[]}":           "{bad_timeout,0}",
		"{update,m,odd,5,soft,x,y,[]}":       "{bad_mod_type,odd}",
		"{load_module,m,soft_purge,hard,[]}": "{bad_purge_method,hard}",
		"{load_module,m,soft_purge}":         "{bad_instruction,{load_module,m,soft_purge}}",
		"{add_module,m,n}":                   "{bad_list,n}",
		"{add_module,m,[n|o]}":               "{function_clause,[]}",
		"{add_application,a,now}":            "{bad_start_type,now}",
		"{remove_application,\"a\"}":         "{bad_application,\"a\"}",
		"{load_object_code,{1,\"1\",[]}}":    "{bad_lib,1}",
		"{load_object_code,{a,1,[]}}":        "{bad_lib_vsn,1}",
		"{load_object_code,{a,[x],[]}}":      "{bad_instruction,{load_object_code,{a,[x],[]}}}",
		"{load,m}":                           "{bad_instruction,{load,m}}",
		"{suspend,[{m,-1}]}":                 "{bad_timeout,-1}",
		"{code_change,[m]}":                  "{bad_code_change,m}",
		"{code_change,sideways,[m]}":         "{bad_mode,sideways}",
		"{code_change,sideways,m}":           "{bad_list,m}",
		"{sync_nodes,1,[1]}":                 "{bad_node,1}",
		"{sync_nodes,1,{m,1,[]}}":            "{bad_func,1}",
		"{apply,{m,f,a}}":                    "{bad_args_list,a}",
		"{apply,{m,f,[]},{undo,{m,f}}}":      "{bad_instruction,{apply,{m,f,[]},{undo,{m,f}}}}",
		"mnesia_backup":                      "{not_yet_implemented,mnesia_backup}",
		"point_of_no_returns":                "{bad_instruction,point_of_no_returns}",
		"[{load_module,m}]":                  "{bad_instruction,[{load_module,m}]}",
		"{}":                                 "{bad_instruction,{}}",
		"{1,2}":                              "{bad_instruction,{1,2}}",
		"17":                                 "{bad_instruction,17}",
	} {
		term, err := etf.Parse(text)
		require.NoError(t, err)
		_, err = appup.ParseInstruction(term)
		var first *appup.Finding
		require.ErrorAs(t, err, &first, text)
		require.Equal(t, reason, etf.Format(first.Reason))
	}
}

// The first line of a paragraph in testdata/beside is the file a.app, the others are a.appup beside it.
func TestAnAppupIsComparedWithTheAppBesideIt(t *testing.T) {
	paragraphs(t, "beside/*.txt", func(t *testing.T, says []string) []string {
		files := fstest.MapFS{"ebin/a.app": {Data: []byte(says[0])},
			"ebin/a.appup": {Data: []byte(strings.Join(says[1:], "\n") + "\n")}}
		findings, err := appup.CheckFile(files, "ebin/a.appup")
		require.NoError(t, err)
		shows := []string{}
		for _, f := range findings {
			require.NotNil(t, f.Reason)
			shows = append(shows, f.Error())
		}
		if len(shows) == 0 {
			shows = []string{"nothing"}
		}
		return shows
	})
	_, err := appup.CheckFile(fstest.MapFS{}, "ebin/a.appup")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
