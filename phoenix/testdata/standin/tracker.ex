# A stand-in for Phoenix.Tracker 2.x, as far as other nodes see it: heartbeats with deltas, clocks, requests for what is
# missing, replicas that are up, down and forgotten. It answers requests with its full state only. The tests run the
# same against the real one.
defmodule Phoenix.Tracker.State do
  defstruct replica: nil, context: %{}, clouds: %{}, values: nil, pids: nil, mode: :normal, delta: :unset,
            replicas: %{}, range: {%{}, %{}}
end

defmodule Phoenix.Tracker do
  defmacro __using__(_opts), do: quote(do: @behaviour(Phoenix.Tracker))

  @callback init(term) :: {:ok, term}
  @callback handle_diff(map, term) :: {:ok, term}

  def start_link(module, arg, opts) do
    name = opts[:name]
    size = opts[:pool_size] || 1
    :persistent_term.put({__MODULE__, name}, size)

    shards =
      for k <- 0..(size - 1) do
        shard = :"#{name}_shard#{k}"
        %{id: shard, restart: :transient, start: {Phoenix.Tracker.Shard, :start_link, [shard, module, arg, opts]}}
      end

    Supervisor.start_link(shards, strategy: :one_for_one, name: name)
  end

  def track(name, pid, topic, key, meta), do: GenServer.call(shard(name, topic), {:track, pid, topic, key, meta})
  def update(name, pid, topic, key, meta), do: GenServer.call(shard(name, topic), {:update, pid, topic, key, meta})
  def untrack(name, pid, topic, key), do: GenServer.call(shard(name, topic), {:untrack, pid, topic, key})
  def untrack(name, pid), do: each(name, {:untrack, pid})
  def graceful_permdown(name), do: each(name, :graceful_permdown)
  def list(name, topic), do: for({_, key, meta} <- rows(name, topic), do: {key, meta})
  def get_by_key(name, topic, key), do: for({pid, ^key, meta} <- rows(name, topic), do: {pid, meta})

  defp rows(name, topic), do: GenServer.call(shard(name, topic), {:rows, topic})
  defp shard(name, topic), do: :"#{name}_shard#{:erlang.phash2(topic, :persistent_term.get({__MODULE__, name}))}"

  defp each(name, request) do
    for k <- 0..(:persistent_term.get({__MODULE__, name}) - 1), do: GenServer.call(:"#{name}_shard#{k}", request)
    :ok
  end
end

