package appup_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what happens into testdata")

// paragraph is a part of a text file in testdata: a title, and lines, of which those that are indented are what the
// ones before them bring about.
type paragraph struct {
	title       string
	says, shows []string
}

// paragraphs reads the files of a folder. play returns what the lines of a paragraph bring about; with -update the
// files get it.
func paragraphs(t *testing.T, pattern string, play func(t *testing.T, says []string) []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		var out strings.Builder
		for _, p := range readParagraphs(t, file) {
			t.Run(filepath.Base(file)+"/"+p.title, func(t *testing.T) {
				shows := play(t, p.says)
				if !*update {
					require.Equal(t, p.shows, shows)
				}
				out.WriteString("# " + p.title + "\n" + strings.Join(p.says, "\n") + "\n")
				for _, line := range shows {
					out.WriteString(shown + line + "\n")
				}
				out.WriteString("\n")
			})
		}
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644))
		}
	}
}

// shown begins a line that is an outcome.
const shown = "=> "

func readParagraphs(t *testing.T, file string) []*paragraph {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []*paragraph
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if title, ok := strings.CutPrefix(line, "# "); ok {
			all = append(all, &paragraph{title: title})
			continue
		}
		p := all[len(all)-1]
		if outcome, ok := strings.CutPrefix(line, shown); ok {
			p.shows = append(p.shows, outcome)
		} else if line != "" {
			p.says = append(p.says, line)
		}
	}
	return all
}
