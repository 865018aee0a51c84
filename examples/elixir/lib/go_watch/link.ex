defmodule GoWatch.Link do
  @moduledoc """
  Watches the connection with the Go node, and is a circuit breaker for calls to it.

  The node is hidden, so that `Node.list/0` does not show it and `:net_kernel.monitor_nodes/2` has to be asked for all types.
  While it is away a connection is tried again and again, each time from a process of its own, since a try may take seconds.

  After `:failures` (3) faults in a row the breaker opens, and for `:retry` (1000) milliseconds calls fail at once. Then one
  call is let through: if it succeeds the breaker closes, else it stays open as long again.
  """
  use GenServer

  @table __MODULE__

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @doc "The node if calls may go there now."
  @spec pass :: {:ok, node} | {:error, :away | :open}
  def pass do
    cond do
      not up?() -> {:error, :away}
      closed?() or probe?() -> {:ok, target()}
      true -> {:error, :open}
    end
  end

  defp closed?, do: value(:faults) < value(:failures)

  # One of those who come after the time is up gets through: the one who moves the time on.
  defp probe? do
    due = value(:due)
    now = now()
    now >= due and :ets.select_replace(@table, [{{:due, due}, [], [{{:due, now + value(:retry)}}]}]) == 1
  end

  @doc "Reports how a call ended."
  @spec report(boolean) :: :ok
  def report(false), do: set(:faults, 0)

  def report(true) do
    if :ets.update_counter(@table, :faults, 1) >= value(:failures), do: set(:due, now() + value(:retry)), else: :ok
  end

  def target, do: value(:node)
  def up?, do: value(:up)
  def subscribe, do: GenServer.call(__MODULE__, :subscribe)

  @impl true
  def init(opts) do
    :ets.new(@table, [:named_table, :public, read_concurrency: true])
    node = Keyword.fetch!(opts, :node)
    settings = [node: node, up: false, faults: 0, due: 0, failures: opts[:failures] || 3, retry: opts[:retry] || 1000]
    :ets.insert(@table, settings)
    :ok = :net_kernel.monitor_nodes(true, node_type: :all)
    {:ok, connect(%{node: node, dialer: nil, subscribers: %{}})}
  end

  # A node that is connected already was no event.
  defp connect(state) do
    if state.node in Node.list(:connected), do: changed(state, true), else: dial(state)
  end

  defp dial(%{dialer: nil, node: node} = state) do
    {pid, _} = spawn_monitor(fn -> Node.connect(node) end)
    %{state | dialer: pid}
  end

  defp dial(state), do: state

  @impl true
  def handle_call(:subscribe, {pid, _}, state) do
    ref = Process.monitor(pid)
    send(pid, {:go_watch, word(up?())})
    {:reply, :ok, put_in(state.subscribers[ref], pid)}
  end

  @impl true
  def handle_info({:nodeup, node, _}, %{node: node} = state), do: {:noreply, changed(state, true)}
  def handle_info({:nodedown, node, _}, %{node: node} = state), do: {:noreply, state |> changed(false) |> dial()}

  def handle_info({:DOWN, _, :process, pid, _}, %{dialer: pid} = state) do
    unless up?(), do: Process.send_after(self(), :dial, 200)
    {:noreply, %{state | dialer: nil}}
  end

  def handle_info({:DOWN, ref, :process, _, _}, state),
    do: {:noreply, %{state | subscribers: Map.delete(state.subscribers, ref)}}

  def handle_info(:dial, state), do: {:noreply, if(up?(), do: state, else: connect(state))}
  def handle_info(_other, state), do: {:noreply, state}

  defp changed(state, up) do
    if up?() != up do
      set(:up, up)
      set(:faults, 0)
      Enum.each(state.subscribers, fn {_, pid} -> send(pid, {:go_watch, word(up)}) end)
    end

    state
  end

  defp word(true), do: :up
  defp word(false), do: :down

  defp set(key, value) do
    :ets.insert(@table, {key, value})
    :ok
  end

  defp value(key), do: :ets.lookup_element(@table, key, 2)
  defp now, do: System.monotonic_time(:millisecond)
end
