defmodule GoWatch do
  @moduledoc """
  Calls servers on a Go node, and says at once that it cannot while the node is away.

  `GoWatch.Supervisor` watches the node and, if it is given a command, runs it. Everything else is plain OTP: a server on the
  Go node is `{name, node}`, and `GenServer`, `Process.monitor/1`, `:sys` and `Supervisor` take it as any other.
  """

  alias GoWatch.Link

  @type reply :: {:ok, term} | {:error, :away | :open | {:exit, term}}

  @doc """
  Calls the server that is registered as `name` on the Go node.

  While the node is away the answer is `{:error, :away}`, and while the circuit breaker is open `{:error, :open}`: both at
  once, so that nobody waits for what is known to fail. A call that exits is `{:error, {:exit, reason}}`. Time-outs and lost
  connections count as failures of the node; a server that does not exist or ends does not.
  """
  @spec call(atom, term, timeout) :: reply
  def call(name, request, timeout \\ 5000) do
    with {:ok, node} <- Link.pass() do
      try do
        GenServer.call({name, node}, request, timeout)
      catch
        :exit, {reason, {GenServer, :call, _}} ->
          Link.report(fault?(reason))
          {:error, {:exit, reason}}
      else
        answer ->
          Link.report(false)
          {:ok, answer}
      end
    end
  end

  defp fault?(:timeout), do: true
  defp fault?({:nodedown, _}), do: true
  defp fault?(:noconnection), do: true
  defp fault?(_), do: false

  @doc "Casts to the server that is registered as `name`; `{:error, :away}` while the node is away."
  @spec cast(atom, term) :: :ok | {:error, :away | :open}
  def cast(name, request) do
    with {:ok, node} <- Link.pass(), do: GenServer.cast({name, node}, request)
  end

  @doc "The name of the Go node."
  @spec target :: node
  def target, do: Link.target()

  @doc "Whether the Go node is connected."
  @spec up? :: boolean
  def up?, do: Link.up?()

  @doc "Sends the caller `{:go_watch, :up}` and `{:go_watch, :down}` from now on, beginning with what is true now."
  @spec subscribe :: :ok
  def subscribe, do: Link.subscribe()
end
