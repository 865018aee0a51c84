package tsrv

import (
	"path"
	"slices"

	"github.com/gonode-otp/gonode/etf"
)

const (
	undefined = etf.Atom("undefined")
	ok        = etf.Atom("ok")
)

// Config is the configuration of an application: #t__config{} of Erlang, {t__config, Language, Dev, Repositories}.
type Config struct {
	App          etf.Atom
	Language     etf.Term // text, or undefined
	Dev          bool     // its files are looked at again and again
	Repositories []Repository
}

// Repository is a directory with PO files, one for each language: #t__repository{} of Erlang, {t__repository, Name,
// Directory, Files}.
type Repository struct {
	Name, Directory etf.Term // text
	Files           []File
	Listed          bool // the directory could be read; else Files is shown as undefined
}

func (r Repository) id() string {
	name, _ := etf.AsText(r.Name)
	return name
}

func (r Repository) dir() string {
	dir, _ := etf.AsText(r.Directory)
	return path.Clean(dir)
}

// asConfig reads a configuration. What it says of files does not count: they are looked for.
func asConfig(app, t etf.Term) (c Config, isConfig bool) {
	record, isRecord := etf.AsTuple(t, "t__config", 4)
	name, isAtom := app.(etf.Atom)
	if !isRecord || !isAtom {
		return c, false
	}
	list, isList := record[3].(etf.List)
	dev, isBool := record[2].(etf.Atom)
	if !isList || !isBool || dev != "true" && dev != "false" || !isText(record[1]) {
		return c, false
	}
	c = Config{App: name, Language: record[1], Dev: dev == "true"}
	for _, e := range list {
		r, isRecord := etf.AsTuple(e, "t__repository", 4)
		if !isRecord || !isText(r[1]) || !isText(r[2]) {
			return c, false
		}
		c.Repositories = append(c.Repositories, Repository{Name: r[1], Directory: r[2]})
	}
	return c, true
}

func isText(t etf.Term) bool {
	_, isText := etf.AsText(t)
	return isText
}

// Term returns the record.
func (c Config) Term() etf.Term {
	repositories := make(etf.List, len(c.Repositories))
	for i, r := range c.Repositories {
		files := etf.Term(undefined)
		if r.Listed {
			list := make(etf.List, len(r.Files))
			for j, f := range r.Files {
				list[j] = etf.Tuple{etf.Charlist(f.Name), etf.Int(f.Size), etf.Int(f.Time)}
			}
			files = list
		}
		repositories[i] = etf.Tagged("t__repository", r.Name, r.Directory, files)
	}
	return etf.Tagged("t__config", c.Language, etf.Bool(c.Dev), repositories)
}

// index is the place of an application in the configurations, -1 if it has none.
func (s *State) index(app etf.Atom) int {
	return slices.IndexFunc(s.Configs, func(c Config) bool { return c.App == app })
}

// languages are those to look for a text in.
func (s *State) languages(app etf.Atom, wanted etf.Term) []string {
	if !etf.IsAtom(wanted, undefined) {
		language, _ := etf.AsText(wanted)
		return []string{language}
	}
	if i := s.index(app); i >= 0 && !etf.IsAtom(s.Configs[i].Language, undefined) {
		language, _ := etf.AsText(s.Configs[i].Language)
		return []string{language}
	}
	return []string{"en"}
}

// asMessage reads Text or {Context, Text}.
func asMessage(t etf.Term) (m message, isMessage bool) {
	if pair, isTuple := t.(etf.Tuple); isTuple && len(pair) == 2 {
		var isContext bool
		m.context, isContext = etf.AsText(pair[0])
		m.hasContext = true
		m.id, isMessage = etf.AsText(pair[1])
		return m, isContext && isMessage
	}
	m.id, isMessage = etf.AsText(t)
	return m, isMessage
}
