package depo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/internal/soak"
)

func TestDepoReadsAsTheOriginal(t *testing.T) {
	_, x := live(t)
	same(t, x.Session,
		`{:ok, db} = Depo.open(:memory); node(db) != node()`, "true",
		`Depo.transact(db, fn ->
		   Depo.write(db, "CREATE TABLE greetings (phrase)")
		   Depo.teach(db, %{new_greeting: "INSERT INTO greetings VALUES (?1)", greetings: "SELECT * FROM greetings"})
		   Enum.each(["hola", "bonjour", "今日は"], &Depo.write(db, :new_greeting, &1))
		 end)`, ":ok",
		`Depo.read(db, :greetings)`, `[%{phrase: "hola"}, %{phrase: "bonjour"}, %{phrase: "今日は"}]`,
		`Depo.read(db, {:values, :greetings})`, `[{"hola"}, {"bonjour"}, {"今日は"}]`,
		`Depo.read(db, {:single, "SELECT count(*) FROM greetings"})`, "3",
		`Depo.read(db, {:single, "SELECT phrase FROM greetings WHERE phrase = ?1"}, "none")`, "nil",
		`stream = Depo.stream(db, self(), :greetings)
		 for _ <- 1..3, do: (receive do {^stream, row} -> row.phrase end)`, `["hola", "bonjour", "今日は"]`,
		`Depo.rows(db, :greetings) |> Enum.map(& &1.phrase)`, `["hola", "bonjour", "今日は"]`,
		`Depo.rows(db, :greetings, [], 1) |> Enum.take(2) |> length()`, "2",
		`Depo.close(db)`, ":ok",
		`Process.info(self(), :message_queue_len)`, "{:message_queue_len, 0}",
		`try do Depo.read(db, :greetings) catch :exit, {why, _} -> why end`, ":noproc",
	)
}

func TestADatabaseIsOpenedInFourForms(t *testing.T) {
	_, x := live(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text"), make([]byte, 4096), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad"),
		[]byte("This is no database, but long enough to have a header "+
			"of one, which takes a hundred bytes in all."), 0o600))
	x.Eval(t, fmt.Sprintf(`path = &(%q <> "/" <> &1)`, dir))
	same(t, x.Session,
		`Depo.open(path.("a?b#c%20.db"))`, "{:error, :no_such_file}",
		`{:ok, a} = Depo.open(create: path.("a?b#c%20.db")); Depo.write_sync(a, "CREATE TABLE t (n)")`, "{:ok, 0}",
		`Depo.open(create: path.("a?b#c%20.db"))`, "{:error, :file_already_exists}",
		`Depo.close(a)`, ":ok",
		`{:ok, a} = Depo.open(path.("a?b#c%20.db")); Depo.read(a, "SELECT * FROM t")`, "[]",
		`{:ok, b} = Depo.open(or_create: path.("b.db")); Depo.write_sync(b, "CREATE TABLE t (n)")`, "{:ok, 0}",
		`Depo.close(b); {:ok, b} = Depo.open(or_create: path.("b.db")); Depo.read(b, "SELECT * FROM t")`, "[]",
		`{:error, {:notadb, _}} = Depo.open(path.("bad")); :ok`, ":ok",
		`{:error, {:cantopen, _}} = Depo.open(create: path.("none/a.db")); :ok`, ":ok",
		`{:error, {:bad_open, _}} = Depo.open(7); :ok`, ":ok",
		`{:error, {:bad_open, _}} = Depo.open(delete: "x"); :ok`, ":ok",
		`{:error, {:bad_open, _}} = Depo.open(""); :ok`, ":ok",
		// A database that is linked ends with its owner.
		`{owner, ref} = spawn_monitor(fn ->
		   {:ok, c} = Depo.start_link(:memory)
		   receive do {:which, from} -> send(from, {:c, c}) end
		   receive do :end -> :ok end
		 end)
		 send(owner, {:which, self()})
		 c = receive do {:c, c} -> c end
		 watch = Process.monitor(c)
		 send(owner, :end)
		 receive do {:DOWN, ^watch, _, _, why} -> why end`, ":normal",
		`{:ok, sup} = Supervisor.start_link([{Depo, :memory}], strategy: :one_for_one)
		 [{Depo.DB, first, _, _}] = Supervisor.which_children(sup)
		 watch = Process.monitor(first)
		 Process.exit(first, :kill)
		 receive do {:DOWN, ^watch, _, _, _} -> :ok end
		 wait = fn wait -> case Supervisor.which_children(sup) do
		   [{_, pid, _, _}] when is_pid(pid) and pid != first -> Depo.read(pid, {:single, "SELECT 7"})
		   _ -> wait.(wait) end end
		 wait.(wait)`, "7",
		`Supervisor.stop(sup)`, ":ok",
	)
}

