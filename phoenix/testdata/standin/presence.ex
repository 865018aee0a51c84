# A tracker as an application has it; it keeps the topics of its diffs, and how often something has joined and left.
defmodule Demo.Presence do
  use Phoenix.Tracker

  def start_link(opts), do: Phoenix.Tracker.start_link(__MODULE__, opts, opts)

  @impl true
  def init(_opts), do: {:ok, nil}

  @impl true
  def handle_diff(diff, state) do
    for {topic, {joins, leaves}} <- diff do
      :ets.update_counter(:demo_diffs, {topic, :joins}, length(joins), {{topic, :joins}, 0})
      :ets.update_counter(:demo_diffs, {topic, :leaves}, length(leaves), {{topic, :leaves}, 0})
    end

    {:ok, state}
  end
end
