defmodule TermsTest do
  use Compat.Case

  defmodule Point do
    defstruct x: 0, y: nil, label: "origin"
  end

  terms = [
    {"a struct", quote(do: %Point{x: 1, y: 2.5, label: "ünïcode"})},
    {"nested structs", quote(do: %Point{x: %Point{}, y: [%Point{x: -1}]})},
    {"a range", quote(do: 1..10//3)},
    {"a date and time", quote(do: ~U[2026-02-28 12:34:56.789012Z])},
    {"a MapSet", quote(do: MapSet.new([1, :two, "three"]))},
    {"a version", quote(do: Version.parse!("1.2.3-rc.1+build"))},
    {"a URI", quote(do: URI.parse("https://user@example.com:8080/path?q=1#f"))},
    {"a regular expression's source", quote(do: Regex.source(~r/a+b/u))},
    {"an exception", quote(do: %ArgumentError{message: "wrong"})},
    {"a map with keys of all kinds",
     quote(do: %{1 => :a, 1.0 => :b, "x" => ~c"y", nil => true, {1, 2} => [], %{} => %{a: %{}}})},
    {"a large map", quote(do: Map.new(1..1000, &{&1, to_string(&1)}))},
    {"a keyword list", quote(do: [a: 1, b: "two", a: 3])},
    {"an improper list", quote(do: [1, 2 | :tail])},
    {"a binary", quote(do: <<0, 1, 254, 255>>)},
    {"an empty binary", quote(do: "")},
    {"a text", quote(do: "日本語 – naïve 🎈")},
    {"a bitstring", quote(do: <<5::3>>)},
    {"a longer bitstring", quote(do: <<"text", 1::1>>)},
    {"a charlist", quote(do: ~c"charlist")},
    {"a charlist beyond bytes", quote(do: ~c"日本")},
    {"atoms", quote(do: [nil, true, :ok, :"with space", :ünïcode, Elixir.Some.Module])},
    {"integers", quote(do: [0, -1, 255, 256, -2_147_483_649, 12_345_678_901_234_567_890, -(2 ** 200)])},
    {"floats", quote(do: [0.0, -1.5, 1.0e308, 5.0e-324])},
    {"a tuple", quote(do: {:ok, {}, {1, {2, {3}}}})},
    {"pids and references", quote(do: {self(), make_ref(), node()})},
    {"a function", quote(do: &String.upcase/1)}
  ]

  describe "terms" do
    for {title, term} <- terms do
      test "#{title} comes back as it was", %{echo: echo} do
        term = unquote(term)
        assert GenServer.call(echo, term) === term
      end
    end

    test "a struct that came back is one", %{echo: echo} do
      assert %Point{x: 7, label: "origin"} = GenServer.call(echo, %Point{x: 7})
      assert %{GenServer.call(echo, %Point{}) | y: 1}.y == 1
    end

    test "a closure comes back and can be called", %{echo: echo} do
      n = 41
      assert GenServer.call(echo, fn -> n + 1 end).() == 42
    end

    test "a stream of a million bytes comes back", %{echo: echo} do
      binary = :crypto.strong_rand_bytes(1_000_000)
      assert GenServer.call(echo, binary, 30_000) == binary
    end
  end
end
