package depo

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"modernc.org/sqlite"

	"github.com/gonode-otp/gonode/etf"
)

// Names turns the names of columns into the keys of rows. A BEAM never forgets an atom, so only so many different names
// become atoms; all further ones stay binaries. The servers of a node share one Names, which any goroutine may use.
type Names struct {
	max   int
	mu    sync.Mutex
	atoms map[string]etf.Term
}

// NewNames returns names of which the first max become atoms.
func NewNames(max int) *Names { return &Names{max: max, atoms: map[string]etf.Term{}} }

// key returns the term for a column. An atom has at most 255 characters, erlang:binary_to_atom/1.
func (n *Names) key(column string) etf.Term {
	n.mu.Lock()
	defer n.mu.Unlock()
	if t, ok := n.atoms[column]; ok {
		return t
	}
	if len(n.atoms) >= n.max || !utf8.ValidString(column) || utf8.RuneCountInString(column) > 255 {
		return etf.Binary(column)
	}
	column = strings.Clone(column)
	t := etf.Term(etf.Atom(column))
	n.atoms[column] = t
	return t
}

// valueError is a term that SQLite has no value for.
type valueError struct{ term etf.Term }

func (e *valueError) Error() string { return "no value of SQL: " + etf.FormatMax(e.term, 100) }

// parameters makes the parameters ?1, ?2, ... of a list of terms, or the only one of any other term.
func parameters(t etf.Term) ([]driver.NamedValue, error) {
	list, ok := t.(etf.List)
	if !ok {
		list = etf.List{t}
	}
	if len(list) == 0 {
		return nil, nil
	}
	values := make([]driver.NamedValue, len(list))
	for i, t := range list {
		v, err := parameter(t)
		if err != nil {
			return nil, err
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return values, nil
}

// parameter returns the value of SQL for a term. A binary is TEXT, {blob, Binary} a BLOB, as in esqlite.
func parameter(t etf.Term) (driver.Value, error) {
	switch t := t.(type) {
	case etf.Int:
		return int64(t), nil
	case etf.Float:
		return float64(t), nil
	case etf.Binary:
		return string(t), nil
	case etf.Atom:
		switch t {
		case "nil", "undefined":
			return nil, nil
		case "true":
			return int64(1), nil
		case "false":
			return int64(0), nil
		}
		return string(t), nil
	case etf.Tuple:
		if blob, ok := etf.AsTuple(t, "blob", 2); ok {
			if b, ok := blob[1].(etf.Binary); ok {
				return []byte(b), nil
			}
		}
	}
	return nil, &valueError{t}
}

// valueTerm returns the term for a value of SQL, and how many bytes it takes.
func valueTerm(v driver.Value) (etf.Term, int) {
	switch v := v.(type) {
	case int64:
		return etf.Int(v), 16
	case float64:
		// Erlang has no infinity.
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return etf.Binary(fmt.Sprint(v)), 24
		}
		return etf.Float(v), 16
	case string:
		return etf.Binary(v), 24 + len(v)
	case []byte:
		return etf.Binary(v), 24 + len(v)
	case bool:
		return etf.Int(map[bool]int{true: 1}[v]), 16
	case time.Time:
		text := v.Format("2006-01-02 15:04:05.999999999")
		return etf.Binary(text), 24 + len(text)
	}
	return etf.Atom("nil"), 16
}

// kinds are the atoms for the primary result codes of SQLite, https://www.sqlite.org/rescode.html. They are the words
// of SQLite in lower case; the general code 1 is sqlite_error, as in esqlite.
var kinds = map[int]etf.Atom{
	1: "sqlite_error", 2: "internal", 3: "perm", 4: "abort", 5: "busy", 6: "locked", 7: "nomem", 8: "readonly",
	9: "interrupt", 10: "ioerr", 11: "corrupt", 12: "notfound", 13: "full", 14: "cantopen", 15: "protocol",
	17: "schema", 18: "toobig", 19: "constraint", 20: "mismatch", 21: "misuse", 22: "nolfs", 23: "auth",
	25: "range", 26: "notadb",
}

// reason returns the term for an error: {Kind, Text}, where Kind is one of a fixed set of atoms.
func reason(err error) etf.Term {
	var of *sqlite.Error
	var value *valueError
	var known *reasonError
	switch {
	case errors.As(err, &known):
		return known.term
	case errors.As(err, &value):
		return etf.Tagged("bad_value", etf.Binary(etf.FormatMax(value.term, 100)))
	case errors.As(err, &of):
		kind, ok := kinds[of.Code()&0xff]
		if !ok {
			kind = "sqlite_error"
		}
		return etf.Tagged(kind, etf.Binary(strings.ToValidUTF8(of.Error(), "?")))
	}
	return etf.Tagged("sqlite_error", etf.Binary(strings.ToValidUTF8(err.Error(), "?")))
}

// reasonError is an error whose term is known.
type reasonError struct{ term etf.Term }

func (e *reasonError) Error() string { return etf.Format(e.term) }

func failure(tag etf.Atom, text string) error { return &reasonError{etf.Tagged(tag, etf.Binary(text))} }

// errorReply is {error, Reason}.
func errorReply(err error) etf.Term { return etf.Tagged("error", reason(err)) }
