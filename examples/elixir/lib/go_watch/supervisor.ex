defmodule GoWatch.Supervisor do
  @moduledoc """
  The program of the Go node and the watch over its connection. One of them ending does not end the other: when the program
  is restarted, the watch sees the node go and come.

  Options: `:node`, and optionally `:command` (program and arguments), `:failures` and `:retry` (see `GoWatch.Link`).
  """
  use Supervisor

  def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts) do
    program = if opts[:command], do: [{GoWatch.Program, opts[:command]}], else: []
    Supervisor.init([{GoWatch.Link, opts} | program], strategy: :one_for_one, max_restarts: 5, max_seconds: 10)
  end
end
