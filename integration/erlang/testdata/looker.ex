defmodule Patient do
  use GenServer

  def start do
    {:ok, _} = GenServer.start(__MODULE__, [], name: :patient)
    :ok
  end

  def init(_), do: {:ok, 7}

  def handle_call({:busy, ms, pid}, _, s) do
    send(pid, :busy)
    Process.sleep(ms)
    {:reply, s, s}
  end

  def handle_call(_, _, s), do: {:reply, s, s}
  def handle_cast({:add, n}, s), do: {:noreply, s + n}

  def terminate({:shutdown, pid}, _) when is_pid(pid) do
    send(pid, {:terminating, self()})

    receive do
      :release -> :ok
    after
      30_000 -> :ok
    end
  end

  def terminate(_, _), do: :ok
  def code_change(_, s, _), do: {:ok, s}
end

# Every function of :sys against a server in every state, with what comes of it.
defmodule Looker do
  @t 20_000

  defp functions do
    [
      get_state: &:sys.get_state(&1, @t),
      get_status: fn s ->
        {:status, p, {:module, m}, [dict, status, parent, debug, misc]} = :sys.get_status(s, @t)
        {is_pid(p), m, is_list(dict), status, is_pid(parent), debug, misc[:header]}
      end,
      suspend: fn s -> {:sys.suspend(s, @t), :sys.resume(s, @t)} end,
      resume: &:sys.resume(&1, @t),
      statistics: fn s ->
        on = :sys.statistics(s, true, @t)
        {:ok, figures} = :sys.statistics(s, :get, @t)
        {on, Keyword.keys(figures), :sys.statistics(s, false, @t), :sys.statistics(s, :get, @t)}
      end,
      log: fn s ->
        {:sys.log(s, true, @t), GenServer.cast(s, {:add, 0}), :sys.get_state(s, @t), :sys.log(s, :get, @t), :sys.log(s, false, @t)}
      end,
      trace: fn s -> {:sys.trace(s, true, @t), :sys.trace(s, false, @t)} end,
      no_debug: &:sys.no_debug(&1, @t),
      remove: &:sys.remove(&1, :nosuch, @t),
      log_to_file: &:sys.log_to_file(&1, false, @t),
      change_code: fn s -> tagged(:sys.change_code(s, Patient, nil, [], @t)) end,
      terminate: fn s -> {:sys.terminate(s, :normal, @t), gone(s)} end,
      stop: fn s -> {GenServer.stop(s, :normal, @t), gone(s)} end
    ]
  end

  defp states do
    [
      idle: {fn _ -> :ok end, fn _ -> :ok end},
      busy: {fn s -> during(:busy, &GenServer.call(s, {:busy, 50, &1})) end, fn _ -> :ok end},
      suspended: {&:sys.suspend/1, fn s -> try(do: :sys.resume(s), catch: (:exit, _ -> :ok)) end},
      terminating: {&terminating/1, fn _ -> :ok end}
    ]
  end

  defp during(msg, f) do
    me = self()
    spawn(fn -> try(do: f.(me), catch: (:exit, _ -> :ok)) end)
    receive(do: (^msg -> :ok))
  end

  defp terminating(s) do
    me = self()
    spawn(fn -> try(do: GenServer.stop(s, {:shutdown, me}, :infinity), catch: (:exit, _ -> :ok)) end)
    receive(do: ({:terminating, pid} -> spawn(fn -> release(pid, me, 3) end)))
  end

  # Lets the server go on when the other process waits for an answer to what it has sent.
  defp release(pid, _, 0), do: send(pid, :release)

  defp release(pid, me, n) do
    Process.sleep(20)
    release(pid, me, if(Process.info(me, :status) == {:status, :waiting}, do: n - 1, else: 3))
  end

  defp tagged({:error, {e, _}}), do: {:error, e}
  defp tagged(other), do: other

  defp gone(s) do
    ref = Process.monitor(s)

    receive do
      {:DOWN, ^ref, _, _, why} when why in [:normal, :noproc] -> :gone
      {:DOWN, ^ref, _, _, why} -> why
    after
      @t -> :alive
    end
  end

  def all(s, start) do
    for {state, {before, afterwards}} <- states(), {name, f} <- functions() do
      alive = try(do: GenServer.call(s, :hello, @t), catch: (:exit, _ -> :none)) == 7
      unless alive, do: {gone(s), :ok = start.()}
      before.(s)
      result = try(do: f.(s), catch: (class, reason -> {class, short(reason)}))
      afterwards.(s)
      left = receive(do: (m -> m), after: (0 -> :none))
      inspect({name, state, result, left}, limit: :infinity)
    end
  end

  defp short({reason, {m, f, args}}) when is_list(args), do: {short(reason), m, f, length(args)}
  defp short({:shutdown, p}) when is_pid(p), do: {:shutdown, :pid}
  defp short(reason), do: reason
end
