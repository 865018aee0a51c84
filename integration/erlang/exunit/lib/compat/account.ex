defmodule Compat.Account do
  @moduledoc "A formatter of ExUnit that writes a line for each test, as the README of the Common Test suites describes it."

  use GenServer

  @impl true
  def init(_opts) do
    [release, tested] = :compat_run.on()
    file = File.open!(System.get_env("COMPAT_OUT", "compat.tsv"), [:write, :utf8])
    {:ok, %{file: file, tail: [to_string(release), to_string(tested)]}}
  end

  @impl true
  def handle_cast({:test_finished, test}, state) do
    {outcome, why} = outcome(test.state)
    name = to_string(test.name)
    place = test.tags[:describe] || ""
    promise = name |> String.replace_prefix("test ", "") |> String.replace_prefix(place <> " ", "")
    function = test.module |> Module.split() |> List.last() |> String.replace_suffix("Test", "")
    line = ["exunit", function, place <> ": " <> promise, outcome, place, promise, why | state.tail]
    IO.puts(state.file, Enum.map_join(line, "\t", &one_line/1))
    {:noreply, state}
  end

  def handle_cast({:suite_finished, _}, state) do
    File.close(state.file)
    {:noreply, state}
  end

  def handle_cast(_, state), do: {:noreply, state}

  defp outcome(nil), do: {"ok", ""}
  defp outcome({:failed, failures}), do: {"failed", inspect(failures, printable_limit: 2000, limit: 100)}
  defp outcome({:invalid, _}), do: {"failed", "the module could not be set up"}
  defp outcome({_, why}), do: {"skipped", why}

  defp one_line(text), do: text |> String.split() |> Enum.join(" ")
end
