defmodule ClientsTest do
  use Compat.Case

  describe "Task" do
    test "async and await", %{echo: echo} do
      tasks = for n <- 1..50, do: Task.async(fn -> GenServer.call(echo, n) end)
      assert Task.await_many(tasks, 30_000) == Enum.to_list(1..50)
    end

    test "async_stream", %{echo: echo} do
      assert 1..100 |> Task.async_stream(&GenServer.call(echo, &1), max_concurrency: 10) |> Enum.map(&elem(&1, 1)) ==
               Enum.to_list(1..100)
    end

    test "yield and shutdown of one that waits", %{probe: probe} do
      task = Task.async(fn -> GenServer.call(probe, :noreply, :infinity) end)
      assert Task.yield(task, 50) == nil
      assert Task.shutdown(task, :brutal_kill) == nil
      assert GenServer.call(probe, {:reply, :hi}) == :hi
    end

    test "async_nolink of a call that fails", %{probe: probe} do
      sup = start_supervised!(Task.Supervisor)
      task = Task.Supervisor.async_nolink(sup, fn -> GenServer.call(probe, {:stop, :enough}) end)
      assert {:exit, {:enough, {GenServer, :call, _}}} = Task.yield(task, 30_000)
    end

    test "awaited there by its pid", %{probe: probe} do
      task = Task.async(fn -> receive(do: (:go -> :gone)) end)
      GenServer.call(probe, {:send, task.pid, :go})
      assert Task.await(task) == :gone
    end
  end

  describe "Registry" do
    setup do
      start_supervised!({Registry, keys: :unique, name: Compat.Names})
      :ok
    end

    test "finds a server in front of one there", %{probe: probe} do
      name = {:via, Registry, {Compat.Names, "front"}}
      start_supervised!({Compat.Front, {probe, [name: name]}})
      assert GenServer.call(name, {:reply, :hi}) == :hi
    end

    test "keeps the pid of one there as a value", %{probe: probe} do
      {:ok, _} = Registry.register(Compat.Names, "probe", probe)
      [{_, pid}] = Registry.lookup(Compat.Names, "probe")
      assert GenServer.call(pid, {:reply, :hi}) == :hi
    end

    test "dispatches to what is there" do
      start_supervised!({Registry, keys: :duplicate, name: Compat.Topics})
      for _ <- 1..3, do: Registry.register(Compat.Topics, :topic, probe())

      Registry.dispatch(Compat.Topics, :topic, fn entries ->
        for {_, pid} <- entries, do: send(pid, {:do, {:send, self(), pid}})
      end)

      pids = for _ <- 1..3, do: assert_receive(pid when is_pid(pid), 30_000)
      assert length(Enum.uniq(pids)) == 3
    end
  end

  describe "Agent" do
    test "keeps what a server there says", %{node: node} do
      n = GenServer.call({:counter, node}, {:set, 5})
      agent = start_supervised!({Agent, fn -> n end})
      Agent.update(agent, fn n -> GenServer.call({:counter, node}, {:add, n}) end)
      assert Agent.get(agent, & &1) == 10
    end

    test "is asked by a server there", %{probe: probe} do
      agent = start_supervised!({Agent, fn -> %{key: "value"} end})
      assert {:ok, "value"} = GenServer.call(probe, {:call, agent, {:get, {Map, :get, [:key]}}, 5000})
    end
  end

  describe "Stream and Enum" do
    test "over a server there", %{node: node} do
      0 = GenServer.call({:counter, node}, {:set, 0})
      numbers = Stream.repeatedly(fn -> GenServer.call({:counter, node}, {:add, 1}) end)
      assert Enum.take(numbers, 5) == [1, 2, 3, 4, 5]
    end
  end

  describe "Process.send_after/3" do
    test "to a server there by way of here", %{probe: probe} do
      {:ok, pid} = Task.start_link(fn -> receive(do: (message -> send(probe, message))) end)
      Process.send_after(pid, :late, 10)
      until(fn -> GenServer.call(probe, :seen) == [{:info, :late}] end)
    end
  end

  describe "Supervisor" do
    test "starts a server in front anew", %{node: node} do
      name = :"front_#{System.unique_integer([:positive])}"
      start_supervised!({Compat.Front, {{:probe, node}, [name: name]}})
      first = Process.whereis(name)
      Process.exit(first, :kill)
      until(fn -> is_pid(Process.whereis(name)) and Process.whereis(name) != first end)
      assert GenServer.call(name, {:reply, :hi}) == :hi
    end
  end
end
