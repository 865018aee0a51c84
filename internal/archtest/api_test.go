package archtest

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/api.txt anew")

const golden = "testdata/api.txt"

// TestTheExportedAPIIsTheOneThatIsWrittenDown makes every change of the API one that somebody has seen.
func TestTheExportedAPIIsTheOneThatIsWrittenDown(t *testing.T) {
	got, err := API(os.DirFS("../.."))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "make api writes it")
	gone, added := differences(string(want), got), differences(got, string(want))
	if len(gone)+len(added) > 0 {
		t.Errorf("the exported API is not the one of internal/archtest/%s.\nGone:\n%s\nAdded:\n%s\n"+
			"If that is meant, run make api, commit the file, and tell users in CHANGELOG.md what to rename.",
			golden, strings.Join(gone, "\n"), strings.Join(added, "\n"))
	}
}

// differences returns the lines that a has and b lacks.
func differences(a, b string) []string {
	of := strings.Split(b, "\n")
	return slices.DeleteFunc(strings.Split(a, "\n"), func(line string) bool { return slices.Contains(of, line) })
}

func TestTheAPIIsWhatOthersCanName(t *testing.T) {
	got, err := API(fstest.MapFS{
		"a/a.go": file("package a\n\nconst (\n\tOne Kind = iota\n\ttwo\n)\n\nvar Err, err error\n\n" +
			"type Box[T any, L comparable] struct {\n\tPub, hid int\n\tb.Base\n}\n\n" +
			"type Doer interface{ Do(\n\tx int,\n) error }\n\ntype Kind int\n\ntype Alias = Kind\n\n" +
			"func (b *Box[T, L]) Get(x T) (L, error) { return 1, nil }\n\nfunc (b *hidden) Get() {}\n\n" +
			"func Of[T any](x T) Box[T, int] { return 0 }\n\nfunc hide() {}\n"),
		"a/a_test.go":       file("package a\n\nfunc OfTests() {}\n"),
		"a/internal/b/b.go": file("package b\n\nfunc Hidden() {}\n"),
		"examples/x/x.go":   file("package x\n\nfunc Hidden() {}\n"),
		"tools/x/x.go":      file("package main\n\nfunc Hidden() {}\n"),
	})
	require.NoError(t, err)
	require.Equal(t, `a: const One Kind
a: func (*Box[T, L]) Get(x T) (L, error)
a: func Of[T any](x T) Box[T, int]
a: member Box.Pub int
a: member Box.b.Base
a: member Doer.Do func( x int, ) error
a: type Alias = Kind
a: type Box[T, L] struct
a: type Doer interface
a: type Kind int
a: var Err error
`, got)
	require.Equal(t, []string{"x"}, differences("x\ny\n", "y\n"))
}