func TestErrorsAreReplies(t *testing.T) {
	_, x := live(t)
	same(t, x.Session,
		`{:error, {:sqlite_error, text}} = Depo.read(db, "SELEC 1"); text =~ "syntax"`, "true",
		`{:error, {:new, {:sqlite_error, _}}} = Depo.teach(db, one: "SELECT 1", new: "INSERT INTO none VALUES (1)"); :ok`,
		":ok",
		`Depo.read(db, :one)`, "{:error, {:unknown_statement, :one}}",
		`Depo.write_sync(db, "CREATE TABLE t (n INTEGER PRIMARY KEY, v)")`, "{:ok, 0}",
		`Depo.write_sync(db, "INSERT INTO t VALUES (?1, ?2)", [1, nil])`, "{:ok, 1}",
		`{:error, {:constraint, _}} = Depo.write_sync(db, "INSERT INTO t VALUES (?1, ?2)", [1, nil]); :ok`, ":ok",
		`{:error, {:sqlite_error, _}} = Depo.write_sync(db, "INSERT INTO t VALUES (?1, ?2)", [1]); :ok`, ":ok",
		`Depo.write_sync(db, "SELECT ?1", [[1]])`, `{:error, {:bad_value, "[1]"}}`,
		`{:error, {:bad_value, _}} = Depo.read(db, "SELECT ?1", Integer.pow(2, 70)); :ok`, ":ok",
		`for sql <- ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ATTACH 'x' AS x", "SELECT 1; COMMIT"],
		     do: ({:error, {kind, _}} = Depo.write_sync(db, sql); kind)`, "[:auth, :auth, :auth, :auth, :auth, :auth]",
		`Depo.write_sync(db, "UPDATE t SET v = 1"); Depo.write_sync(db, " vacuum;")`, "{:ok, 0}",
		`{:error, {:misuse, _}} = Depo.read(db, "SELECT 1" <> <<0>>); :ok`, ":ok",
		`for bad <- [:what, {:read}, {:read, 1, 2, 3}, {:teach, 7}, {:teach, [1]}, {:stream, 1, 2}, {:read, {1}}],
		     do: elem(GenServer.call(db, bad), 0)`, "[:error, :error, :error, :error, :error, :error, :error]",
		`GenServer.cast(db, :nonsense); GenServer.cast(db, {:write, :none}); send(db, :what)
		 Depo.read(db, "")`, "[]",
		`[GenServer.call(db, :commit), GenServer.call(db, :rollback)]`, "[error: :no_transaction, error: :no_transaction]",
		// Names that occur twice, values that Erlang has not, text that looks like a time.
		`Depo.read(db, "SELECT 1 AS a, 2 AS a, 2.5 AS f, x'ff00' AS b, NULL AS n, 9e999 AS i")`,
		`[%{a: 2, b: <<255, 0>>, f: 2.5, i: "+Inf", n: nil}]`,
		`Depo.read(db, {:single, "SELECT typeof(?1)"}, {:blob, "x"})`, `"blob"`,
		`Depo.write(db, "CREATE TABLE d (day DATE, at DATETIME, x)"); Depo.write(db, "INSERT INTO d VALUES (?1, ?2, ?3)",
		   ["2024-01-02", "2024-01-02T03:04:05Z", true])
		 Depo.read(db, {:values, "SELECT * FROM d ORDER BY day;"})`, `[{"2024-01-02", "2024-01-02T03:04:05Z", 1}]`,
		`Depo.read(db, "SELECT day FROM d")`, `[%{day: "2024-01-02"}]`,
	)
}

func TestOnlySoManyNamesOfColumnsBecomeAtoms(t *testing.T) {
	_, x := live(t) // which takes 100
	same(t, x.Session,
		`keys = for i <- 1..150, [row] = Depo.read(db, "SELECT 1 AS c#{i}"), do: hd(Map.keys(row))
		 {Enum.count(keys, &is_atom/1), Enum.count(keys, &is_binary/1)}`, "{100, 50}",
		`Depo.read(db, "SELECT 1 AS c7, 2 AS c150")`, `[%{:c7 => 1, "c150" => 2}]`)
}

