package appup

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// Files are the files of releases. The functions of package os fit, and so does fstest.MapFS; names have slashes.
type Files interface {
	ReadFile(name string) ([]byte, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	Stat(name string) (fs.FileInfo, error)
}

// searchedFiles reads files of the directories of a path.
type searchedFiles struct {
	Files
	dirs []string
}

// searchPath returns the directories that names with wildcards stand for: systools_lib:get_path/1. * is any part of a
// name. Differs from OTP: directories that one wildcard stands for are in the order of their names; there is no path
// of a running system behind them, only the working directory.
func searchPath(files Files, path []string) searchedFiles {
	p := searchedFiles{Files: files}
	for _, name := range append(slices.Clone(path), ".") {
		for _, dir := range p.expandWildcards(name) {
			if !slices.Contains(p.dirs, dir) {
				p.dirs = append(p.dirs, dir)
			}
		}
	}
	return p
}

func (p searchedFiles) expandWildcards(name string) []string {
	dirs := []string{""}
	if strings.HasPrefix(name, "/") {
		dirs[0] = "/"
	}
	empty := true
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		empty = false
		var next []string
		for _, dir := range dirs {
			next = append(next, p.matchingDirs(dir, part)...)
		}
		dirs = next
	}
	if empty && dirs[0] == "" {
		return nil
	}
	return dirs
}

// matchingDirs returns the directories in dir, which is "" at the start, whose names match part.
func (p searchedFiles) matchingDirs(dir, part string) []string {
	if !strings.Contains(part, "*") {
		if info, err := p.Stat(join(dir, part)); err != nil || !info.IsDir() {
			return nil
		}
		return []string{join(dir, part)}
	}
	expr := strings.ReplaceAll(part, "*", "[^/]*")
	if part == "*" {
		expr = "[^/]+"
	}
	pattern, err := NewPattern(expr) // as in OTP, the rest of the name is an expression then, too
	if err != nil {
		return nil
	}
	in := dir
	if in == "" {
		in = "."
	}
	entries, _ := p.ReadDir(in)
	var found []string
	for _, e := range entries {
		if name := join(dir, e.Name()); pattern.Fits(e.Name()) {
			if info, err := p.Stat(name); err == nil && info.IsDir() {
				found = append(found, name)
			}
		}
	}
	return found
}

// join is filename:join/2 of names that have no superfluous slashes.
func join(dir, name string) string {
	switch {
	case dir == "", strings.HasPrefix(name, "/"):
		return name
	case strings.HasSuffix(dir, "/"):
		return dir + name
	}
	return dir + "/" + name
}

// openFirst reads the first file of that name in the directories: file:path_open/3. It passes over directories that do
// not have it.
func (p searchedFiles) openFirst(dirs []string, name string) (full string, src []byte, ok bool) {
	if strings.HasPrefix(name, "/") {
		dirs = []string{"."}
	}
	for _, dir := range dirs {
		full = join(dir, name)
		if dir == "." {
			full = name
		}
		src, err := p.ReadFile(full)
		if err == nil {
			return full, src, true
		}
		if word := posix(err); word != "enoent" && word != "enotdir" {
			break
		}
	}
	return "", nil, false
}

// posix is the word of OTP for the error of a file.
func posix(err error) etf.Atom {
	text := err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "enoent"
	case errors.Is(err, fs.ErrPermission):
		return "eacces"
	case strings.HasSuffix(text, "is a directory"):
		return "eisdir"
	case strings.HasSuffix(text, "not a directory"):
		return "enotdir"
	}
	return "eio"
}
