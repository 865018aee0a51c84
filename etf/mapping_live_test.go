package etf_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gonode-otp/gonode/etf"
	"github.com/gonode-otp/gonode/gonodetest/beam"
)

// mappingRow is a row of the second table of docs/mapping.md, by its first cell, and what shows that it is true: a
// function of Erlang or Elixir that takes the term of a value and fails if that is not what the row says. What it
// returns goes back into the same Go type.
type mappingRow struct {
	cell string
	hold func(t *testing.T, erl, elixir *beam.Node)
}

// row is one whose value comes back as want.
func row[T any](cell string, v, want T, erlang, elixir string) mappingRow {
	return mappingRow{cell, func(t *testing.T, erl, ex *beam.Node) {
		var answers []etf.Term
		if erlang != "" {
			answers = append(answers, throughErl(t, erl, v, erlang))
		}
		if elixir != "" {
			answers = append(answers, throughElixir(t, ex, v, elixir))
		}
		require.NotEmpty(t, answers)
		for _, answer := range answers {
			var back T
			require.NoError(t, etf.Unmarshal(answer, &back))
			require.Equal(t, want, back)
		}
	}}
}

// same is a row whose value comes back as it was.
func same[T any](cell string, v T, erlang, elixir string) mappingRow {
	return row(cell, v, v, erlang, elixir)
}

// throughElixir is throughErl for Elixir.
func throughElixir(t *testing.T, e *beam.Node, v any, fun string) etf.Term {
	t.Helper()
	term, err := etf.Marshal(v)
	require.NoError(t, err)
	sent, err := etf.Append(nil, term)
	require.NoError(t, err)
	bytes := strings.Trim(strings.ReplaceAll(fmt.Sprint(sent), " ", ","), "[]")
	answer := e.Eval(t, fmt.Sprintf("Base.encode16(:erlang.term_to_binary((%s).(:erlang.binary_to_term(<<%s>>))))",
		fun, bytes))
	received, err := hex.DecodeString(strings.Trim(answer, `"`))
	require.NoError(t, err)
	back, err := etf.Decode(received)
	require.NoError(t, err)
	return back
}

type color int

var colors = []etf.Atom{"red", "green"}

func (color) ETFAtoms() []etf.Atom { return colors }

type level string

func (level) ETFAtoms() []etf.Atom { return []etf.Atom{"low", "high"} }

// serial is an array that has a text.
type serial [4]byte

func (s serial) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, s[:]), nil }

func (s *serial) UnmarshalText(text []byte) error {
	_, err := hex.Decode(s[:], text)
	return err
}

type moment struct {
	_       struct{}  `etf:"struct=Elixir.Moment"`
	At      time.Time `etf:",datetime"`
	Naive   time.Time `etf:",naive_datetime"`
	Day     time.Time `etf:",date"`
	Numbers []time.Time
}

type id16 struct {
	ID [16]byte `etf:"id,uuid"`
}

var (
	uuid = [16]byte{0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x41, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0, 0xff}
	noon = time.Date(2026, 2, 28, 12, 30, 59, 123456000, time.UTC)
	deep = new(big.Int).Lsh(big.NewInt(-3), 90)
)

