package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gonode-otp/gonode/appup"
	"github.com/gonode-otp/gonode/etf"
)

func newRelup(o *options) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "relup",
		Short:   "Make the file by which a release is upgraded",
		Example: "  gonode relup make b.rel --up-from a.rel --down-to a.rel --path 'lib/*/ebin'",
		RunE:    runNoCommand,
	}
	cmd.AddCommand(newRelupMake(o))
	return cmd
}

// listFlag collects the values of a flag. The flag may be repeated, and each one may be followed by further values.
type listFlag struct {
	cmd    *cobra.Command
	seen   *[]listed // all such flags of the command, in the order of the command line
	values []string
}

type listed struct {
	flag *listFlag
	at   int // how many words without a flag come before it
}

func (l *listFlag) String() string { return strings.Join(l.values, " ") }
func (l *listFlag) Type() string   { return "file" }

func (l *listFlag) Set(value string) error {
	l.values = append(l.values, value)
	*l.seen = append(*l.seen, listed{l, l.cmd.Flags().NArg()})
	return nil
}

// relupFlags are the flags of relup make.
type relupFlags struct {
	seen              []listed
	up, down, path    *listFlag
	restart, asErrors bool
	result            bool
	outdir            string
	newRel            string
	coverage          coverageFlags
	program           appup.Program
}

func (f *relupFlags) list(cmd *cobra.Command, name, usage string) *listFlag {
	l := &listFlag{cmd: cmd, seen: &f.seen}
	cmd.Flags().Var(l, name, usage)
	return l
}

// words assigns the words after the first to the flags that they follow.
func (f *relupFlags) words(args []string) error {
	f.newRel = args[0]
	for i, word := range args[1:] {
		var last *listFlag
		for _, s := range f.seen {
			if s.at <= i+1 {
				last = s.flag
			}
		}
		if last == nil {
			return usagef("%q follows no flag that takes files", word)
		}
		last.values = append(last.values, word)
	}
	return nil
}

func newRelupMake(o *options) *cobra.Command {
	f := &relupFlags{}
	cmd := &cobra.Command{
		Use:   "make NEW.rel [--up-from OLD.rel]... [--down-to OLD.rel]...",
		Short: "Make a relup out of .rel, .app and .appup files, as systools:make_relup does",
		Long: `Make the relup of the ways between releases out of .rel, .app and .appup files, as systools:make_relup does,
and print it or write it into a directory. The suffix .rel may be left out. Several old releases come out in the
reverse order, as in OTP.

A release may have a description, which is kept in the relup: OLD.rel=TEXT.

` + coverageHelp + ` With --strict no relup is made then.

Warnings go to standard error. With --result one term is printed, which is what systools:make_relup answers with the
options noexec and silent: {ok, Relup, systools_relup, Warnings} or {error, Module, Reason}.`,
		Example: `  gonode relup make b.rel --up-from a.rel --down-to a.rel --path 'lib/*/ebin' --outdir releases/B
  gonode relup make c --up-from a b --down-to b --path 'lib/*/ebin' --result`,
		Args: cobra.MinimumNArgs(1),
		RunE: o.run(func(cmd *cobra.Command, args []string) error {
			if err := f.words(args); err != nil {
				return err
			}
			var err error
			if f.program, err = f.coverage.program(o, cmd); err != nil {
				return err
			}
			return f.make(cmd)
		}),
	}
	f.inputs(cmd)
	f.coverage.strictFlag(cmd)
	f.coverage.nodeFlag(o, cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.asErrors, "warnings-as-errors", false, "make no relup that needs a warning")
	flags.BoolVar(&f.result, "result", false, "print what systools:make_relup answers")
	flags.StringVar(&f.outdir, "outdir", "", "write the file relup into `directory` instead of printing it")
	return cmd
}

// inputs adds the flags for the inputs of a relup.
func (f *relupFlags) inputs(cmd *cobra.Command) {
	f.up = f.list(cmd, "up-from", "a release to upgrade from; may be given several times, or several of them")
	f.down = f.list(cmd, "down-to", "a release to downgrade to; may be given several times, or several of them")
	f.path = f.list(cmd, "path", "directories of .app and .appup files, with wildcards; the working directory comes last")
	cmd.Flags().BoolVar(&f.restart, "restart-emulator", false, "let every script end in restart_emulator")
}

// relup makes the relup.
func (f *relupFlags) relup() (*appup.Made, error) {
	o := appup.Options{RestartEmulator: f.restart, WarningsAsErrors: f.asErrors, Program: f.program}
	for _, p := range f.path.values {
		o.Path = append(o.Path, filepath.ToSlash(p))
	}
	return appup.Make(disk{}, filepath.ToSlash(f.newRel), bases(f.up.values), bases(f.down.values), o)
}

func (f *relupFlags) make(cmd *cobra.Command) error {
	made, err := f.relup()
	var refused *appup.Error
	switch {
	case errors.As(err, &refused) && f.result:
		return errors.Join(printEnded(cmd, refused.Term()), err)
	case err != nil:
		return err
	case f.coverage.strict && len(made.Uncovered) > 0:
		return &appup.FileError{Findings: f.coverage.judge(made.Uncovered)}
	}
	if f.outdir != "" {
		file := filepath.Join(f.outdir, "relup")
		if err := os.WriteFile(file, []byte(made.Relup.Text()), 0o644); err != nil {
			return err
		}
	}
	if f.result {
		return printEnded(cmd, made.Term())
	}
	for _, u := range made.Uncovered {
		fmt.Fprintln(cmd.ErrOrStderr(), printable(u.Error()))
	}
	for _, w := range made.Warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning:", printable(warningText(w)))
	}
	if f.outdir != "" {
		return nil
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), made.Relup.Text())
	return err
}

// printEnded prints a term with a final dot, as file:consult/1 reads it.
func printEnded(cmd *cobra.Command, t etf.Term) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), etf.Format(t)+".")
	return err
}

// bases parses values of the form OLD.rel and OLD.rel=TEXT.
func bases(values []string) []appup.Base {
	all := make([]appup.Base, len(values))
	for i, v := range values {
		file, description, described := strings.Cut(v, "=")
		all[i].File = filepath.ToSlash(file)
		if described {
			all[i].Description = etf.Charlist(description)
		}
	}
	return all
}

// warningText returns a warning of systools_relup in words.
func warningText(w etf.Term) string {
	t, _ := w.(etf.Tuple)
	var pair etf.Tuple
	if len(t) == 2 {
		pair, _ = t[1].(etf.Tuple)
	}
	switch {
	case len(pair) == 2 && etf.IsAtom(t[0], "erts_vsn_changed"):
		return fmt.Sprintf("the emulator changes between %v and %v, so it is restarted; a Go node cannot do that", pair[1],
			pair[0])
	case len(pair) == 2 && etf.IsAtom(t[0], "bad_vsn"):
		return fmt.Sprintf("an .appup file is for version %v, the application is %v", pair[0], pair[1])
	case etf.IsAtom(w, "pre_R15_emulator_upgrade"):
		return "the old release has a sasl from before R15: the new emulator is started last"
	}
	return etf.Format(w)
}

// maxFile bounds the size of a file that is read. etf parses no larger text, and a device may have no end.
const maxFile = maxInput - 1

// disk reads the files of this machine.
type disk struct{}

// ReadFile implements appup.Files. It reads a pipe too, because a shell makes one for <(command).
func (disk) ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: name, Err: errTooLarge}
	}
	return text, err
}

var errTooLarge = fmt.Errorf("has more than %d MB", maxFile>>20)

func (disk) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (disk) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }
