defmodule NodeTest do
  use Compat.Case

  describe "Node.connect/1" do
    test "is true for one that is there", %{node: node} do
      assert Node.connect(node)
    end

    test "is false for one that is not", do: refute(Node.connect(nowhere()))

    test "connects again after Node.disconnect/1", %{node: node, echo: echo} do
      assert Node.disconnect(node)
      until(fn -> node not in Node.list(:connected) end)
      assert Node.connect(node)
      assert GenServer.call(echo, :hi) == :hi
    end
  end

  describe "Node.ping/1" do
    test "is :pong or :pang", %{node: node} do
      assert Node.ping(node) == :pong
      assert Node.ping(nowhere()) == :pang
    end
  end

  describe "Node.list/1" do
    test "has a hidden node among the hidden", %{node: node} do
      assert node in Node.list(:hidden)
      assert node in Node.list(:connected)
      refute node in Node.list()
    end
  end

  describe "Node.monitor/2" do
    test "tells that the node has gone" do
      node = :compat.start_node(:mortal)
      Node.monitor(node, true)
      assert GenServer.call({:echo, node}, :hi) == :hi
      :compat.stop_node(node)
      assert_receive {:nodedown, ^node}, 30_000
    end

    test "tells at once that it is not there" do
      nowhere = nowhere()
      Node.monitor(nowhere, true)
      assert_receive {:nodedown, ^nowhere}, 30_000
    end
  end

  describe ":net_kernel.monitor_nodes/2" do
    test "tells of a hidden node that comes and goes" do
      :ok = :net_kernel.monitor_nodes(true, node_type: :hidden)
      node = :compat.start_node(:passing)
      assert Node.connect(node)
      assert_receive {:nodeup, ^node, _}, 30_000
      :compat.kill_node(node)
      assert_receive {:nodedown, ^node, _}, 30_000
      :ok = :net_kernel.monitor_nodes(false, node_type: :hidden)
    end
  end

  describe ":erpc.call/4" do
    test "applies what the node has", %{node: node, probe: probe} do
      assert :erpc.call(node, :erlang, :node, []) == node
      assert :rpc.call(node, :erlang, :is_process_alive, [probe])
    end

    test "raises for a function that is not there", %{node: node} do
      assert_raise ErlangError, fn -> :erpc.call(node, :no_such_module, :f, []) end
    end
  end
end
