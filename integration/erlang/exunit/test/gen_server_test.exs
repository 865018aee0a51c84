defmodule GenServerTest do
  use Compat.Case

  describe "GenServer.call/3" do
    test("returns the reply", %{echo: echo}, do: assert(GenServer.call(echo, :hi) == :hi))

    test "takes a pid and a name with its node", %{node: node, probe: probe} do
      assert node(probe) == node
      assert GenServer.call(probe, {:reply, :hi}) == :hi
      assert GenServer.call({:probe, node}, {:reply, :hi}) == :hi
    end

    test "waits for ever if it is told to", %{probe: probe} do
      assert GenServer.call(probe, {:later, 100, :slow}, :infinity) == :slow
    end

    test "exits with :noproc where nobody has the name", %{node: node} do
      assert {:noproc, {GenServer, :call, [{:nosuch, ^node}, :x, 5000]}} =
               catch_exit(GenServer.call({:nosuch, node}, :x))
    end

    test "exits with :noproc where the process has ended", %{probe: probe} do
      :ok = GenServer.stop(probe)
      assert {:noproc, {GenServer, :call, [^probe, :x, 5000]}} = catch_exit(GenServer.call(probe, :x))
    end

    test "exits with the node that is not there" do
      nowhere = nowhere()
      assert {{:nodedown, ^nowhere}, {GenServer, :call, _}} = catch_exit(GenServer.call({:echo, nowhere}, :x))
    end

    test "exits with :timeout, and a late answer is dropped", %{probe: probe} do
      assert {:timeout, {GenServer, :call, [^probe, {:later, 200, :late}, 20]}} =
               catch_exit(GenServer.call(probe, {:later, 200, :late}, 20))

      assert GenServer.call(probe, {:sleep, 300}) == :ok
      assert GenServer.call(probe, {:later, 0, :in_time}) == :in_time
      refute_received _
    end

    for reason <- [:normal, :shutdown, {:shutdown, :why}, :enough] do
      test "exits with #{inspect(reason)} where the server does so instead of an answer", %{probe: probe} do
        reason = unquote(Macro.escape(reason))
        assert {^reason, {GenServer, :call, _}} = catch_exit(GenServer.call(probe, {:stop, reason}))
      end
    end

    test "gets the reply of a server that stops with one", %{probe: probe} do
      ref = Process.monitor(probe)
      assert GenServer.call(probe, {:stop, :enough, :bye}) == :bye
      assert_receive {:DOWN, ^ref, :process, ^probe, :enough}, 30_000
    end

    test "exits with the error and the stack of a server that raises", %{probe: probe} do
      assert {{:boom, [_ | _]}, {GenServer, :call, _}} = catch_exit(GenServer.call(probe, {:raise, :error, :boom}))
    end

    test "to itself fails there", %{probe: probe} do
      assert {:exit, :calling_self} = GenServer.call(probe, {:call, probe, :x, 1000})
    end

    test "from there to a GenServer here" do
      {:ok, agent} = Agent.start_link(fn -> 17 end)
      assert {:ok, 17} = GenServer.call(probe(), {:call, agent, {:get, {Kernel, :+, [0]}}, 5000})
    end
  end

  describe "GenServer.cast/2" do
    test "is handled in order", %{probe: probe} do
      for n <- 1..100, do: :ok = GenServer.cast(probe, n)
      assert GenServer.call(probe, :seen) == for(n <- 1..100, do: {:cast, n})
    end

    test "is :ok whoever is there or not", %{node: node} do
      assert GenServer.cast({:nosuch, node}, :x) == :ok
      assert GenServer.cast({:echo, nowhere()}, :x) == :ok
    end
  end

  describe "GenServer.abcast/3" do
    test "reaches the server of that name", %{node: node, probe: probe} do
      :abcast = GenServer.abcast([node, nowhere()], :probe, {:do, {:send, self(), :reached}})
      assert_receive :reached, 30_000
      assert GenServer.call(probe, :seen) == []
    end
  end

  describe "GenServer.multi_call/4" do
    test "tells the replies and the nodes without one", %{node: node} do
      nowhere = nowhere()
      assert {[{^node, :hi}], [^nowhere]} = GenServer.multi_call([node, nowhere], :echo, :hi, 30_000)
    end

    test "counts a node without the server as bad", %{node: node} do
      assert {[], [^node]} = GenServer.multi_call([node], :nosuch, :hi, 30_000)
    end

    test "gives up after its time-out", %{node: node} do
      assert {[], [^node]} = GenServer.multi_call([node], :probe, :noreply, 100)
    end
  end

  describe "GenServer.reply/2" do
    test "may be done there later, and by another process", %{probe: probe} do
      assert GenServer.call(probe, {:later, 20, :later}) == :later
      assert GenServer.call(probe, {:other, :other}) == :other
    end

    test "may be done here, for a call to there", %{probe: probe} do
      me = self()
      task = Task.async(fn -> GenServer.call(probe, {:forward, me, :yours}) end)
      assert_receive {:"$gen_call", from, :yours}, 30_000
      GenServer.reply(from, :from_here)
      assert Task.await(task) == :from_here
    end
  end

  describe "GenServer.stop/3" do
    test "ends the server in order", %{probe: probe} do
      GenServer.call(probe, {:watch, self()})
      ref = Process.monitor(probe)
      assert GenServer.stop(probe, :shutdown, 30_000) == :ok
      assert_receive {:DOWN, ^ref, :process, ^probe, :shutdown}, 30_000
      assert_receive {:probe, ^probe, {:terminate, :shutdown}}, 30_000
    end

    test "exits with :noproc where there is none", %{node: node} do
      assert {:noproc, {GenServer, :stop, _}} = catch_exit(GenServer.stop({:nosuch, node}))
    end
  end

  describe "GenServer.whereis/1" do
    test "leaves a name of another node as it is", %{node: node} do
      assert GenServer.whereis({:echo, node}) == {:echo, node}
    end
  end

  describe "a GenServer in front of one there" do
    setup %{probe: probe}, do: {:ok, front: start_supervised!({Compat.Front, {probe, []}})}

    test("asks it", %{front: front}, do: assert(GenServer.call(front, {:reply, :hi}) == :hi))

    test("hands a call on", %{front: front}, do: assert(GenServer.call(front, {:hand_on, {:later, 20, :hi}}) == :hi))

    test "casts on", %{front: front, probe: probe} do
      GenServer.cast(front, :one)
      until(fn -> GenServer.call(probe, :seen) == [{:cast, :one}] end)
    end

    test "sees its end", %{front: front, probe: probe} do
      GenServer.cast(probe, {:stop, {:shutdown, :over}})
      until(fn -> GenServer.call(front, :ended) == {:shutdown, :over} end)
    end

    test "ends with a call that fails", %{probe: probe} do
      {:ok, front} = GenServer.start(Compat.Front, probe)

      assert {{:enough, {GenServer, :call, [^probe | _]}}, {GenServer, :call, [^front | _]}} =
               catch_exit(GenServer.call(front, {:stop, :enough}))
    end
  end
end
