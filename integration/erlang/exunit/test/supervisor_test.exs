defmodule SupervisorTest do
  use Compat.Case

  setup %{node: node} do
    top = {:tree, node}
    id = make_ref()

    args =
      {%{},
       [%{id: :a, start: {:probe, :start_link, [:undefined]}}, %{id: :b, start: {:probe, :start_link, [:undefined]}}]}

    {:ok, sup} =
      Supervisor.start_child(top, %{id: id, start: {:tree, :start_link, [args]}, restart: :temporary, type: :supervisor})

    on_exit(fn -> Supervisor.terminate_child(top, id) end)
    {:ok, sup: sup}
  end

  defp child(id), do: %{id: id, start: {:probe, :start_link, [:undefined]}}

  describe "Supervisor.which_children/1" do
    test "lists the children, the last one first", %{sup: sup} do
      assert [{:b, b, :worker, [:probe]}, {:a, a, :worker, [:probe]}] = Supervisor.which_children(sup)
      assert is_pid(a) and is_pid(b)
    end

    test "exits with :noproc", %{node: node} do
      assert {:noproc, _} = catch_exit(Supervisor.which_children({:nosuch, node}))
    end
  end

  describe "Supervisor.count_children/1" do
    test "is a map of counts", %{sup: sup} do
      assert Supervisor.count_children(sup) == %{active: 2, specs: 2, supervisors: 0, workers: 2}
    end
  end

  describe "Supervisor.start_child/2" do
    test "starts one there", %{sup: sup, node: node} do
      assert {:ok, pid} = Supervisor.start_child(sup, child(:c))
      assert node(pid) == node
      assert {:error, {:already_started, ^pid}} = Supervisor.start_child(sup, child(:c))
    end

    test "tells why it could not be started", %{sup: sup} do
      assert {:error, {:why, _}} = Supervisor.start_child(sup, %{id: :c, start: {:probe, :start_link, [{:stop, :why}]}})
    end

    test "with a module that is not there is undef", %{sup: sup} do
      assert {:error, {{:EXIT, {:undef, _}}, _}} =
               Supervisor.start_child(sup, %{id: :c, start: {No.Such.Module, :start_link, [1]}})
    end
  end

  describe "Supervisor.terminate_child/2" do
    test "and restart_child/2", %{sup: sup} do
      assert Supervisor.terminate_child(sup, :a) == :ok
      assert {:a, :undefined, :worker, [:probe]} in Supervisor.which_children(sup)
      assert {:ok, pid} = Supervisor.restart_child(sup, :a)
      assert {:error, :running} = Supervisor.restart_child(sup, :a)
      assert GenServer.call(pid, {:reply, :hi}) == :hi
    end
  end

  describe "Supervisor.delete_child/2" do
    test "forgets one that does not run", %{sup: sup} do
      assert {:error, :running} = Supervisor.delete_child(sup, :a)
      :ok = Supervisor.terminate_child(sup, :a)
      assert Supervisor.delete_child(sup, :a) == :ok
      assert {:error, :not_found} = Supervisor.delete_child(sup, :a)
    end
  end

  describe "a restart" do
    test "gives the child another pid", %{sup: sup} do
      [_, {:a, a, _, _}] = Supervisor.which_children(sup)
      Process.exit(a, :kill)
      until(fn -> match?([_, {:a, new, _, _}] when is_pid(new) and new != a, Supervisor.which_children(sup)) end)
    end
  end
end