var plainRows = []mappingRow{
	same("`bool`", true, "fun(true) -> true end", "fn true -> true end"),
	same("integers, `big.Int`", []any{int64(-5), deep}, "fun([-5, N]) when N =:= -3 bsl 90 -> [-5, N] end", ""),
	same("integers, `big.Int`", *deep, "fun(N) when N =:= -3 bsl 90 -> N end", ""),
	row("`float64`, `float32`", 1.5, 2, "fun(1.5) -> 2 end", "fn 1.5 -> 2.0 end"),
	same("`string`", "hé", `fun(<<"hé"/utf8>> = T) -> unicode:characters_to_list(T) end`, `fn "hé" -> :hé end`),
	same("`string` with `,atom`", struct {
		S []string `etf:"s,atom"`
	}{[]string{"on", "off"}}, "fun(#{s := [on, off]} = M) -> M end", `fn %{s: [:on, :off]} -> %{s: ["on", :off]} end`),
	same("`string` with `,charlist`", struct {
		S string `etf:"s,charlist"`
	}{"hi"}, `fun(#{s := "hi"} = M) -> M end`, `fn %{s: 'hi'} -> %{s: "hi"} end`),
	row("`etf.Enum`", map[level]color{"high": 1, "low": 0}, map[level]color{"high": 0},
		"fun(#{high := green, low := red}) -> #{high => red} end", "fn %{high: :green, low: :red} -> %{high: :red} end"),
	same("`[]byte`, `[N]byte`", [][2]byte{{1, 2}}, "fun([<<1, 2>> = B]) -> [binary_to_list(B)] end",
		"fn [<<1, 2>>] = l -> l end"),
	same("`[16]byte` with `,uuid`", struct {
		ID [16]byte `etf:"id,uuid"`
	}{uuid}, `fun(#{id := <<"550e8400-e29b-41d4-a716-4466554400ff">>}) ->
			#{id => <<"550E8400-E29B-41D4-A716-4466554400FF">>} end`,
		`fn %{id: "550e8400-" <> _ = id} -> %{id: Base.decode16!(String.replace(id, "-", ""), case: :lower)} end`),
	same("a `[N]byte` that has text methods, with `,raw`", struct {
		S serial
		R serial `etf:"r,raw"`
	}{serial{1, 2, 3, 4}, serial{5, 6, 7, 8}}, `fun(#{s := <<"01020304">>, r := <<5, 6, 7, 8>>} = M) -> M end`, ""),
	row("slice, array", [][]int{{1}, nil, {2}}, [][]int{{}, nil, {1}}, "fun([[1], [], [2]]) -> [[], undefined, [1]] end",
		"fn [[1], [], [2]] -> [[], nil, [1]] end"),
	same("slice, array with `,tuple`", struct {
		T [2]int `etf:"t,tuple"`
	}{[2]int{1, 2}}, "fun(#{t := {1, 2}} = M) -> M end", "fn %{t: {1, 2}} = m -> m end"),
	row("`[]etf.Atom`", []etf.Atom{"a", "B"}, []etf.Atom{"B"}, "fun([a, 'B']) -> ['B'] end", "fn [:a, :B] -> [:B] end"),
	row("`map[K]V`", map[etf.Atom]map[int]bool{"a": nil, "b": {1: true}}, map[etf.Atom]map[int]bool{"b": nil},
		"fun(#{a := #{}, b := #{1 := true}}) -> #{b => undefined} end", "fn %{a: %{}, b: %{1 => true}} -> %{b: nil} end"),
	same("`map[K]V` with `,proplist`", struct {
		L map[etf.Atom]bool `etf:"l,proplist"`
	}{map[etf.Atom]bool{"a": true, "b": false}}, "fun(#{l := [{a, true}, {b, false}]}) -> #{l => [a, {b, false}]} end",
		"fn %{l: [a: true, b: false]} -> %{l: [b: false, a: true]} end"),
	row("`map[string]any`", map[string]any{"k": 1, "n": nil}, map[string]any{"k": []any{int64(1), "x"}, "n": nil},
		`fun(#{<<"k">> := 1, <<"n">> := undefined} = M) -> M#{<<"k">> => [1, <<"x">>]} end`,
		`fn %{"k" => 1, "n" => :undefined} -> %{k: [1, "x"], n: nil} end`),
	row("`any`", any(map[etf.Atom]any{"f": 1.5, "b": true, "t": etf.Tuple{}}),
		any(map[string]any{"f": 1.5, "b": true, "t": etf.Tuple{}}), "fun(#{f := 1.5, b := true, t := {}} = M) -> M end", ""),
	same("`etf.Term`", []etf.Term{etf.Atom("a"), etf.Tuple{etf.Int(1)}}, "fun([a, {1}] = T) -> T end", ""),
	same("`encoding.TextMarshaler`", serial{0xab, 1}, `fun(<<"ab010000">>) -> "ab010000" end`,
		`fn "ab010000" -> :ab010000 end`),
	same("`etf.Marshaler`", octet(7), "fun({octet, 7} = T) -> T end", ""),
}