func TestTransactionsNestAndBelongToTheirProcess(t *testing.T) {
	_, x := live(t)
	same(t, x.Session,
		`Depo.write(db, "CREATE TABLE t (n UNIQUE)"); add = &Depo.write(db, "INSERT INTO t VALUES (?1)", &1)
		 all = fn -> Depo.read(db, {:values, "SELECT n FROM t ORDER BY n"}) |> Enum.map(&elem(&1, 0)) end
		 Depo.transact(db, fn ->
		   add.(1)
		   Depo.transact(db, fn -> add.(2) end)
		   try do Depo.transact(db, fn -> add.(3); raise "no" end) rescue _ -> :ok end
		   {:error, {:constraint, _}} = Depo.transact(db, fn -> add.(4); add.(1); add.(5) end)
		   [1, 2] = all.()
		 end)`, ":ok",
		`all.()`, "[1, 2]",
		// The error of a cast in a transaction is its result.
		`{:error, {:constraint, _}} = Depo.transact(db, fn -> add.(6); add.(1) end); all.()`, "[1, 2]",
		`try do Depo.transact(db, fn -> add.(6); throw(:up) end) catch x -> {x, all.()} end`, "{:up, [1, 2]}",
		// SQLite rolls back everything here, and not only the level.
		`r = Depo.transact(db, fn ->
		   add.(7)
		   Depo.transact(db, fn -> Depo.write_sync(db, "INSERT OR ROLLBACK INTO t VALUES (1)") end)
		   {:error, {:aborted, _}} = Depo.write_sync(db, "INSERT INTO t VALUES (8)")
		 end)
		 {elem(r, 0), all.()}`, "{:error, [1, 2]}",
		// Others wait, in order; a cast that does not say whose it is, too.
		`me = self()
		 Depo.transact(db, fn ->
		   tasks = for i <- 11..13 do
		     task = spawn_link(fn ->
		       send(me, {:asking, self()})
		       send(me, {:got, i, Depo.read(db, {:single, "SELECT count(*) FROM t"})})
		     end)
		     receive do {:asking, ^task} -> task end
		   end
		   GenServer.cast(db, {:write, "INSERT INTO t VALUES (21)"})
		   Depo.transact(db, fn -> add.(9) end)
		   {:error, :timeout} = Task.await(Task.async(fn -> Depo.transact(db, fn -> :ok end, 1) end))
		   refute = receive do {:got, _, _} -> true after 0 -> false end
		   false = refute
		   3 = Depo.read(db, {:single, "SELECT count(*) FROM t"})
		 end)`, ":ok",
		`for i <- 11..13, do: (receive do {:got, ^i, n} when n in [3, 4] -> :ok end)`, "[:ok, :ok, :ok]",
		`all.()`, "[1, 2, 9, 21]",
		// The end of the caller is a rollback.
		`{p, ref} = spawn_monitor(fn -> Depo.transact(db, fn -> add.(30); send(me, :in); receive do :never -> :ok end end) end)
		 receive do :in -> Process.exit(p, :kill) end
		 receive do {:DOWN, ^ref, _, _, _} -> all.() end`, "[1, 2, 9, 21]",
	)
}

