//go:build unix

package beam

import (
	"regexp"
	"strings"
)

// TranscriptStep is one exchange of a transcript: what the user types and what the shell prints.
type TranscriptStep struct {
	Input string
	Want  string // empty: any output matches
	Line  int    // of the input, counted from 1
}

// The prompts of a transcript. They accept any text between the parentheses, unlike the prompts of a running shell,
// because a manual writes "host" where a machine has a name.
var (
	transcriptPrompt = regexp.MustCompile(`^(?:(?:\([^()]*\))?\d+|iex\([^()]*\)\d*)> ?`)
	transcriptMore   = regexp.MustCompile(`^\.\.\.(?:\([^()]*\)\d*)?>? ?`)
)

// ParseTranscript reads a shell session as manuals print it. A line with a prompt of erl ("1> ", "(a@host)1> ") or of
// iex ("iex(1)> ") begins a step. The input of the step goes on with lines that begin with the continuation prompt of
// iex ("...(1)> "), and with lines up to the final dot of an Erlang expression. All other lines up to the next prompt
// are the expected output. Lines before the first prompt and lines that begin with "$ " are ignored.
func ParseTranscript(text string) []TranscriptStep {
	var steps []TranscriptStep
	open := false // the last input is an Erlang expression without its dot
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if strings.HasPrefix(line, "$ ") {
			continue
		}
		if at := transcriptPrompt.FindString(line); at != "" {
			input := line[len(at):]
			steps = append(steps, TranscriptStep{Input: input, Line: i + 1})
			open = !strings.HasPrefix(at, "iex") && !strings.HasSuffix(input, ".")
			continue
		}
		if len(steps) == 0 {
			continue
		}
		last := &steps[len(steps)-1]
		more := transcriptMore.FindString(line)
		switch {
		case open:
			last.Input += "\n" + line
			open = !strings.HasSuffix(line, ".")
		case strings.HasSuffix(strings.TrimSpace(more), ">"):
			last.Input += "\n" + line[len(more):]
		case last.Want == "":
			last.Want = line
		default:
			last.Want += "\n" + line
		}
	}
	for i := range steps {
		steps[i].Want = strings.TrimRight(steps[i].Want, "\n")
	}
	return steps
}

// Matches reports whether got is what the step wants. "..." in a wanted line stands for any text. A wanted line that is
// only "..." stands for any number of lines. Blanks at the ends of lines do not count.
func (s TranscriptStep) Matches(got string) bool {
	if s.Want == "" {
		return true
	}
	return wanted(s.Want).MatchString(trimLines(got))
}

func wanted(want string) *regexp.Regexp {
	var re strings.Builder
	re.WriteString(`\A`)
	between := "" // the text in front of the next line
	for line := range strings.SplitSeq(trimLines(want), "\n") {
		if strings.TrimSpace(line) != "..." {
			re.WriteString(between + strings.Join(quoted(line), `[^\n]*`))
			between = `\n`
		} else if between == "" {
			re.WriteString(`(?:[^\n]*(?:\n|\z))*`)
		} else {
			re.WriteString(`(?:\n[^\n]*)*`)
		}
	}
	re.WriteString(`\z`)
	return regexp.MustCompile(re.String())
}

// quoted returns the parts of a line between its dots.
func quoted(line string) []string {
	parts := strings.Split(line, "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return parts
}

func trimLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, " \t\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	return strings.Join(lines, "\n")
}

// Run types every step of the transcript and compares what the shell prints. A difference fails the test, and the next
// steps are typed all the same. [RenameNode] puts real names into the transcript of a manual.
func (s *Shell) Run(transcript string) {
	s.t.Helper()
	steps := ParseTranscript(transcript)
	if len(steps) == 0 {
		s.t.Fatal("the transcript has no line with a prompt")
	}
	for _, step := range steps {
		if got := s.Type(step.Input); !step.Matches(got) {
			s.t.Errorf("line %d of the transcript: %s\nprinted:\n%s\nshould print:\n%s",
				step.Line, step.Input, indent(got), indent(step.Want))
		}
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}