var structRows = []mappingRow{
	row("struct", struct{ UserID, N int }{1, 2}, struct{ UserID, N int }{3, 0},
		`fun(#{user_id := 1, n := 2}) -> #{<<"user_id">> => 3, x => 1} end`,
		"fn %{user_id: 1, n: 2} -> %{user_id: 3} end"),
	same("struct with `_ struct{} `etf:\"tuple\"``", pair{Key: "a", Tags: []string{"b"}},
		`fun({a, [<<"b">>]} = T) -> T end`, `fn {:a, ["b"]} = t -> t end`),
	same("… `etf:\"record=point\"`", point{X: 1, Y: 2}, "fun({point, 1, 2} = T) -> T end",
		"fn {:point, 1, 2} = t -> t end"),
	same("… `etf:\"proplist\"`", options{Port: 80, Verbose: true}, "fun([{port, 80}, {verbose, true}] = T) -> T end",
		"fn [port: 80, verbose: true] -> [:verbose, {:port, 80}] end"),
	same("… `etf:\"binarykeys\"`", headers{ContentType: "t", Length: 1},
		`fun(#{<<"content_type">> := <<"t">>, <<"n">> := 1} = M) -> M end`,
		`fn %{"n" => 1} -> %{n: 1, content_type: "t"} end`),
	row("… `etf:\"struct=Elixir.My.User\"`", user{Name: "Joe"}, user{Name: "Ann"},
		"", `fn %{__struct__: My.User, name: "Joe", mail: nil} = u -> %{u | name: "Ann"} end`),
	row("pointer", []*int{nil, new(int)}, []*int{nil, nil}, "fun([undefined, 0]) -> [undefined, undefined] end",
		"fn [:undefined, 0] -> [nil, nil] end"),
	same("pointer with `,nil`, or in an Elixir struct", struct {
		N *int `etf:"n,nil"`
		M struct {
			_ struct{} `etf:"struct=Elixir.M"`
			P *bool
		}
	}{}, "", "fn %{n: nil, m: %{__struct__: M, p: nil}} = m -> m end"),
	same("any field with `,omitempty`", struct {
		N int `etf:"n,omitempty"`
	}{}, "fun(M) when M =:= #{} -> M end", "fn m when m == %{} -> m end"),
}

var timeRows = []mappingRow{
	same("`time.Duration`", []time.Duration{1500 * time.Millisecond, math.MaxInt64},
		"fun([1500, infinity] = T) -> T end", ""),
	same("`time.Duration` with `,seconds`, `,micros`, `,nanos`", struct {
		S time.Duration `etf:"s,seconds"`
		U time.Duration `etf:"u,micros"`
		N time.Duration `etf:"n,nanos"`
	}{time.Minute, time.Millisecond, 7}, "fun(#{s := 60, u := 1000, n := 7} = M) -> M end", ""),
	same("`time.Time`", []time.Time{noon}, `fun([<<"2026-02-28T12:30:59.123456Z">> = B]) ->
			calendar:rfc3339_to_system_time(binary_to_list(B)), [B] end`,
		`fn [s] -> {:ok, at, 0} = DateTime.from_iso8601(s); [at] end`),
	same("`time.Time` with `,seconds`, `,millis`, `,micros`, `,nanos`", struct {
		M time.Time `etf:"m,micros"`
	}{noon}, `fun(#{m := T} = M) ->
			{{2026,2,28},{12,30,59}} = calendar:system_time_to_universal_time(T, microsecond), M end`,
		"fn %{m: n} = m -> ~U[2026-02-28 12:30:59.123456Z] = DateTime.from_unix!(n, :microsecond); m end"),
	same("`time.Time` with `,datetime`", struct {
		T time.Time `etf:"t,datetime"`
	}{noon}, "", `fn %{t: t} -> true = t === ~U[2026-02-28 12:30:59.123456Z]; %{t: DateTime.add(t, 0, :second)} end`),
	row("`time.Time` with `,datetime`", struct {
		T time.Time `etf:"t,datetime"`
	}{noon.In(time.FixedZone("X", 3600))}, struct {
		T time.Time `etf:"t,datetime"`
	}{noon.Truncate(time.Second).In(time.FixedZone("CEST", 7200))}, "",
		`fn %{t: ~U[2026-02-28 12:30:59.123456Z]} -> %{t: %DateTime{year: 2026, month: 2, day: 28, hour: 14, minute: 30,
			second: 59, microsecond: {0, 0}, time_zone: "Europe/Berlin", zone_abbr: "CEST", utc_offset: 3600,
			std_offset: 3600}} end`),
	same("`time.Time` with `,naive_datetime`", struct {
		T time.Time `etf:"t,naive_datetime"`
	}{noon}, "", `fn %{t: t} -> true = t === ~N[2026-02-28 12:30:59.123456]; %{t: NaiveDateTime.add(t, 0)} end`),
	row("`time.Time` with `,date`", struct {
		T time.Time `etf:"t,date"`
	}{noon}, struct {
		T time.Time `etf:"t,date"`
	}{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, "",
		`fn %{t: t} -> true = t === ~D[2026-02-28]; %{t: Date.add(t, 1)} end`),
	row("`time.Time` with `,calendar`", struct {
		T time.Time `etf:"t,calendar"`
	}{noon}, struct {
		T time.Time `etf:"t,calendar"`
	}{noon.Truncate(time.Second).Add(time.Second)},
		`fun(#{t := {{2026,2,28},{12,30,59}} = T}) -> #{t => calendar:gregorian_seconds_to_datetime(
			calendar:datetime_to_gregorian_seconds(T) + 1)} end`, ""),
}

func TestEachRowOfTheMappingIsTrueOnARealNode(t *testing.T) {
	erl, elixir := beam.StartErl(t, beam.WithoutDist()), beam.StartElixir(t, beam.WithoutDist())
	held := map[string]bool{}
	for _, rows := range [][]mappingRow{plainRows, structRows, timeRows} {
		for _, r := range rows {
			held[r.cell] = true
			t.Run(r.cell, func(t *testing.T) { r.hold(t, erl, elixir) })
		}
	}
	page, err := os.ReadFile("../docs/mapping.md")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(page), "| Go value |")
	var cells []string
	for _, line := range strings.Split(table, "\n")[2:] {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		cell, _, _ := strings.Cut(line[2:], " | ")
		cells = append(cells, strings.ReplaceAll(cell, "\\`", "`"))
	}
	require.Len(t, cells, len(held))
	for _, cell := range cells {
		require.True(t, held[cell], "nothing holds the row %s", cell)
	}
}

