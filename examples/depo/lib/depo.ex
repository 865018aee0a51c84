defmodule Depo do
  @moduledoc """
  SQLite databases that a Go node owns. Each is a process, as in Depo: what is taught, written and read goes to its pid.

      Depo.connect(:"db@host")
      {:ok, db} = Depo.open(:memory)
      Depo.transact(db, fn ->
        Depo.write(db, "CREATE TABLE greetings (phrase)")
        Depo.teach(db, new: "INSERT INTO greetings VALUES (?1)", all: "SELECT * FROM greetings")
        Depo.write(db, :new, "hola")
      end)
      [%{phrase: "hola"}] = Depo.read(db, :all)

  A database is a pid, or `{Depo.DB, node}` for the one that a node has from its start. Results are `:ok`, a value, or
  `{:error, reason}`, where the reason of SQLite is `{kind, text}`.
  """

  @doc "Names the node on which databases are opened, and connects to it."
  def connect(node) when is_atom(node) do
    :persistent_term.put({__MODULE__, :node}, node)
    if Node.connect(node), do: :ok, else: {:error, :nodedown}
  end

  @doc "Returns that node."
  def node, do: :persistent_term.get({__MODULE__, :node})

  @doc """
  Opens a database: `:memory`, a path that exists, `create: path` that does not, or `or_create: path`.
  The errors are `:no_such_file`, `:file_already_exists`, or what SQLite says of the file.
  """
  def open(what, node \\ Depo.node()), do: :supervisor.start_child({Depo.Supervisor, node}, [what])

  @doc "Opens a database that is linked to the caller and closed when it ends."
  def start_link(what, node \\ Depo.node()), do: :supervisor.start_child({Depo.Supervisor, node}, [what, self()])

  @doc "A database as a child of a supervisor."
  def child_spec(what), do: %{id: Depo.DB, start: {__MODULE__, :start_link, [what]}, restart: :permanent}

  @doc "Closes a database. What is not committed is rolled back."
  def close(db), do: GenServer.stop(db)

  @doc "Prepares statements and keeps them under their names: `%{name: sql}` or `[name: sql]`."
  def teach(db, statements), do: call(db, {:teach, statements})

  @doc """
  Runs a taught statement or SQL, and does not wait for it. An error is logged by the database and, in a transaction,
  rolls it back.
  """
  def write(db, command, values \\ []), do: GenServer.cast(db, {:write, command, values, self()})

  @doc "Runs a taught statement or SQL and waits: `{:ok, changed_rows}` or `{:error, reason}`."
  def write_sync(db, command, values \\ []), do: call(db, {:write, command, values})

  @doc """
  Reads rows as maps, with `{:values, command}` as tuples, and with `{:single, command}` the first value of the first one.
  """
  def read(db, command, values \\ []), do: call(db, {:read, command, values})

  @doc """
  Has a new process send each row to `pid`, as `{stream, row}`, and returns its pid. It ends with the last row, or when
  `pid` does.
  """
  def stream(db, pid, command, values \\ []) do
    with stream when is_pid(stream) <- call(db, {:stream, pid, command, values}), do: stream
  end

  @doc "An Enumerable of rows, of which no more are on their way than `demand`."
  def rows(db, command, values \\ [], demand \\ 500) do
    Stream.resource(
      fn ->
        case call(db, {:stream, self(), command, values, demand}) do
          stream when is_pid(stream) -> {stream, Process.monitor(stream), 0}
          {:error, reason} -> raise "Depo: #{inspect(reason)}"
        end
      end,
      fn {stream, ref, taken} ->
        taken = if taken * 2 >= demand, do: more(stream, taken), else: taken

        receive do
          {^stream, :done} -> {:halt, {stream, ref, taken}}
          {^stream, {:error, reason}} -> raise "Depo: #{inspect(reason)}"
          {^stream, row} -> {[row], {stream, ref, taken + 1}}
          {:DOWN, ^ref, :process, _, reason} -> raise "Depo: #{inspect(reason)}"
        end
      end,
      fn {stream, ref, _} ->
        Process.demonitor(ref, [:flush])
        ended = Process.monitor(stream)
        Process.exit(stream, :kill)

        receive do
          {:DOWN, ^ended, :process, _, _} -> flush(stream)
        end
      end
    )
  end

  defp more(stream, n) do
    send(stream, {:more, n})
    0
  end

  defp flush(stream) do
    receive do
      {^stream, _} -> flush(stream)
    after
      0 -> :ok
    end
  end

  @doc """
  Runs `fun` in a transaction of the calling process, or, within one, in a nested one. It is committed, with the result
  `:ok`, unless `fun` raises, throws or exits, which goes on afterwards, or a write or read within has failed, which is
  the result. Other processes wait until it ends; the end of the caller rolls it back.
  """
  def transact(db, fun, timeout \\ :infinity) when is_function(fun, 0) do
    with :ok <- call(db, begin(timeout)) do
      try do
        fun.()
      catch
        kind, reason ->
          call(db, :rollback)
          :erlang.raise(kind, reason, __STACKTRACE__)
      else
        _ -> call(db, :commit)
      end
    end
  end

  defp begin(:infinity), do: :begin
  defp begin(timeout), do: {:begin, timeout}

  # The database answers every call; how long it takes depends on the transactions of others.
  defp call(db, request), do: GenServer.call(db, request, :infinity)
end
