defmodule ProcessTest do
  use Compat.Case

  describe "Process.monitor/1" do
    test "tells the reason of the end", %{probe: probe} do
      ref = Process.monitor(probe)
      GenServer.cast(probe, {:stop, {:shutdown, [why: "text"]}})
      assert_receive {:DOWN, ^ref, :process, ^probe, {:shutdown, [why: "text"]}}, 30_000
    end

    test "of a name tells the name", %{node: node} do
      ref = Process.monitor({:nosuch, node})
      assert_receive {:DOWN, ^ref, :process, {:nosuch, ^node}, :noproc}, 30_000
    end

    test "of one that has ended is :noproc", %{probe: probe} do
      :ok = GenServer.stop(probe)
      ref = Process.monitor(probe)
      assert_receive {:DOWN, ^ref, :process, ^probe, :noproc}, 30_000
    end

    test "of a node that is not there is :noconnection" do
      ref = Process.monitor({:echo, nowhere()})
      assert_receive {:DOWN, ^ref, :process, {:echo, _}, :noconnection}, 30_000
    end

    test "tells of a node that is killed" do
      node = :compat.start_node(:mortal)
      ref = Process.monitor(probe(node))
      :compat.kill_node(node)
      assert_receive {:DOWN, ^ref, :process, _, :noconnection}, 30_000
    end

    test "from there sees the end of a process here", %{probe: probe} do
      {:ok, pid} = Agent.start(fn -> 0 end)
      ref = GenServer.call(probe, {:monitor, pid})
      Agent.stop(pid, :shutdown)
      until(fn -> GenServer.call(probe, :seen) == [{:info, {:DOWN, ref, :process, pid, :shutdown}}] end)
    end
  end

  describe "Process.demonitor/2" do
    test "with :flush leaves nothing", %{probe: probe} do
      ref = Process.monitor(probe)
      assert Process.demonitor(ref, [:flush])
      :ok = GenServer.stop(probe)
      refute_receive _, 100
    end
  end

  describe "Process.link/1" do
    setup do
      Process.flag(:trap_exit, true)
      :ok
    end

    test "brings the reason of the end", %{probe: probe} do
      Process.link(probe)
      GenServer.cast(probe, {:stop, :enough})
      assert_receive {:EXIT, ^probe, :enough}, 30_000
    end

    test "ends the one there with the one here", %{probe: probe} do
      ref = Process.monitor(probe)
      {:ok, pid} = Agent.start(fn -> Process.link(probe) end)
      Agent.stop(pid, {:shutdown, :both})
      assert_receive {:DOWN, ^ref, :process, ^probe, {:shutdown, :both}}, 30_000
    end

    test "to one that has ended is :noproc", %{probe: probe} do
      :ok = GenServer.stop(probe)
      Process.link(probe)
      assert_receive {:EXIT, ^probe, :noproc}, 30_000
    end

    test "is undone by unlink", %{probe: probe} do
      Process.link(probe)
      Process.unlink(probe)
      :ok = GenServer.stop(probe, :enough)
      refute_receive {:EXIT, _, _}, 100
    end

    test "of a Task ends the probe it is linked to", %{probe: probe} do
      ref = Process.monitor(probe)
      {:ok, _} = Task.start(fn -> Process.link(probe) && exit(:boom) end)
      assert_receive {:DOWN, ^ref, :process, ^probe, :boom}, 30_000
    end
  end

  describe "Process.exit/2" do
    test "ends it with the reason", %{probe: probe} do
      ref = Process.monitor(probe)
      Process.exit(probe, :enough)
      assert_receive {:DOWN, ^ref, :process, ^probe, :enough}, 30_000
    end

    test ":kill is :killed", %{probe: probe} do
      GenServer.call(probe, {:trap_exit, true})
      ref = Process.monitor(probe)
      Process.exit(probe, :kill)
      assert_receive {:DOWN, ^ref, :process, ^probe, :killed}, 30_000
    end

    test "reaches one that traps as a message", %{probe: probe} do
      me = self()
      GenServer.call(probe, {:trap_exit, true})
      Process.exit(probe, :hello)
      assert GenServer.call(probe, :seen) == [{:info, {:EXIT, me, :hello}}]
    end
  end

  describe "Process.alias/0" do
    test "is reached from there until it is taken away", %{probe: probe} do
      ref = :erlang.alias()
      GenServer.call(probe, {:send, ref, :one})
      assert_receive :one, 30_000
      :erlang.unalias(ref)
      GenServer.call(probe, {:send, ref, :two})
      refute_receive _, 100
    end

    test "of one there is reached from here", %{probe: probe} do
      ref = GenServer.call(probe, :alias)
      send(ref, :one)
      assert GenServer.call(probe, :seen) == [{:info, :one}]
    end
  end

  describe "send/2" do
    test "reaches a pid and a name with its node", %{probe: probe, node: node} do
      send(probe, {:do, {:send, self(), :pid}})
      send({:probe, node}, {:do, {:send, self(), :name}})
      assert_receive :pid, 30_000
      assert_receive :name, 30_000
    end

    test("to nobody is no error", %{node: node}, do: assert(send({:nosuch, node}, :x) == :x))
  end
end
