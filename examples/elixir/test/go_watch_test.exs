defmodule GoWatchTest do
  use ExUnit.Case

  # The program to test with: GONODE, or the one of this repository.
  @gonode System.get_env("GONODE") || "gonode"

  setup do
    [_, host] = node() |> Atom.to_string() |> String.split("@")
    alive = "go#{System.unique_integer([:positive])}_#{System.pid()}"
    go = :"#{alive}@#{host}"
    start_supervised!({GoWatch.Supervisor, node: go, command: [@gonode, "run", "--sname", alive], retry: 300})
    :ok = GoWatch.subscribe()
    await_up()
    %{go: go}
  end

  defp await_up do
    assert_receive {:go_watch, :up}
    # The node is up a moment before its servers are.
    unless match?({:ok, _}, GoWatch.call(:counter, :get)),
      do: retry(fn -> match?({:ok, _}, GoWatch.call(:counter, :get)) end)
  end

  defp retry(fun, left \\ 200) do
    cond do
      fun.() -> :ok
      left == 0 -> flunk("it never came true")
      true -> Process.sleep(50) && retry(fun, left - 1)
    end
  end

  test "a server on the Go node is called, cast to and asked together with others", %{go: go} do
    assert {:ok, %{k: [1, 2.5, "x"]}} == GoWatch.call(:echo, %{k: [1, 2.5, "x"]})
    assert :ok == GoWatch.cast(:counter, {:add, 41})
    assert {:ok, 42} == GoWatch.call(:counter, {:add, 1})
    assert {[{^go, :hi}], bad} = GenServer.multi_call([node(), go], :echo, :hi)
    assert bad == [node()]
    assert go in Node.list(:hidden)
    refute go in Node.list()
  end

  test "a monitor fires when the server ends, with its reason", %{go: go} do
    ref = Process.monitor({:counter, go})
    :ok = GenServer.stop({:counter, go}, :shutdown)
    assert_receive {:DOWN, ^ref, :process, {:counter, ^go}, :shutdown}
    assert {:error, {:exit, :noproc}} == GoWatch.call(:counter, :get)
    assert {:ok, :still_there} == GoWatch.call(:echo, :still_there), "a server that is gone does not open the breaker"
  end

  test ":sys looks into a server and holds it", %{go: go} do
    counter = {:counter, go}
    {:ok, 7} = GoWatch.call(:counter, {:set, 7})
    assert 7 == :sys.get_state(counter)
    assert {:status, _, {:module, :gen_server}, [_, :running, _, _, _]} = :sys.get_status(counter)
    :ok = :sys.suspend(counter)
    assert {:error, {:exit, :timeout}} == GoWatch.call(:counter, :get, 100)
    :ok = :sys.resume(counter)
    assert {:ok, 7} == GoWatch.call(:counter, :get)
    # It runs no Erlang code, and says so when it is asked to.
    assert {:badrpc, _} = :rpc.call(go, Kernel, :inspect, [1])
  end

  test "the program is started again when it ends, and callers are told at once meanwhile", %{go: go} do
    monitor = Process.monitor({:echo, go})
    System.cmd("kill", ["-TERM", Integer.to_string(GoWatch.Program.os_pid())])
    assert_receive {:go_watch, :down}
    assert_receive {:DOWN, ^monitor, :process, _, reason} when reason in [:shutdown, :noconnection]
    # Away, or back again already and with or without its servers: but nobody waits.
    refute GoWatch.call(:echo, :hi, 10_000) == {:error, {:exit, :timeout}}
    await_up()
    assert {:ok, 0} == GoWatch.call(:counter, :get), "a new program with a new state"
  end

  test "faults in a row open the breaker, one call after the pause closes it", %{go: go} do
    counter = {:counter, go}
    :ok = :sys.suspend(counter)
    for _ <- 1..3, do: assert({:error, {:exit, :timeout}} == GoWatch.call(:counter, :get, 50))
    assert {:error, :open} == GoWatch.call(:counter, :get, 50)
    assert {:error, :open} == GoWatch.cast(:counter, {:add, 1})
    :ok = :sys.resume(counter)
    retry(fn -> match?({:ok, _}, GoWatch.call(:counter, :get)) end)
    assert {:ok, :closed} == GoWatch.call(:echo, :closed)
  end
end