func TestATimeThatIsNoneOfTheCalendarIsRefused(t *testing.T) {
	for _, source := range []string{"{{2026,2,29},{0,0,0}}", "{{2026,1,1},{24,0,0}}", "{{2026,13,1},{0,0,0}}", "{1,2}",
		"{{2026,1,1},{0,0,60}}", "{{2026,1},{0,0,0}}", "{{2026,1,1.0},{0,0,0}}", "{{10000,1,1},{0,0,0}}", "{}", "#{}", "7",
		"#{'__struct__' => 'Elixir.Date', calendar => 'Elixir.Other', year => 1, month => 1, day => 1}",
		"#{'__struct__' => 'Elixir.Time', calendar => 'Elixir.Calendar.ISO', year => 1, month => 1, day => 1}",
		"#{'__struct__' => 'Elixir.NaiveDateTime', calendar => 'Elixir.Calendar.ISO', year => 1, month => 1, day => 1}"} {
		_, err := into[time.Time](t, source)
		require.Error(t, err, source)
	}
	_, err := etf.Marshal(moment{At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
	require.ErrorContains(t, err, ".At (time.Time): the calendar of Erlang and Elixir has no year 10000")
}

func TestAnEnumIsOneOfItsAtoms(t *testing.T) {
	_, err := etf.Marshal([]color{2})
	require.EqualError(t, err, "etf: marshal [0] (etf_test.color): the value is none of [red,green]")
	_, err = etf.Marshal(color(-1))
	require.Error(t, err)
	_, err = etf.Marshal(level("lower"))
	require.Error(t, err)
	for _, source := range []string{"blue", "<<\"red\">>", "1", "undefined"} {
		_, err = into[color](t, source)
		require.ErrorContains(t, err, "want one of [red,green]", source)
		_, err = into[level](t, source)
		require.ErrorContains(t, err, "want one of [low,high]", source)
	}
}

func TestAUUIDIsReadFromItsTextOnly(t *testing.T) {
	for _, text := range []string{"550e8400-e29b-41d4-a716-44665544000", "550e8400-e29b-41d4-a716-4466554400fg",
		"550e8400+e29b-41d4-a716-4466554400ff", "{550e8400e29b41d4a7164466554400ff}--"} {
		_, err := into[id16](t, `#{id => <<"`+text+`">>}`)
		require.ErrorContains(t, err, ".ID", text)
	}
}
