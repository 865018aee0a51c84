package codechange_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
)

var someReleases = []codechange.Release{
	{Name: "calc", Vsn: "2", Erts: "13.1.5", Status: codechange.Current,
		Libs: []codechange.Lib{{App: "kernel", Vsn: "8.5.3", Dir: "lib/kernel-8.5.3"},
			{App: "demo", Vsn: "2", Dir: "/opt/ünicode/demo-2"}}},
	{Name: "calc", Vsn: "1", Erts: "13.1.5", Status: codechange.Permanent, Libs: []codechange.Lib{}},
}

func TestReleasesAreReadAsTheyWereWrittenButForTheCurrentOne(t *testing.T) {
	got, err := codechange.ParseReleases("RELEASES", codechange.FormatReleases(someReleases))
	require.NoError(t, err)
	want := append([]codechange.Release(nil), someReleases...)
	want[0].Status = codechange.Unpacked
	require.Equal(t, want, got)
}

func TestReleasesThatOTPHasWrittenAreRead(t *testing.T) {
	// As OTP 25 wrote it for create_RELEASES with an atom for a directory, and for a node without RELEASES.
	got, err := codechange.ParseReleases("RELEASES", []byte(`%% coding: utf-8
[{release,"demorel","2",undefined,[{kernel,"8.5.3",'/usr/lib'},{"stdlib","4.2","d"}],tmp_current}].
`))
	require.NoError(t, err)
	require.Equal(t, []codechange.Release{{Name: "demorel", Vsn: "2", Status: "tmp_current", Libs: []codechange.Lib{
		{App: "kernel", Vsn: "8.5.3", Dir: "/usr/lib"}, {App: "stdlib", Vsn: "4.2", Dir: "d"}}}}, got)
}

func TestABrokenFileRELEASESIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "codechange: R: has 0 terms, not one",
		`[]. [].`:                                "codechange: R: has 2 terms, not one",
		`{}.`:                                    "codechange: R: is no list",
		`[x].`:                                   "codechange: R: element 1 is no release: x",
		`[{release,"a","1","2",[],odd}].`:        `codechange: R: element 1 is no release: {release,"a","1","2",[],odd}`,
		`[{release,"a","1","2",[{k,"1"}],old}].`: `codechange: R: element 1 is no release: {release,"a","1","2",[{k,"1"}],old}`,
		`[{release,a,"1","2",[],old}].`:          `codechange: R: element 1 is no release: {release,a,"1","2",[],old}`,
		`[{release,"a","1","2",x,old}].`:         `codechange: R: element 1 is no release: {release,"a","1","2",x,old}`,
		`[{release,"a","1","2",[{1,"1","d"}],old}].`:        `codechange: R: element 1 is no release: {release,"a","1","2",[{1,"1","d"}],old}`,
		`[{release,"a","1","2",[{k,"1",[-1]}],permanent}].`: `codechange: R: element 1 is no release: {release,"a","1","2",[{k,"1",[-1]}],permanent}`,
	} {
		_, err := codechange.ParseReleases("R", []byte(text))
		require.EqualError(t, err, want)
	}
	_, err := codechange.ParseReleases("R", []byte("[\n{release,]."))
	var syntax *etf.ParseError
	require.ErrorAs(t, err, &syntax)
	require.Equal(t, 2, syntax.Line)
	var broken *codechange.ReleasesError
	require.ErrorAs(t, err, &broken)
}

func FuzzParseReleases(f *testing.F) {
	f.Add(codechange.FormatReleases(someReleases))
	files, _ := filepath.Glob("../examples/upgrade/root/releases/RELEASES")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		releases, err := codechange.ParseReleases("RELEASES", text)
		if err != nil {
			return
		}
		again, err := codechange.ParseReleases("RELEASES", codechange.FormatReleases(releases))
		if err != nil || len(again) != len(releases) {
			t.Fatalf("%v: %v", releases, err)
		}
	})
}
