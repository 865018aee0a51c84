package releasehandler_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/releasehandler"
)

var someReleases = []releasehandler.Release{
	{Name: "calc", Vsn: "2", Erts: "13.1.5", Status: releasehandler.StatusCurrent,
		Libs: []codechange.Lib{{App: "kernel", Vsn: "8.5.3", Dir: "lib/kernel-8.5.3"},
			{App: "demo", Vsn: "2", Dir: "/opt/ünicode/demo-2"}}},
	{Name: "calc", Vsn: "1", Erts: "13.1.5", Status: releasehandler.StatusPermanent, Libs: []codechange.Lib{}},
}

func TestReleasesAreReadAsTheyWereWrittenButForTheCurrentOne(t *testing.T) {
	got, err := releasehandler.ParseReleases("RELEASES", releasehandler.FormatReleases(someReleases))
	require.NoError(t, err)
	want := append([]releasehandler.Release(nil), someReleases...)
	want[0].Status = releasehandler.StatusUnpacked
	require.Equal(t, want, got)
}

func TestReleasesThatOTPHasWrittenAreRead(t *testing.T) {
	// As OTP 25 wrote it for create_RELEASES with an atom for a directory, and for a node without RELEASES.
	got, err := releasehandler.ParseReleases("RELEASES", []byte(`%% coding: utf-8
[{release,"demorel","2",undefined,[{kernel,"8.5.3",'/usr/lib'},{"stdlib","4.2","d"}],tmp_current}].
`))
	require.NoError(t, err)
	require.Equal(t, []releasehandler.Release{{Name: "demorel", Vsn: "2", Status: "tmp_current", Libs: []codechange.Lib{
		{App: "kernel", Vsn: "8.5.3", Dir: "/usr/lib"}, {App: "stdlib", Vsn: "4.2", Dir: "d"}}}}, got)
}

func TestABrokenFileRELEASESIsRefusedWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		``:                                       "releasehandler: R: has 0 terms, not one",
		`[]. [].`:                                "releasehandler: R: has 2 terms, not one",
		`{}.`:                                    "releasehandler: R: is no list",
		`[x].`:                                   "releasehandler: R: element 1 is no release: x",
		`[{release,"a","1","2",[],odd}].`:        `releasehandler: R: element 1 is no release: {release,"a","1","2",[],odd}`,
		`[{release,"a","1","2",[{k,"1"}],old}].`: `releasehandler: R: element 1 is no release: {release,"a","1","2",[{k,"1"}],old}`,
		`[{release,a,"1","2",[],old}].`:          `releasehandler: R: element 1 is no release: {release,a,"1","2",[],old}`,
		`[{release,"a","1","2",x,old}].`:         `releasehandler: R: element 1 is no release: {release,"a","1","2",x,old}`,
		`[{release,"a","1","2",[{1,"1","d"}],old}].`:        `releasehandler: R: element 1 is no release: {release,"a","1","2",[{1,"1","d"}],old}`,
		`[{release,"a","1","2",[{k,"1",[-1]}],permanent}].`: `releasehandler: R: element 1 is no release: {release,"a","1","2",[{k,"1",[-1]}],permanent}`,
	} {
		_, err := releasehandler.ParseReleases("R", []byte(text))
		require.EqualError(t, err, want)
	}
	_, err := releasehandler.ParseReleases("R", []byte("[\n{release,]."))
	var syntax *etf.ParseError
	require.ErrorAs(t, err, &syntax)
	require.Equal(t, 2, syntax.Line)
	var broken *releasehandler.ReleasesError
	require.ErrorAs(t, err, &broken)
}

func FuzzParseReleases(f *testing.F) {
	f.Add(releasehandler.FormatReleases(someReleases))
	files, _ := filepath.Glob("../examples/upgrade/root/releases/RELEASES")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		releases, err := releasehandler.ParseReleases("RELEASES", text)
		if err != nil {
			return
		}
		again, err := releasehandler.ParseReleases("RELEASES", releasehandler.FormatReleases(releases))
		if err != nil || len(again) != len(releases) {
			t.Fatalf("%v: %v", releases, err)
		}
	})
}
