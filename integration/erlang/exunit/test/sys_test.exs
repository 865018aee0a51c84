defmodule SysTest do
  use Compat.Case

  describe ":sys.get_state/1" do
    test "is the state", %{probe: probe} do
      send(probe, :hello)
      assert %{seen: [info: :hello], watcher: :undefined} = :sys.get_state(probe)
    end

    test "exits with :noproc", %{node: node} do
      assert {:noproc, {:sys, :get_state, _}} = catch_exit(:sys.get_state({:nosuch, node}))
    end
  end

  describe ":sys.get_status/1" do
    test "has the form of a gen_server", %{probe: probe} do
      assert {:status, ^probe, {:module, :gen_server}, [dict, :running, parent, [], misc]} = :sys.get_status(probe)
      assert is_pid(parent)
      assert {:probe, :init, 1} = dict[:"$initial_call"]
      assert to_string(misc[:header]) =~ ~r/^Status for generic server /
    end
  end

  describe ":sys.suspend/1" do
    test "keeps what comes until :sys.resume/1", %{probe: probe} do
      :ok = :sys.suspend(probe)
      for n <- 1..10, do: GenServer.cast(probe, n)
      assert %{seen: []} = :sys.get_state(probe)
      :ok = :sys.resume(probe)
      assert GenServer.call(probe, :seen) == for(n <- 1..10, do: {:cast, n})
    end
  end

  describe ":sys.change_code/4" do
    test "changes a suspended server", %{probe: probe} do
      :ok = :sys.suspend(probe)
      assert :ok = :sys.change_code(probe, :probe, "1", %{a: 1})
      :ok = :sys.resume(probe)
      assert %{changed: {"1", %{a: 1}}} = :sys.get_state(probe)
    end

    test "that fails leaves the state", %{probe: probe} do
      :ok = :sys.suspend(probe)
      assert {:error, _} = :sys.change_code(probe, :probe, "1", {:fail, :why})
      :ok = :sys.resume(probe)
      assert %{changed: :undefined} = :sys.get_state(probe)
    end
  end

  describe ":sys.statistics/2" do
    test "counts", %{probe: probe} do
      :ok = :sys.statistics(probe, true)
      GenServer.cast(probe, :one)
      {:ok, stats} = :sys.statistics(probe, :get)
      assert stats[:messages_in] == 1
      :ok = :sys.no_debug(probe)
      assert {:ok, :no_statistics} = :sys.statistics(probe, :get)
    end
  end

  describe ":sys.log/2" do
    test "keeps events", %{probe: probe} do
      :ok = :sys.log(probe, true)
      GenServer.cast(probe, :one)
      {:ok, [_ | _] = events} = :sys.log(probe, :get)
      assert {:in, {:"$gen_cast", :one}} in events
    end
  end

  describe ":sys.terminate/2" do
    test "ends it", %{probe: probe} do
      ref = Process.monitor(probe)
      :ok = :sys.terminate(probe, :enough)
      assert_receive {:DOWN, ^ref, :process, ^probe, :enough}, 30_000
    end
  end
end
