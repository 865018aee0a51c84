# A tracker as an Elixir application has it.
defmodule Demo.Presence do
  use Phoenix.Tracker

  def start_link(opts), do: Phoenix.Tracker.start_link(__MODULE__, opts, opts)

  @impl true
  def init(_opts), do: {:ok, nil}

  @impl true
  def handle_diff(_diff, state), do: {:ok, state}
end
