defmodule Compat.Case do
  @moduledoc "What the tests share: the node that is tested, probes on it, and waiting."

  use ExUnit.CaseTemplate

  using do
    quote do
      import Compat.Case
    end
  end

  setup do
    {:ok, node: there(), echo: {:echo, there()}, probe: probe()}
  end

  @doc "The node that is tested."
  def there, do: :persistent_term.get(__MODULE__)

  @doc "Starts the node that is tested."
  def start_node, do: :persistent_term.put(__MODULE__, :compat.start_node(:exunit))

  @doc "Starts a probe, which does what it is told, on the node; it is linked to nobody."
  def probe(node \\ there(), args \\ :undefined) do
    {:ok, pid} = GenServer.call({:probe, node}, {:start, :undefined, args}, 30_000)
    pid
  end

  @doc "A node that does not exist."
  def nowhere, do: :"nosuch@#{:compat.host(there())}"

  @doc "Waits until the function returns true."
  def until(fun), do: :compat.until(fun)

  @doc "How Elixir tells the reason of an exit."
  def exit_text(fun) do
    fun.()
  catch
    :exit, reason -> Exception.format_exit(reason)
  end
end
