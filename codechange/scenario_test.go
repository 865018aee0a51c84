package codechange_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/codechange"
	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/genserv/driver"
	"github.com/gonode-otp/gonode/internal/fakehost"
)

var update = flag.Bool("update", false, "write what happens into testdata/*.txt")

// scenario is a part of a file in testdata: a title, and steps with what they bring about.
//
//	# An update suspends, loads, changes and resumes
//	release 1
//	start a m1 5
//	run 2 {suspend,[m1]} {load,...} ...
//	  a suspend
//	  ...
//	  => {ok,[]}
//
// The steps:
//
//	release Vsn            the modules of demo-Vsn are current
//	start Name Module N    a server with N for its number; modules of its child specification may follow
//	call Name Request      a call; add counts, block stays until free, stop ends the server
//	free Name              lets a blocked server go on
//	options Term           for the scripts that follow, as install_release takes them, and more
//	run Vsn Instruction... executes a script that leads to demo-Vsn; the lines that follow it, up to one that begins with
//	                       =>, are what happens
//	rehearse Vsn Instr...  the same without changing anything
//	born Name Module N     when test:zero is applied, a server is started as by start
//	later Function Name    when test:Function is applied, the server Name gets a call of add
type scenario struct {
	title string
	steps []*step
}

type step struct {
	text   string
	events []string
}

func readScenarios(t *testing.T, file string) []*scenario {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var all []*scenario
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "# "):
			all = append(all, &scenario{title: line[2:]})
		case strings.HasPrefix(line, "    "): // a long step goes on
			steps := all[len(all)-1].steps
			steps[len(steps)-1].text += "\n" + line
		case strings.HasPrefix(line, "  "):
			steps := all[len(all)-1].steps
			steps[len(steps)-1].events = append(steps[len(steps)-1].events, line[2:])
		case line != "":
			s := all[len(all)-1]
			s.steps = append(s.steps, &step{text: line})
		}
	}
	return all
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		var out strings.Builder
		for _, s := range readScenarios(t, file) {
			fmt.Fprintf(&out, "# %s\n", s.title)
			t.Run(filepath.Base(file)+"/"+s.title, func(t *testing.T) { s.play(t, &out) })
			out.WriteString("\n")
		}
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644))
		}
	}
}

func (s *scenario) play(t *testing.T, out *strings.Builder) {
	p := &player{t: t, w: &fakehost.Host{}}
	p.w.Link()
	defer p.w.Work.Wait()
	for _, step := range s.steps {
		events := p.do(step.text)
		fmt.Fprintln(out, step.text)
		for _, e := range events {
			fmt.Fprintln(out, "  "+e)
		}
		if !*update {
			require.Equal(t, step.events, events, "%s\n%s", s.title, step.text)
		}
	}
}

type player struct {
	t       *testing.T
	w       *fakehost.Host
	options codechange.Options
}

func (p *player) do(text string) []string {
	verb, rest, _ := strings.Cut(text, " ")
	words := strings.Fields(rest)
	switch verb {
	case "release":
		require.NoError(p.t, p.w.Versions.CodeServer().Boot([]codechange.AppVsn{{App: "demo", Vsn: words[0]}}))
	case "start":
		p.start(words)
	case "call":
		p.w.Find(etf.Atom(words[0])).Deliver(driver.CallMessage(fakehost.Client, etf.Int(1), etf.Atom(words[1])))
	case "free":
		p.w.Find(etf.Atom(words[0])).Free()
	case "options":
		p.setOptions(rest)
	case "later":
		p.w.OnApply = func(function etf.Atom, _ etf.List) {
			if string(function) == words[0] {
				p.w.Find(etf.Atom(words[1])).Deliver(driver.CallMessage(fakehost.Client, etf.Int(1), etf.Atom("add")))
			}
		}
	case "spawn":
		p.w.OnWalk = func() {
			p.w.OnWalk = nil
			p.start(words)
		}
	case "born":
		p.w.OnApply = func(function etf.Atom, _ etf.List) {
			if function == "zero" {
				p.start(words)
			}
		}
	case "restarts":
		p.w.Restarts = true
	case "unsync":
		p.w.SyncErr = &codechange.Error{Reason: parse(p.t, rest)}
	case "run":
		p.run(words[0], strings.TrimPrefix(rest, words[0]), codechange.Run)
	case "rehearse":
		p.run(words[0], strings.TrimPrefix(rest, words[0]), codechange.Rehearse)
	default:
		p.t.Fatalf("unknown step %q", text)
	}
	return p.w.TakeEvents()
}

