package shop

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"sync"

	"github.com/gonode-otp/gonode/etf"
)

// store stands for a database. Its data outlives the servers.
type store struct {
	mu          sync.Mutex
	tables      map[string]*plain
	connections int
	once        sync.Once
	pool        *sql.DB // shared by servers
}

// Connections returns the number of open connections to the database.
func (shop *Shop) Connections() int {
	shop.store.mu.Lock()
	defer shop.store.mu.Unlock()
	return shop.store.connections
}

// open opens a handle with one connection.
func (s *store) open() (*sql.DB, error) {
	db := sql.OpenDB(s)
	db.SetMaxOpenConns(1)
	if err := db.Ping(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// shared returns the handle that many servers use. The first call opens it.
func (s *store) shared() *sql.DB {
	s.once.Do(func() {
		s.pool = sql.OpenDB(s)
		s.pool.SetMaxOpenConns(1)
	})
	return s.pool
}

// Close closes the shared handle, which no server owns.
func (shop *Shop) Close() error { return shop.store.shared().Close() }

// Connect implements driver.Connector.
func (s *store) Connect(context.Context) (driver.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections++
	return &conn{s}, nil
}

// Driver implements driver.Connector.
func (s *store) Driver() driver.Driver { return nil }

var errStore = errors.New("the database knows entries and balances only")

type conn struct{ *store }

func (c *conn) Begin() (driver.Tx, error)           { return nil, errStore }
func (c *conn) Prepare(string) (driver.Stmt, error) { return nil, errStore }
func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connections--
	return nil
}

// ExecContext adds an amount to a table. Its arguments are table, who, seq and amount. If the last entry comes again,
// it counts once.
func (c *conn) ExecContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	who, seq, amount := args[1].Value.(int64), args[2].Value.(int64), args[3].Value.(int64)
	t := c.table(args[0].Value.(string))
	if t.Last[who] == seq {
		return driver.RowsAffected(0), nil
	}
	next, ok := t.enter(who, seq, amount)
	if !ok {
		return nil, errStore
	}
	*t = next
	return driver.RowsAffected(1), nil
}

// QueryContext returns the balance of a table.
func (c *conn) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.table(args[0].Value.(string))
	return &row{values: []driver.Value{t.Sum, t.Entries}}, nil
}

func (s *store) table(name string) *plain {
	if s.tables == nil {
		s.tables = map[string]*plain{}
	}
	if s.tables[name] == nil {
		s.tables[name] = &plain{}
	}
	return s.tables[name]
}

type row struct{ values []driver.Value }

func (r *row) Columns() []string { return []string{"sum", "entries"} }
func (r *row) Close() error      { return nil }
func (r *row) Next(dest []driver.Value) error {
	if r.values == nil {
		return io.EOF
	}
	copy(dest, r.values)
	r.values = nil
	return nil
}

// table is an account in the database.
type table struct {
	db   *sql.DB
	name etf.Atom
}

func (t table) enter(who, seq, amount int64) (table, bool) {
	_, err := t.db.Exec("insert", string(t.name), who, seq, amount)
	return t, err == nil
}

func (t table) balance() (sum, entries int64) {
	if err := t.db.QueryRow("select", string(t.name)).Scan(&sum, &entries); err != nil {
		return -1, -1
	}
	return sum, entries
}