defmodule Phoenix.Tracker.Shard do
  use GenServer
  alias Phoenix.Tracker.State

  def start_link(shard, module, arg, opts), do: GenServer.start_link(__MODULE__, {shard, module, arg, opts}, name: shard)

  @impl true
  def init({shard, module, arg, opts}) do
    Process.flag(:trap_exit, true)
    {:ok, inner} = module.init(arg)
    period = opts[:broadcast_period] || 1500
    silent = opts[:max_silent_periods] || 10
    me = {node(), System.system_time(:microsecond) + System.unique_integer([:positive])}
    pubsub = opts[:pubsub_server]
    :ok = Phoenix.PubSub.subscribe(pubsub, "phx_presence:#{shard}")
    send(self(), :heartbeat)

    {:ok,
     %{shard: shard, module: module, inner: inner, pubsub: pubsub, me: me, period: period, max_silent: silent,
       down_after: opts[:down_period] || period * silent * 2, forget_after: opts[:permdown_period] || 1_200_000,
       silent: silent, sample: 2, context: %{me => 0}, clouds: %{}, values: %{}, replicas: %{}, asked: %{},
       news: MapSet.new(), added: %{}, told: 0}}
  end

  @impl true
  def handle_call({:track, pid, topic, key, meta}, _from, s) do
    case find(s, pid, topic, key) do
      nil ->
        Process.link(pid)
        ref = make_phx_ref()
        {s, row} = add(s, pid, topic, key, Map.put(meta, :phx_ref, ref))
        {:reply, {:ok, ref}, diff(s, [row], [])}

      _ ->
        {:reply, {:error, {:already_tracked, pid, topic, key}}, s}
    end
  end

  def handle_call({:update, pid, topic, key, meta}, _from, s) do
    case find(s, pid, topic, key) do
      {tag, {_, _, _, old} = gone} ->
        ref = make_phx_ref()
        meta = Map.merge(meta, %{phx_ref: ref, phx_ref_prev: old.phx_ref})
        {s, row} = s |> remove(tag) |> add(pid, topic, key, meta)
        {:reply, {:ok, ref}, diff(s, [row], [gone])}

      nil ->
        {:reply, {:error, :nopresence}, s}
    end
  end

  def handle_call({:untrack, pid, topic, key}, _from, s) do
    {:reply, :ok, drop(s, fn {p, t, k, _} -> {p, t, k} == {pid, topic, key} end)}
  end

  def handle_call({:untrack, pid}, _from, s), do: {:reply, :ok, drop(s, &(elem(&1, 0) == pid))}

  def handle_call({:rows, topic}, _from, s) do
    {:reply, Enum.sort(for {{ref, _}, {pid, ^topic, key, meta}} <- s.values, up?(s, ref), do: {pid, key, meta}), s}
  end

  def handle_call(:values, _from, s), do: {:reply, for({tag, {p, t, k, m}} <- s.values, do: {{t, p, k}, m, tag}), s}

  def handle_call(:graceful_permdown, _from, s) do
    broadcast(s, {:pub, :graceful_permdown, s.me})
    {:stop, :normal, :ok, s}
  end

  @impl true
  def handle_info(:heartbeat, s) do
    s = s |> tell() |> ask() |> downs()
    Process.send_after(self(), :heartbeat, s.period)
    {:noreply, s}
  end

  def handle_info({:EXIT, pid, _}, s), do: {:noreply, drop(s, &(elem(&1, 0) == pid))}

  def handle_info({:pub, :heartbeat, ref, news, {_, clocks}}, s) do
    s = s |> seen(ref) |> merge(news) |> Map.update!(:asked, &Map.put(&1, ref, clocks))
    {:noreply, s}
  end

  def handle_info({:pub, :transfer_req, req, {name, _} = asker, {_, clocks}}, s) do
    known = Map.keys(clocks)
    values = for {{ref, _} = tag, row} <- s.values, ref in known, ref != asker, into: %{}, do: {tag, row}
    full = %State{replica: s.me, context: Map.take(s.context, known), clouds: Map.take(s.clouds, known),
                  replicas: %{s.me => :up}}
    direct(s, name, {:pub, :transfer_ack, req, s.me, {full, values}})
    {:noreply, s}
  end

  def handle_info({:pub, :transfer_ack, _, _, news}, s), do: {:noreply, merge(s, news)}

  def handle_info({:pub, :graceful_permdown, {name, _} = ref}, s) do
    {:noreply, if(match?(%{^name => %{ref: ^ref}}, s.replicas), do: forget(s, name), else: s)}
  end

  defp tell(s) do
    clocks = {s.me, Map.filter(s.context, fn {ref, _} -> up?(s, ref) end)}
    now = s.context[s.me]

    cond do
      MapSet.size(s.news) > 0 ->
        delta = %State{replica: s.me, mode: :delta, clouds: %{s.me => s.news}, values: s.added,
                       range: {%{s.me => s.told}, %{s.me => now}}}
        broadcast(s, {:pub, :heartbeat, s.me, delta, clocks})
        %{s | news: MapSet.new(), added: %{}, told: now, silent: 0}

      s.silent >= s.max_silent ->
        broadcast(s, {:pub, :heartbeat, s.me, :empty, clocks})
        %{s | silent: 0}

      true ->
        %{s | silent: s.silent + 1}
    end
  end

  defp ask(%{sample: n} = s) when n > 1, do: %{s | sample: n - 1}

  defp ask(s) do
    mine = Map.filter(s.context, fn {ref, _} -> up?(s, ref) end)

    for {{name, _}, clocks} <- s.asked, Enum.any?(clocks, fn {ref, n} -> n > Map.get(mine, ref, n) end) do
      direct(s, name, {:pub, :transfer_req, make_ref(), s.me, {s.me, mine}})
    end

    %{s | asked: %{}, sample: 2}
  end

  defp downs(s) do
    now = System.monotonic_time(:millisecond)

    Enum.reduce(s.replicas, s, fn {name, r}, s ->
      cond do
        now - r.at > s.forget_after -> forget(s, name)
        now - r.at > s.down_after -> down(s, name)
        true -> s
      end
    end)
  end

  defp seen(s, {name, _} = ref) do
    s = if match?(%{^name => %{ref: old}} when old != ref, s.replicas), do: forget(s, name), else: s
    before = s.replicas[name]
    r = %{ref: ref, status: :up, at: System.monotonic_time(:millisecond)}
    s = %{s | replicas: Map.put(s.replicas, name, r), context: Map.put_new(s.context, ref, 0)}
    if before && before.status == :up, do: s, else: diff(s, of(s, ref), [])
  end

  defp down(s, name) do
    case s.replicas[name] do
      %{status: :up} = r -> diff(put_in(s.replicas[name], %{r | status: :down}), [], of(s, r.ref))
      _ -> s
    end
  end

  defp forget(s, name) do
    ref = s.replicas[name].ref
    s = down(s, name)
    values = Map.reject(s.values, fn {{r, _}, _} -> r == ref end)
    %{s | values: values, context: Map.delete(s.context, ref), clouds: Map.delete(s.clouds, ref),
          replicas: Map.delete(s.replicas, name)}
  end

  defp merge(s, :empty), do: s
  defp merge(s, %State{mode: :delta} = delta), do: merge(s, {delta, delta.values})

  defp merge(s, {remote, values}) do
    new = Map.filter(values, fn {{ref, _} = tag, _} ->
      ref != s.me and is_map_key(s.context, ref) and not in?(s.context, s.clouds, tag)
    end)

    gone = Map.filter(s.values, fn {{ref, _} = tag, _} ->
      ref != s.me and not is_map_key(values, tag) and in?(remote.context, remote.clouds, tag)
    end)

    clouds = Map.merge(s.clouds, Map.take(remote.clouds, Map.keys(s.context)), fn _, a, b -> MapSet.union(a, b) end)
    context = Map.merge(s.context, Map.take(remote.context, Map.keys(s.context)), fn _, a, b -> max(a, b) end)
    {context, clouds} = Enum.reduce(Map.delete(clouds, s.me), {context, %{}}, &compact/2)
    left = Map.drop(s.values, Map.keys(gone))
    s = %{s | values: Map.merge(left, new), context: context, clouds: clouds}
    diff(s, for({{r, _}, row} <- new, up?(s, r), do: row), for({{r, _}, row} <- gone, up?(s, r), do: row))
  end

  defp compact({ref, cloud}, {context, clouds}) do
    at = Map.fetch!(context, ref)

    if MapSet.member?(cloud, {ref, at + 1}) do
      compact({ref, cloud}, {Map.put(context, ref, at + 1), clouds})
    else
      {context, Map.put(clouds, ref, MapSet.new(for {_, n} = tag <- cloud, n > at, do: tag))}
    end
  end

  defp in?(context, clouds, {ref, clock} = tag) do
    clock <= Map.get(context, ref, -1) or (is_map_key(clouds, ref) and MapSet.member?(clouds[ref], tag))
  end

  defp add(s, pid, topic, key, meta) do
    {s, tag} = bump(s)
    row = {pid, topic, key, meta}
    {%{s | values: Map.put(s.values, tag, row), added: Map.put(s.added, tag, row)}, row}
  end

  defp remove(s, tag) do
    {s, _} = bump(%{s | values: Map.delete(s.values, tag), added: Map.delete(s.added, tag),
                        news: MapSet.put(s.news, tag)})
    s
  end

  defp bump(s) do
    tag = {s.me, s.context[s.me] + 1}
    {%{s | context: Map.put(s.context, s.me, elem(tag, 1)), news: MapSet.put(s.news, tag)}, tag}
  end

  defp drop(s, match) do
    gone = for {{ref, _} = tag, row} <- s.values, ref == s.me, match.(row), do: {tag, row}
    s = Enum.reduce(gone, s, fn {tag, _}, s -> remove(s, tag) end)
    diff(s, [], for({_, row} <- gone, do: row))
  end

  defp find(s, pid, topic, key) do
    Enum.find(s.values, fn {{ref, _}, {p, t, k, _}} -> ref == s.me and {p, t, k} == {pid, topic, key} end)
  end

  defp of(s, ref), do: for({{^ref, _}, row} <- s.values, do: row)
  defp up?(s, {name, _} = ref), do: ref == s.me or match?(%{^name => %{ref: ^ref, status: :up}}, s.replicas)

  defp diff(s, [], []), do: s

  defp diff(s, joins, leaves) do
    topics = Enum.uniq(for {_, topic, _, _} <- joins ++ leaves, do: topic)
    pick = fn rows, topic -> for {_, ^topic, key, meta} <- rows, do: {key, meta} end
    {:ok, inner} = s.module.handle_diff(Map.new(topics, &{&1, {pick.(joins, &1), pick.(leaves, &1)}}), s.inner)
    %{s | inner: inner}
  end

  defp broadcast(s, msg), do: Phoenix.PubSub.broadcast_from(s.pubsub, self(), "phx_presence:#{s.shard}", msg)
  defp direct(s, node, msg), do: Phoenix.PubSub.direct_broadcast(node, s.pubsub, "phx_presence:#{s.shard}", msg)
  defp make_phx_ref, do: Base.url_encode64(:crypto.strong_rand_bytes(12))
end