func (p *player) start(words []string) {
	var mods []etf.Atom
	for _, m := range words[3:] {
		mods = append(mods, etf.Atom(m))
	}
	var n int
	_, _ = fmt.Sscan(words[2], &n)
	p.w.Start(etf.Atom(words[0]), p.w.Versions.Modules(etf.Atom(words[1]))[0].Code, n, mods...)
}

func parse(t *testing.T, text string) etf.Term {
	term, err := etf.Parse(text)
	require.NoError(t, err, text)
	return term
}

func (p *player) setOptions(text string) {
	p.options = codechange.Options{}
	for _, o := range parse(p.t, text).(etf.List) {
		switch pair := o.(etf.Tuple); pair[0] {
		case etf.Atom("suspend_timeout"):
			p.options.SuspendTimeout = time.Duration(pair[1].(etf.Int)) * time.Millisecond
		case etf.Atom("undo_timeout"):
			p.options.UndoTimeout = time.Duration(pair[1].(etf.Int)) * time.Millisecond
		case etf.Atom("code_change_timeout"):
			p.options.CodeChangeTimeout = time.Duration(pair[1].(etf.Int)) * time.Millisecond
		case etf.Atom("busy"):
			p.options.Busy = map[etf.Term]codechange.BusyPolicy{etf.Atom("fail"): codechange.BusyFail,
				etf.Atom("skip"): codechange.BusySkip, etf.Atom("wait"): codechange.BusyWait}[pair[1]]
		case etf.Atom("resume"):
			p.options.Resume = codechange.ResumeInPlace
		case etf.Atom("canary"):
			p.options.Canary = codechange.Canary{Count: int(pair[1].(etf.Int)), Watch: time.Millisecond}
		}
	}
}

var stack = regexp.MustCompile(`\[\{'github.*?\}\]\}\]`)

type runner func(context.Context, codechange.Host, *codechange.Versions, codechange.Script,
	codechange.Options) (*codechange.Report, error)

func (p *player) run(vsn, script string, run runner) {
	instructions := parse(p.t, "["+script+"]").(etf.List)
	libs := []codechange.Lib{{App: "demo", Vsn: vsn, Dir: "/lib/demo-" + vsn}}
	report, err := run(context.Background(), p.w, p.w.Versions,
		codechange.Script{Instructions: instructions, Libs: libs}, p.options)
	for _, s := range report.Processes {
		line := fmt.Sprintf("- %s %s %s->%s %s", s.Name, s.Module, s.From, s.To, s.Outcome)
		if s.Reason != "" {
			line += ": " + s.Reason
		}
		if s.Undone != "" {
			line += ", undone: " + string(s.Undone)
		}
		p.w.Note("%s", stack.ReplaceAllString(line, "Stack"))
	}
	for _, l := range report.Left {
		p.w.Note("- not undone: %s", l)
	}
	for _, l := range report.NotUndone {
		p.w.Note("- could not be undone: %s", l)
	}
	if err == nil {
		p.w.Note("=> {ok,%s}", etf.Format(unpurged(report)))
		return
	}
	var failed *codechange.Error
	require.ErrorAs(p.t, err, &failed)
	require.Equal(p.t, !report.Rehearsed, report.Undone)
	p.w.Note("=> %s", stack.ReplaceAllString(etf.Format(failed.Term()), "Stack"))
}

func unpurged(r *codechange.Report) etf.Term {
	list := etf.List{}
	for _, u := range r.Unpurged {
		list = append(list, etf.Tuple{u.Module, u.Purge})
	}
	return list
}