func TestAStreamIsPacedAndEndsWithItsReceiver(t *testing.T) {
	_, x := live(t)
	same(t, x.Session,
		`Depo.write(db, "CREATE TABLE t AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 5000)
		   SELECT n FROM c")
		 s = Depo.stream(db, self(), {:single, "SELECT n FROM t WHERE n <= ?1 ORDER BY n"}, 1000)
		 (for n <- 1..1000, do: (receive do {^s, ^n} -> n end)) |> Enum.sum()`, "500500",
		`ref = Process.monitor(s); receive do {:DOWN, ^ref, _, _, why} when why in [:normal, :noproc] -> :ok end`, ":ok",
		// No more than what was asked for is on its way.
		`s = GenServer.call(db, {:stream, self(), {:single, "SELECT n FROM t ORDER BY n"}, [], 3})
		 (for n <- 1..3, do: (receive do {^s, ^n} -> n end))`, "[1, 2, 3]",
		`:sys.get_state(s).demand`, "0",
		`send(s, {:more, 2}); for n <- 4..5, do: (receive do {^s, ^n} -> n end)`, "[4, 5]",
		`{:sys.get_state(s).demand, Process.info(self(), :message_queue_len)}`, "{0, {:message_queue_len, 0}}",
		// Another transaction may write meanwhile, and the stream waits for its end.
		`Depo.transact(db, fn -> Depo.write(db, "INSERT INTO t VALUES (0)") end)`, ":ok",
		`ref = Process.monitor(s); send(s, {:more, 10_000})
		 read = fn read, n -> receive do {^s, :done} -> n; {^s, _} -> read.(read, n + 1) end end
		 {read.(read, 5), (receive do {:DOWN, ^ref, _, _, why} -> why end)}`, "{5000, :normal}",
		`Depo.rows(db, "SELECT n FROM t", [], 7) |> Enum.count()`, "5001",
		`{p, _} = spawn_monitor(fn -> receive do :never -> :ok end end)
		 s = GenServer.call(db, {:stream, p, "SELECT n FROM t", [], 1})
		 ref = Process.monitor(s); Process.exit(p, :kill)
		 receive do {:DOWN, ^ref, _, _, why} -> why end`, ":normal",
		`{:ok, other} = Depo.open(:memory)
		 s = GenServer.call(other, {:stream, self(), "SELECT 1 UNION ALL SELECT 2", [], 1})
		 ref = Process.monitor(s); Depo.close(other)
		 receive do {^s, %{}} -> :ok end; send(s, {:more, 5})
		 receive do {:DOWN, ^ref, _, _, why} when why in [:normal, :noproc] -> :ok end`, ":ok",
		`{:error, {:sqlite_error, _}} = Depo.stream(db, self(), "SELECT * FROM none"); :ok`, ":ok",
	)
}

func TestSysShowsTheNamesOnly(t *testing.T) {
	_, x := live(t)
	same(t, x.Session,
		`Depo.teach(db, b: "SELECT 'secret'", a: "SELECT 2")`, ":ok",
		`:sys.get_state(db)`, "%{cache: [:a, :b]}",
		`{:status, _, {:module, :gen_server}, [_, _, _, _, misc]} = :sys.get_status(db)
		 {inspect(misc) =~ "%{cache: [:a, :b]}", inspect(misc) =~ "secret"}`, "{true, false}",
		`GenServer.call(db, :stats)`, "%{requests: 1}",
	)
}

// 16 processes move money between accounts, each with transactions of its own, and read meanwhile.
func TestTotalsAreExactUnderLoad(t *testing.T) {
	_, x := live(t)
	each := soak.Size(60, 625)
	same(t, x.Session, fmt.Sprintf(`
		each = %d
		Depo.write(db, "CREATE TABLE acc (id INTEGER PRIMARY KEY, n INTEGER)")
		Depo.write(db, "CREATE TABLE log (who INTEGER, i INTEGER)")
		for id <- 0..15, do: Depo.write(db, "INSERT INTO acc VALUES (?1, 1000)", id)
		Depo.teach(db, give: "UPDATE acc SET n = n + ?2 WHERE id = ?1", log: "INSERT INTO log VALUES (?1, ?2)",
		  get: "SELECT n FROM acc WHERE id = ?1", sum: "SELECT sum(n) FROM acc", mine: "SELECT count(*) FROM log WHERE who = ?1")
		tasks = for who <- 0..15, do: Task.async(fn ->
		  for i <- 1..each do
		    case rem(i, 4) do
		      0 -> Depo.write(db, :log, [who, i])
		      1 -> try do Depo.transact(db, fn -> Depo.write(db, :give, [who, -5]); raise "changed my mind" end) rescue _ -> :ok end
		           Depo.write(db, :log, [who, i])
		      _ -> :ok = Depo.transact(db, fn ->
		             before = Depo.read(db, {:single, :get}, who)
		             Depo.write(db, :give, [who, -3])
		             Depo.transact(db, fn -> Depo.write(db, :give, [rem(who + i, 16), 3]); Depo.write(db, :log, [who, i]) end)
		             now = Depo.read(db, {:single, :get}, who)
		             true = now in [before - 3, before]
		           end)
		    end
		    ^i = Depo.read(db, {:single, :mine}, who)
		    16_000 = Depo.read(db, {:single, :sum})
		  end
		end)
		Task.await_many(tasks, 300_000)
		{Depo.read(db, {:single, :sum}), Depo.read(db, {:single, "SELECT count(*) FROM log"}) == 16 * each}`, each),
		"{16000, true}")
}
