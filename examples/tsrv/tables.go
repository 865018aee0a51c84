package tsrv

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// What a repository may have at most. More is an error, and the repository is left as it was.
const (
	maxFiles = 1000
	maxBytes = 4 << 20
)

// File is a PO file as it was when it was read: {Name, Size, Time}, the time in seconds since 1970.
type File struct {
	Name       string
	Size, Time int64
}

// tableID names the table of a repository.
type tableID struct {
	app  etf.Atom
	name string
}

// table has the texts of a repository by their language. It does not change once it is made.
type table map[string]map[message]string

// size is how many texts there are.
func (t table) size() (n int) {
	for _, texts := range t {
		n += len(texts)
	}
	return n
}

// listFiles returns the PO files of a directory, in the order of their names.
func listFiles(texts fs.FS, dir string) ([]File, error) {
	if texts == nil {
		return nil, fs.ErrNotExist
	}
	entries, err := fs.ReadDir(texts, dir)
	if err != nil {
		return nil, err
	}
	files := []File{}
	for _, e := range entries {
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".po" {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		files = append(files, File{path.Join(dir, e.Name()), info.Size(), info.ModTime().Unix()})
	}
	if len(files) > maxFiles {
		return nil, fmt.Errorf("%s has %d PO files; %d are taken", dir, len(files), maxFiles)
	}
	return files, nil
}

// readTable reads the files of a repository. Those that are no PO files are left out, with an error for each.
func readTable(texts fs.FS, files []File) (t table, errs []error) {
	t = make(table)
	left := int64(maxBytes)
	for _, f := range files {
		text, err := readFile(texts, f.Name, left)
		left -= int64(len(text))
		var c catalog
		if err == nil {
			c, err = parsePO(text)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Name, err))
			continue
		}
		language := c.language
		if language == "" {
			language = strings.TrimSuffix(path.Base(f.Name), ".po")
		}
		if t[language] == nil {
			t[language] = make(map[message]string)
		}
		for m, s := range c.texts {
			t[language][m] = s
		}
	}
	return t, errs
}

// readFile reads a file of at most max bytes.
func readFile(texts fs.FS, name string, max int64) (string, error) {
	f, err := texts.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if int64(len(text)) > max {
		return "", fmt.Errorf("a repository has more than %d bytes", maxBytes)
	}
	return string(text), err
}

// refresh reads the repositories of all applications whose files have changed, drops the tables that no repository
// has any more, and returns what went wrong. The state that it came from is as it was.
func (s *State) refresh(texts fs.FS) (errs []error) {
	tables := make(map[tableID]table)
	s.Configs = slices.Clone(s.Configs)
	for i, c := range s.Configs {
		s.Configs[i].Repositories = slices.Clone(c.Repositories)
		for j, r := range c.Repositories {
			id := tableID{c.App, r.id()}
			files, err := listFiles(texts, r.dir())
			switch old, known := s.tables[id]; {
			case err != nil:
				errs = append(errs, err)
				r.Files, r.Listed, tables[id] = nil, false, table{}
			case known && r.Listed && slices.Equal(files, r.Files):
				tables[id] = old
			default:
				read, wrong := readTable(texts, files)
				errs = append(errs, wrong...)
				r.Files, r.Listed, tables[id] = files, true, read
			}
			s.Configs[i].Repositories[j] = r
		}
	}
	s.tables = tables
	return errs
}

// find looks for a text, in the first of the languages that has it.
func (s *State) find(id tableID, m message, languages ...string) (string, bool) {
	for _, language := range languages {
		if text, ok := s.tables[id][language][m]; ok {
			return text, true
		}
	}
	return "", false
}
