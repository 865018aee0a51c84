package depo_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/examples/depo"
)

const (
	createTable = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)"
	insertRow   = "INSERT INTO t (v) VALUES (?1)"
	selectRow   = "SELECT id, v FROM t WHERE id = ?1"
)

// A statement that writes a row, each of its own transaction, and one that reads a row, by database/sql, by a call in
// the same program, and from 16 processes of an Elixir node.
func BenchmarkDirect(b *testing.B) {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(createTable)
	require.NoError(b, err)
	insert, err := db.Prepare(insertRow)
	require.NoError(b, err)
	_, err = insert.Exec("hola")
	require.NoError(b, err)
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			if _, err := insert.Exec("hola"); err != nil {
				b.Fatal(err)
			}
		}
	})
	read, err := db.Prepare(selectRow)
	require.NoError(b, err)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			var id int
			var v string
			if err := read.QueryRow(1).Scan(&id, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCall(b *testing.B) {
	n := start(b, nodeless, memory)
	ctx := context.Background()
	call := func(b *testing.B, request etf.Term) {
		if reply, err := n.Call(ctx, depo.Module, request); err != nil {
			b.Fatal(reply, err)
		}
	}
	call(b, etf.Tagged("write", etf.Binary(createTable)))
	call(b, etf.Tagged("teach", etf.Map{{Key: etf.Atom("new"), Value: etf.Binary(insertRow)},
		{Key: etf.Atom("get"), Value: etf.Binary(selectRow)}}))
	for verb, request := range map[string]etf.Term{
		"write": etf.Tagged("write", etf.Atom("new"), etf.Binary("hola")),
		"read":  etf.Tagged("read", etf.Atom("get"), etf.Int(1)),
	} {
		b.Run(verb, func(b *testing.B) {
			for b.Loop() {
				call(b, request)
			}
		})
	}
}

func BenchmarkElixir(b *testing.B) {
	_, x := live(b)
	x.Eval(b, fmt.Sprintf(`Depo.write(db, %q); Depo.teach(db, new: %q, get: %q); Depo.write(db, :new, "hola")
		each = fn n, f -> (for who <- 0..15, do: Task.async(fn -> for _ <- 1..div(n + 15 - who, 16)//1, do: f.() end))
		  |> Task.await_many(:infinity) end`, createTable, insertRow, selectRow))
	for _, bench := range [][2]string{
		{"write", `Depo.write_sync(db, :new, "hola")`},
		{"cast", `Depo.write(db, :new, "hola")`},
		{"read", `Depo.read(db, :get, 1)`},
		{"transaction", `Depo.transact(db, fn -> Depo.write(db, :new, "a"); Depo.write(db, :new, "b") end)`},
	} {
		b.Run(bench[0], func(b *testing.B) {
			_, err := x.Try(b.Context(), fmt.Sprintf(`each.(%d, fn -> %s end); Depo.read(db, {:single, :get}, 1); :ok`,
				b.N, bench[1]))
			require.NoError(b, err)
		})
	}
}
