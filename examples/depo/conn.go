package depo

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"modernc.org/sqlite"

	"github.com/gonode-otp/gonode/etf"
)

// conn is one connection to SQLite and the statements that were taught. The lock is for close, which comes from another
// goroutine if the process is killed in the middle of a callback.
type conn struct {
	ctx   context.Context // ends with the process, and with it what SQLite is doing
	names *Names
	mu    sync.Mutex
	c     driver.Conn // nil when closed
	cache map[etf.Atom]*statement
	// own is set while a statement of conn's own is made or run, to which the authorizer does not apply.
	own  bool
	open map[*cursor]struct{}
}

var errClosed = &reasonError{etf.Atom("closed")}

// openMemory opens a database that lives as long as its connection.
func openMemory(ctx context.Context, names *Names) (*conn, error) {
	return connect(ctx, names, "file::memory:?_defensive=1", false)
}

// openFile opens a database in a file, which is made durable commit by commit (journal_mode WAL, synchronous FULL).
// With create there must be no such file, with orCreate there may be one, and with neither of them there must be one.
func openFile(ctx context.Context, names *Names, path string, create, orCreate bool) (*conn, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, failure("cantopen", err.Error())
	}
	mode := "rw"
	switch _, err := os.Stat(path); {
	case create:
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
		if errors.Is(err, os.ErrExist) {
			return nil, &reasonError{etf.Atom("file_already_exists")}
		} else if err != nil {
			return nil, failure("cantopen", err.Error())
		}
		_ = f.Close()
	case orCreate:
		mode = "rwc"
	case errors.Is(err, os.ErrNotExist):
		return nil, &reasonError{etf.Atom("no_such_file")}
	}
	name := uriEscapes.Replace(filepath.ToSlash(path))
	return connect(ctx, names, "file:"+name+"?mode="+mode+"&_defensive=1", true)
}

// uriEscapes are for what means something in a file name that is a URI. https://www.sqlite.org/uri.html
var uriEscapes = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

func connect(ctx context.Context, names *Names, dsn string, file bool) (*conn, error) {
	dc, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	c := &conn{ctx: ctx, names: names, c: dc, cache: map[etf.Atom]*statement{}, open: map[*cursor]struct{}{}}
	pragmas := []string{"PRAGMA busy_timeout = 5000", "PRAGMA schema_version"}
	if file {
		pragmas = append(pragmas, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
	}
	for _, sql := range pragmas {
		if _, err := c.exec(sql, nil); err != nil {
			c.close()
			return nil, err
		}
	}
	registerer, ok := dc.(sqlite.AuthorizerRegisterer)
	if !ok {
		c.close()
		return nil, failure("internal", "no authorizer")
	}
	if err := registerer.RegisterAuthorizer(c.authorize); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// authorize refuses SQL text that begins or ends transactions, which belong to transact, and that opens other files.
// https://www.sqlite.org/c3ref/set_authorizer.html
func (c *conn) authorize(action sqlite.AuthorizerActionCode, _, _, _, _ string) sqlite.AuthorizerReturnCode {
	switch action {
	case sqlite.AuthTransaction, sqlite.AuthSavepoint, sqlite.AuthAttach, sqlite.AuthDetach:
		if !c.own {
			return sqlite.AuthorizerDeny
		}
	}
	return sqlite.AuthorizerOK
}

// close closes the connection. What it had not committed is rolled back.
func (c *conn) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.c == nil {
		return
	}
	for r := range c.open {
		r.close()
	}
	for _, s := range c.cache {
		_ = s.close()
	}
	_ = c.c.Close()
	c.c = nil
}

// statement is prepared SQL.
type statement struct {
	sql    string
	stmt   driver.Stmt
	hidden bool // it stands in a query that hides the declared types of its columns
	// names are the columns of the last run, which change if a table does, and keys what becomes of them.
	names []string
	keys  []etf.Term // nil for a column that another one of the same name follows
}

func (s *statement) close() error { return s.stmt.Close() }

func (c *conn) prepare(sql string) (*statement, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, failure("misuse", "the SQL text has a zero byte")
	}
	if c.c == nil {
		return nil, errClosed
	}
	stmt, err := c.c.(driver.ConnPrepareContext).PrepareContext(c.ctx, sql)
	if err != nil {
		return nil, err
	}
	return &statement{sql: sql, stmt: stmt}, nil
}

// teach prepares statements under their names, all of them or none.
func (c *conn) teach(named map[etf.Atom]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh := make(map[etf.Atom]*statement, len(named))
	for name, sql := range named {
		s, err := c.prepare(sql)
		if err != nil {
			for _, s := range fresh {
				_ = s.close()
			}
			return &reasonError{etf.Tuple{name, reason(err)}}
		}
		fresh[name] = s
	}
	for name, s := range fresh {
		if old := c.cache[name]; old != nil {
			_ = old.close()
		}
		c.cache[name] = s
	}
	return nil
}

func (c *conn) taught() []etf.Atom {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]etf.Atom, 0, len(c.cache))
	for name := range c.cache {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// find returns the statement of a command, which is a taught atom or SQL text, and what has to be called after its use.
// The lock must be held.
func (c *conn) find(cmd etf.Term) (s *statement, done func(), err error) {
	if name, ok := cmd.(etf.Atom); ok {
		s := c.cache[name]
		if s == nil {
			return nil, nil, &reasonError{etf.Tagged("unknown_statement", name)}
		}
		c.own = isVacuum(s.sql)
		return s, func() { c.own = false }, nil
	}
	sql, ok := etf.AsText(cmd)
	if !ok {
		return nil, nil, failure("misuse", "no command: "+etf.FormatMax(cmd, 100))
	}
	c.own = isVacuum(sql)
	s, err = c.prepare(sql)
	if err != nil {
		c.own = false
		return nil, nil, err
	}
	return s, func() { c.own = false; _ = s.close() }, nil
}

// isVacuum tells whether the text is VACUUM, which attaches a file of its own, without a name, and nothing else.
func isVacuum(sql string) bool { return strings.EqualFold(strings.Trim(sql, " \t\r\n;"), "vacuum") }

// write runs a command and returns how many rows it has changed.
func (c *conn) write(cmd, values etf.Term) (int64, error) {
	args, err := parameters(values)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, done, err := c.find(cmd)
	if err != nil {
		return 0, err
	}
	defer done()
	return c.run(s, args)
}

func (c *conn) run(s *statement, args []driver.NamedValue) (int64, error) {
	if c.c == nil {
		return 0, errClosed
	}
	result, err := s.stmt.(driver.StmtExecContext).ExecContext(c.ctx, args)
	if err != nil || result == nil || !changesRows(s.sql) {
		return 0, err // SQLite would tell the number of the statement before
	}
	return result.RowsAffected()
}

// changesRows tells whether SQL is a statement for which SQLite counts the rows that it changes.
// https://www.sqlite.org/c3ref/changes.html
func changesRows(sql string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(sql, " \t\r\n"), " ")
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH":
		return true
	}
	return false
}

// exec runs SQL of conn's own.
func (c *conn) exec(sql string, args []driver.NamedValue) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own = true
	defer func() { c.own = false }()
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.close() }()
	return c.run(s, args)
}
