defmodule ExitTest do
  use Compat.Case

  # What a person reads when a call fails.
  describe "Exception.format_exit/1" do
    test "of a name that nobody has", %{node: node} do
      text = exit_text(fn -> GenServer.call({:nosuch, node}, :x) end)
      assert text =~ "exited in: GenServer.call({:nosuch, #{inspect(node)}}, :x, 5000)"
      assert text =~ "** (EXIT) no process: the process is not alive"
    end

    test "of a time-out", %{probe: probe} do
      assert exit_text(fn -> GenServer.call(probe, :noreply, 20) end) =~ "** (EXIT) time out"
    end

    test "of a node that is not there" do
      assert exit_text(fn -> GenServer.call({:echo, nowhere()}, :x) end) =~ "** (EXIT) no connection to #{nowhere()}"
    end

    test "of a node that dies meanwhile" do
      node = :compat.start_node(:mortal)
      probe = probe(node)
      task = Task.async(fn -> exit_text(fn -> GenServer.call(probe, :noreply, :infinity) end) end)
      until(fn -> GenServer.call({:probe, node}, {:is_alive, probe}) end)
      :compat.kill_node(node)
      assert Task.await(task, 60_000) =~ "** (EXIT) no connection to #{node}"
    end

    for {reason, text} <- [normal: "normal", shutdown: "shutdown", enough: ":enough"] do
      test "of a server that stops with #{reason}", %{probe: probe} do
        assert exit_text(fn -> GenServer.call(probe, {:stop, unquote(reason)}) end) =~ "** (EXIT) #{unquote(text)}"
      end
    end

    test "of a server that shuts down with a reason", %{probe: probe} do
      assert exit_text(fn -> GenServer.call(probe, {:stop, {:shutdown, :why}}) end) =~ "** (EXIT) shutdown: :why"
    end

    test "of a server that is killed", %{probe: probe} do
      :ok = :sys.suspend(probe)
      task = Task.async(fn -> exit_text(fn -> GenServer.call(probe, :noreply, :infinity) end) end)
      # Its monitor is there before it is killed.
      until(fn -> Process.info(task.pid, :monitors) != {:monitors, []} end)
      assert %{} = :sys.get_state(probe)
      Process.exit(probe, :kill)
      text = Task.await(task)
      assert text =~ "** (EXIT) killed" or text =~ "** (EXIT) no process"
    end

    test "of a server that raises, with its stack", %{probe: probe} do
      text = exit_text(fn -> GenServer.call(probe, {:raise, :error, :boom}) end)
      assert text =~ "** (EXIT) an exception was raised:"
      assert text =~ "** (ErlangError) Erlang error: :boom"
    end

    test "of a server that raises badarg", %{probe: probe} do
      assert exit_text(fn -> GenServer.call(probe, {:unknown, :instruction}) end) =~ "** (ArgumentError)"
    end

    test "of a server that returns what it must not", %{probe: probe} do
      assert exit_text(fn -> GenServer.call(probe, :bad_return) end) =~ "** (EXIT) bad return value: "
    end

    test "of a server to be stopped that is not there", %{node: node} do
      assert exit_text(fn -> GenServer.stop({:nosuch, node}) end) =~
               "exited in: GenServer.stop({:nosuch, #{inspect(node)}}, :normal, :infinity)"
    end
  end
end
