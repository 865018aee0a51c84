defmodule GoWatch.Program do
  @moduledoc """
  Runs the Go node as a program of its own through a port. It gets the cookie of this node in its environment. When the
  program ends, so does this process, and its supervisor starts both again; when this BEAM ends, so does the program.
  """
  use GenServer
  require Logger

  def start_link([_program | _args] = command), do: GenServer.start_link(__MODULE__, command, name: __MODULE__)

  @doc "The process id of the wrapper of the program in the operating system."
  def os_pid, do: GenServer.call(__MODULE__, :os_pid)

  @impl true
  def init(command) do
    Process.flag(:trap_exit, true)

    port =
      Port.open({:spawn_executable, Application.app_dir(:go_watch, "priv/program.sh")}, [
        :binary,
        :exit_status,
        :stderr_to_stdout,
        line: 4096,
        args: command,
        env: [{'GONODE_COOKIE', Atom.to_charlist(Node.get_cookie())}]
      ])

    {:ok, port}
  end

  @impl true
  def handle_call(:os_pid, _from, port), do: {:reply, Port.info(port)[:os_pid], port}

  @impl true
  def handle_info({port, {:data, {_, line}}}, port) do
    Logger.debug("go node: " <> line)
    {:noreply, port}
  end

  def handle_info({port, {:exit_status, status}}, port), do: {:stop, {:exit_status, status}, port}
  def handle_info({:EXIT, port, reason}, port), do: {:stop, reason, port}
  def handle_info(_other, port), do: {:noreply, port}
end
