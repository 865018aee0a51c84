package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageLinksWhatIsWrittenByHandAndLeavesItAlone(t *testing.T) {
	o := options{rounds: 5, ms: 700, page: t.TempDir(), load: "load average 0.10"}
	bounds := filepath.Join(o.page, "performance", "bounds.md")
	require.NoError(t, os.MkdirAll(filepath.Dir(bounds), 0o755))
	require.NoError(t, os.WriteFile(bounds, []byte("by hand"), 0o644))
	run := []figure{{1, "seq", beamNode, "rate", 100}, {1, "seq", goNode, "rate", 120}}
	r := results{targets: []target{beamTarget(), gonodeTarget(o)}, skipped: []string{"C was left out: no gcc"},
		figures: run,
		runs:    [][]figure{run, run, run},
		codec:   []figure{{1, "call", beamNode, "decode_ns", 900}, {1, "call", goNode, "decode_ns", 450}}}
	c := curve{ID: "size-mb_s", Title: "Echo", X: "bytes", BEAM: [][2]float64{{1, 2}, {10, 3}},
		Gonode: [][2]float64{{1, 2}, {10, 4}}, cause: "Copies."}
	require.NoError(t, writePage(t.Context(), o, r, []curve{c}))
	page, err := os.ReadFile(filepath.Join(o.page, "performance.md"))
	require.NoError(t, err)
	for _, part := range []string{
		"load average 0.10", "3 runs of 5 rounds of 700 ms", "-runs 3 -rounds 5 -growth -page docs`",
		"**BEAM**: an ordinary gen_server", "C was left out", "(performance/bounds.md)", "(performance/questions.md)",
		"| calls/s, 1 caller | ≥ 1.05 | ≥ 1.2 | 1.20 | 1.20 | 1.20 | met |",
		"| call decode | 0.90 | 0.45 | 0.50 (0.50-0.50) |",
		"![Echo](performance/size-mb_s.svg)\n\nNo knee. Copies.", "| 10 | 3.0 | 4.0 | 1.33 |",
	} {
		require.Contains(t, string(page), part)
	}
	require.NotContains(t, string(page), "decides nothing")
	require.Contains(t, inconclusive(options{rounds: 5, load: "load average 1.70"}), "decides nothing")
	require.Contains(t, inconclusive(options{rounds: 2, load: "load average 0.10"}), "decides nothing")
	kept, err := os.ReadFile(bounds)
	require.NoError(t, err)
	require.Equal(t, "by hand", string(kept))
	require.FileExists(t, filepath.Join(o.page, "performance", "size-mb_s.svg"))
}
