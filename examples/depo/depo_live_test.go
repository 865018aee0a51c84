package depo_test

import "testing"

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
	)
}
