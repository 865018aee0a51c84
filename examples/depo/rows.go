package depo

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gonode-otp/gonode/etf"
)

// shape is what a row becomes.
type shape int

const (
	shapeMap    shape = iota // #{Column => Value}
	shapeTuple               // {Value, ...}, for {values, Command}
	shapeSingle              // the first value of the first row, or nil, for {single, Command}
)

// MaxReply is how many bytes of rows one read may answer with. What is larger has to be streamed.
const MaxReply = 256 << 20

func (c *conn) read(cmd, values etf.Term) (etf.Term, error) {
	as, cmd := shapeOf(cmd)
	args, err := parameters(values)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, done, err := c.find(cmd)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := c.query(s, args, as)
	if err != nil {
		return nil, err
	}
	defer r.close()
	max := -1
	if as == shapeSingle {
		max = 1
	}
	rows, more, err := r.next(max, MaxReply)
	switch {
	case err != nil:
		return nil, err
	case as == shapeSingle && len(rows) == 0:
		return etf.Atom("nil"), nil
	case as == shapeSingle:
		return rows[0], nil
	case more:
		return nil, failure("toobig", fmt.Sprintf("more than %d bytes of rows; stream them", MaxReply))
	}
	return rows, nil
}

func shapeOf(cmd etf.Term) (shape, etf.Term) {
	if t, ok := etf.AsTuple(cmd, "values", 2); ok {
		return shapeTuple, t[1]
	}
	if t, ok := etf.AsTuple(cmd, "single", 2); ok {
		return shapeSingle, t[1]
	}
	return shapeMap, cmd
}

// query starts a statement. The lock must be held, as for the methods of the cursor.
func (c *conn) query(s *statement, args []driver.NamedValue, as shape) (*cursor, error) {
	if c.c == nil {
		return nil, errClosed
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(c.ctx, args)
	if err != nil {
		return nil, err
	}
	if !s.hidden && hasTimes(rows) {
		if hiding, err := c.prepare(hide(s.sql, len(rows.Columns()), rows.Columns())); err == nil {
			_ = rows.Close()
			_ = s.stmt.Close()
			s.stmt, s.hidden = hiding.stmt, true
			if rows, err = s.stmt.(driver.StmtQueryContext).QueryContext(c.ctx, args); err != nil {
				return nil, err
			}
		}
	}
	if names := rows.Columns(); s.keys == nil || !slices.Equal(s.names, names) {
		s.names, s.keys = slices.Clone(names), c.keys(names)
	}
	r := &cursor{c: c, rows: rows, keys: s.keys, as: as, values: make([]driver.Value, len(s.keys))}
	c.open[r] = struct{}{}
	return r, nil
}

// keys returns the keys of a row. Of columns with the same name the last one counts, for a map has each key once.
func (c *conn) keys(names []string) []etf.Term {
	keys := make([]etf.Term, len(names))
	for i, name := range names {
		if !slices.Contains(names[i+1:], name) {
			keys[i] = c.names.key(name)
		}
	}
	return keys
}

// hasTimes tells whether the driver would take the text of a column for a time, because of its declared type, and lose
// how it was written.
func hasTimes(rows driver.Rows) bool {
	types, ok := rows.(driver.RowsColumnTypeDatabaseTypeName)
	if !ok {
		return false
	}
	for i := range rows.Columns() {
		switch types.ColumnTypeDatabaseTypeName(i) {
		case "DATE", "DATETIME", "TIMESTAMP":
			return true
		}
	}
	return false
}

// hide returns a query with the same rows whose columns are expressions, which have no declared type. What is no SELECT
// cannot stand in a query, and does not compile.
func hide(sql string, n int, names []string) string {
	from, columns := make([]string, n), make([]string, n)
	for i, name := range names {
		from[i] = fmt.Sprintf("c%d", i)
		columns[i] = fmt.Sprintf(`+c%d AS "%s"`, i, strings.ReplaceAll(name, `"`, `""`))
	}
	return "WITH depo_rows(" + strings.Join(from, ", ") + ") AS (" + strings.TrimRight(sql, " \t\r\n;") + "\n) SELECT " +
		strings.Join(columns, ", ") + " FROM depo_rows"
}

// cursor is a statement that is giving rows.
type cursor struct {
	c      *conn
	rows   driver.Rows
	own    *statement // closed with the cursor; nil if it belongs to others
	keys   []etf.Term
	as     shape
	values []driver.Value
}

func (r *cursor) close() {
	if _, open := r.c.open[r]; !open {
		return
	}
	delete(r.c.open, r)
	_ = r.rows.Close()
	if r.own != nil {
		_ = r.own.close()
	}
}

// next returns up to max rows, any number if it is negative, and stops after maxBytes. more tells whether there may be
// further ones.
func (r *cursor) next(max, maxBytes int) (rows etf.List, more bool, err error) {
	for size := 0; len(rows) != max; {
		if size > maxBytes {
			return rows, true, nil
		}
		if err := r.c.ctx.Err(); err != nil {
			return nil, false, err
		}
		if err := r.rows.Next(r.values); errors.Is(err, io.EOF) {
			return rows, false, nil
		} else if err != nil {
			return nil, false, err
		}
		row, n := r.row()
		rows, size = append(rows, row), size+n
	}
	return rows, true, nil
}

func (r *cursor) row() (etf.Term, int) {
	size := 32
	switch r.as {
	case shapeTuple:
		row := make(etf.Tuple, len(r.values))
		for i, v := range r.values {
			t, n := valueTerm(v)
			row[i], size = t, size+n
		}
		return row, size
	case shapeSingle:
		if len(r.values) == 0 {
			return etf.Atom("nil"), size
		}
		return valueTerm(r.values[0])
	}
	row := make(etf.Map, 0, len(r.values))
	for i, v := range r.values {
		if r.keys[i] == nil {
			continue
		}
		t, n := valueTerm(v)
		row, size = append(row, etf.MapPair{Key: r.keys[i], Value: t}), size+n+16
	}
	return row, size
}
