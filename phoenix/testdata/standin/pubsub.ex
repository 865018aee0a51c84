# A stand-in for Phoenix.PubSub 2.x with its PG2 adapter, as far as other nodes see it: groups in pg, processes that are
# registered under their names, {:forward_to_local, ...}. The tests run the same against the real one.
defmodule Phoenix.PubSub do
  use Supervisor

  def child_spec(opts), do: %{id: opts[:name], start: {__MODULE__, :start_link, [opts]}, type: :supervisor}

  def start_link(opts), do: Supervisor.start_link(__MODULE__, opts, name: Module.concat(opts[:name], "Supervisor"))

  @impl true
  def init(opts) do
    name = opts[:name]
    size = opts[:pool_size] || 1
    :persistent_term.put({__MODULE__, name}, size)
    with {:error, {:already_started, _}} <- :pg.start(Phoenix.PubSub), do: :ok

    workers =
      for k <- 1..size do
        group = group(name, k)
        %{id: group, start: {Phoenix.PubSub.StandIn, :start_link, [{name, group}]}}
      end

    Supervisor.init([{Registry, keys: :duplicate, name: name} | workers], strategy: :rest_for_one)
  end

  def group(name, 1), do: Module.concat(name, "Adapter")
  def group(name, k), do: :"#{Module.concat(name, "Adapter")}_#{k}"

  def subscribe(name, topic) do
    {:ok, _} = Registry.register(name, topic, nil)
    :ok
  end

  def unsubscribe(name, topic), do: Registry.unregister(name, topic)

  def broadcast(name, topic, message, dispatcher \\ __MODULE__), do: send_all(name, :none, topic, message, dispatcher)
  def broadcast_from(name, from, topic, message, by \\ __MODULE__), do: send_all(name, from, topic, message, by)
  def local_broadcast(name, topic, message, dispatcher \\ __MODULE__), do: local(name, :none, topic, message, dispatcher)

  def direct_broadcast(node, name, topic, message, dispatcher \\ __MODULE__) do
    send({group(name, 1), node}, {:forward_to_local, topic, message, dispatcher})
    :ok
  end

  defp send_all(name, from, topic, message, dispatcher) do
    k = 1 + :erlang.phash2(self(), :persistent_term.get({__MODULE__, name}))

    for pid <- :pg.get_members(Phoenix.PubSub, group(name, k)), node(pid) != node() do
      send(pid, {:forward_to_local, topic, message, dispatcher})
    end

    local(name, from, topic, message, dispatcher)
  end

  def local(name, from, topic, message, dispatcher) do
    Registry.dispatch(name, topic, {dispatcher, :dispatch, [from, message]})
    :ok
  end

  def dispatch(entries, from, message) do
    for {pid, _} <- entries, pid != from, do: send(pid, message)
    :ok
  end
end

defmodule Phoenix.Channel.Server do
  def dispatch(entries, from, message), do: Phoenix.PubSub.dispatch(entries, from, message)
end

defmodule Phoenix.PubSub.StandIn do
  use GenServer

  def start_link({_, group} = arg), do: GenServer.start_link(__MODULE__, arg, name: group)

  @impl true
  def init({name, group}) do
    :ok = :pg.join(Phoenix.PubSub, group, self())
    {:ok, name}
  end

  @impl true
  def handle_info({:forward_to_local, topic, message, dispatcher}, name) do
    Phoenix.PubSub.local(name, :none, topic, message, dispatcher)
    {:noreply, name}
  end
end
