//go:build unix

package beam_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/gonodetest/beam"
)

func TestATranscriptIsReadInSteps(t *testing.T) {
	steps := beam.ParseTranscript(`Some words before.

$ erl -sname a
Eshell V13.1.5
(a@host)1> X = 1.
1
(a@host)2> foo(
  1,
  2).
** exception error: undefined shell command foo/2

3> [a,
b].
[a,
 b]
$ iex --sname b
iex(b@host)1> if true do
...(b@host)1>   ...
...(b@host)1> end
:one
iex(2)> ...
iex(3)> :x
`)
	require.Equal(t, []beam.TranscriptStep{
		{Line: 5, Input: "X = 1.", Want: "1"},
		{Line: 7, Input: "foo(\n  1,\n  2).", Want: "** exception error: undefined shell command foo/2"},
		{Line: 12, Input: "[a,\nb].", Want: "[a,\n b]"},
		{Line: 17, Input: "if true do\n  ...\nend", Want: ":one"},
		{Line: 21, Input: "..."},
		{Line: 22, Input: ":x"},
	}, steps)
	require.Empty(t, beam.ParseTranscript("no prompt\n"))
}

func TestDotsInATranscriptStandForAnything(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"pong", "pong", true},
		{"pong", "pong \n", true},
		{"pong", "pang", false},
		{"pong", "pong\nmore", false},
		{"", "whatever", true},
		{"{...,b}", "{a,b}", true},
		{"{...,b}", "{a,\nb}", false},
		{"a\n...", "a", true},
		{"a\n...", "a\nb\nc", true},
		{"a\n...\nd", "a\nd", true},
		{"a\n...\nd", "a\nb\nc\nd", true},
		{"a\n...\nd", "a\nb\nc", false},
		{"...\nd", "b\nc\nd", true},
		{"...\nd", "d", true},
		{"...\nd", "bd", false},
		{"...", "a\nb", true},
		{"...", "", true},
		{"a.c", "abc", false},
	} {
		assert.Equal(t, c.ok, beam.TranscriptStep{Want: c.want}.Matches(c.got), "want %q, got %q", c.want, c.got)
	}
}

func TestANodeOfATranscriptIsRenamedAsTheShellPrintsIt(t *testing.T) {
	const manual = `['go@host'] [:"go@host", "go@host": 1] go@host`
	require.Equal(t, `[go@vm] [:go@vm, go@vm: 1] go@vm`, beam.RenameNode(manual, "go@host", "go@vm"))
	require.Equal(t, `['go@my-vm'] [:"go@my-vm", "go@my-vm": 1] go@my-vm`,
		beam.RenameNode(manual, "go@host", "go@my-vm"))

	e := beam.StartErl(t, beam.WithoutDist())
	var x *beam.Node
	if withElixir() {
		x = beam.StartElixir(t, beam.WithoutDist())
	}
	for _, name := range []string{"a@b", "a_1@B9", "a@b-c", "a@b.c", "9@b"} {
		got := beam.RenameNode(`'N'`, "N", name)
		require.Equal(t, got, e.Eval(t, "'"+name+"'."))
		if x != nil {
			got = beam.RenameNode(`{:"N", ["N": 1]}`, "N", name)
			require.Equal(t, got, x.Eval(t, `{:"`+name+`", ["`+name+`": 1]}`))
		}
	}
}
