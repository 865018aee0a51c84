package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// build is one run over a copy of the sources.
type build struct {
	source string    // root of the module
	work   string    // for what is not part of the result
	cache  string    // GOCACHE, or empty for that of the user
	vcs    bool      // git knows the commit, so that the program can tell it
	time   time.Time // of everything in the archives
}

// newBuild looks at the sources. SOURCE_DATE_EPOCH goes before the time of the commit; without both it is 1980, the
// first year that a zip file can hold.
func newBuild(source string) (*build, error) {
	b := &build{source: source, time: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	out, err := b.output("git", "log", "-1", "--format=%ct")
	b.vcs = err == nil
	if seconds == "" && b.vcs {
		seconds = out
	}
	if seconds != "" {
		n, err := strconv.ParseInt(seconds, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		b.time = time.Unix(n, 0).UTC()
	}
	b.work, err = os.MkdirTemp("", "gonode-release-")
	return b, err
}

func (b *build) close() error { return os.RemoveAll(b.work) }

// program builds gonode for a system such as linux/amd64 and returns its file.
func (b *build) program(target string) (string, error) {
	system, arch, ok := strings.Cut(target, "/")
	if !ok {
		return "", fmt.Errorf("%q is no system such as linux/amd64", target)
	}
	file := filepath.Join(b.work, system+"_"+arch, "gonode")
	if system == "windows" {
		file += ".exe"
	}
	cmd := b.command("go", "build", "-trimpath", fmt.Sprintf("-buildvcs=%v", b.vcs), "-ldflags=-s -w -buildid=",
		"-o", file, "./cmd/gonode")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOAMD64=v1", "GOARM64=v8.0",
		"GOOS="+system, "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build for %s: %w\n%s", target, err, out)
	}
	return file, nil
}

// version is what the program tells about itself: the tag of its commit, or a pseudo-version.
func version(program string) (string, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "", err
	}
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel", nil
	}
	return info.Main.Version, nil
}

// extras are the files that every archive has beside the program.
func (b *build) extras() ([]entry, error) {
	var entries []entry
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		entries = append(entries, entry{name: name, file: filepath.Join(b.source, name), mode: 0o644})
	}
	host, err := b.program(runtime.GOOS + "/" + runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	man, completions := filepath.Join(b.work, "man"), filepath.Join(b.work, "completions")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(completions, 0o755)); err != nil {
		return nil, err
	}
	if _, err := b.output(host, "man", "--date", b.time.Format(time.DateOnly), man); err != nil {
		return nil, err
	}
	for shell, name := range map[string]string{
		"bash": "gonode.bash", "zsh": "_gonode", "fish": "gonode.fish", "powershell": "gonode.ps1",
	} {
		text, err := b.output(host, "completion", shell)
		if err == nil {
			err = os.WriteFile(filepath.Join(completions, name), []byte(text+"\n"), 0o644)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, dir := range []string{man, completions} {
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			entries = append(entries, entry{name: filepath.Base(dir) + "/" + f.Name(),
				file: filepath.Join(dir, f.Name()), mode: 0o644})
		}
	}
	return entries, nil
}

func (b *build) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
	if b.cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+b.cache)
	}
	return cmd
}

// output runs a program and returns what it prints, without the blanks around it.
func (b *build) output(name string, args ...string) (string, error) {
	out, err := b.command(name, args...).Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w\n%s", name, err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
