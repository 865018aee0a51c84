package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// gitRepo is a folder of a git repository. Names of files are relative to it.
type gitRepo struct {
	ctx context.Context
	dir string
}

func (g gitRepo) run(args ...string) ([]byte, error) {
	cmd := exec.CommandContext(g.ctx, "git", args...)
	var out, talk bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = g.dir, &out, &talk
	err := cmd.Run()
	if text := strings.TrimSpace(talk.String()); err != nil && text != "" {
		err = fmt.Errorf("git %s: %s", args[0], text)
	}
	return out.Bytes(), err
}

// commitOf finds the commit of a tag.
func (g gitRepo) commitOf(tag string) (string, error) {
	if _, err := g.run("rev-parse", "--git-dir"); err != nil {
		return "", err
	}
	out, err := g.run("rev-parse", "--verify", "--quiet", "refs/tags/"+tag+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("there is no tag %s", tag)
	}
	return strings.TrimSpace(string(out)), nil
}

// show returns a file as of a commit.
func (g gitRepo) show(commit, file string) ([]byte, error) { return g.run("show", commit+":./"+file) }

// regular is the mode prefix of a regular file in git. Links and other repositories have other modes.
const regular = "100"

// list returns the regular files in a folder and below it. Their names are relative to the folder.
func (g gitRepo) list(commit, folder string) (names []string, err error) {
	prefix := ""
	args := []string{"ls-tree", "-r", "-z", commit}
	if folder != "." {
		prefix, args = folder+"/", append(args, "--", folder+"/")
	}
	out, err := g.run(args...)
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(string(out), "\x00") {
		mode, name, _ := strings.Cut(entry, "\t")
		if below, ok := strings.CutPrefix(name, prefix); ok && strings.HasPrefix(mode, regular) {
			names = append(names, below)
		}
	}
	return names, nil
}

// findModule looks for go.mod here and in the folders above. It returns the folder of the module, and in which folder
// of it the command runs.
func findModule() (root, folder string, err error) {
	here, err := os.Getwd()
	if err != nil {
		return "", "", err
	}
	for root = here; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			folder, err = filepath.Rel(root, here)
			return root, filepath.ToSlash(folder), err
		}
		if root == filepath.Dir(root) {
			return "", "", errors.New("there is no go.mod here or above: freeze works in a module")
		}
	}
}

func modulePath(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	if name := moduleLine(text); name != "" {
		return name, nil
	}
	return "", errors.New("go.mod names no module")
}

var moduleDirective = regexp.MustCompile(`(?m)^module[ \t]+(\S+)`)

// moduleLine reads the path of the module in a go.mod.
func moduleLine(text []byte) string {
	m := moduleDirective.FindSubmatch(text)
	if m == nil {
		return ""
	}
	if name, err := strconv.Unquote(string(m[1])); err == nil {
		return name
	}
	return string(m[1])
}
