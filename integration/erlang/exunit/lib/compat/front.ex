defmodule Compat.Front do
  @moduledoc "A GenServer in front of a server of the node: it asks that, watches it, and answers when it has answered."

  use GenServer

  def start_link({server, opts}), do: GenServer.start_link(__MODULE__, server, opts)

  @impl true
  def init(server), do: {:ok, %{server: server, ref: Process.monitor(server), ended: nil}}

  @impl true
  def handle_call(:ended, _from, state), do: {:reply, state.ended, state}
  # Handed on: the other answers the caller.
  def handle_call({:hand_on, request}, from, state) do
    send(state.server, {:"$gen_call", from, request})
    {:noreply, state}
  end

  def handle_call(request, _from, state),
    do: {:reply, GenServer.call(state.server, request), state, {:continue, request}}

  @impl true
  def handle_continue(_request, state), do: {:noreply, state}

  @impl true
  def handle_cast(request, state) do
    GenServer.cast(state.server, request)
    {:noreply, state}
  end

  @impl true
  def handle_info({:DOWN, ref, :process, _, reason}, %{ref: ref} = state), do: {:noreply, %{state | ended: reason}}
end
