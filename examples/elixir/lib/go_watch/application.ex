defmodule GoWatch.Application do
  @moduledoc """
  Starts `GoWatch.Supervisor` with the environment of the application if that names a node:

      config :go_watch, node: :"gonode@myhost", command: ["/usr/local/bin/gonode", "run"]

  Without a command the node is somebody else's to run, such as an OS service, and is only watched.
  """
  use Application

  @impl true
  def start(_type, _args) do
    env = Application.get_all_env(:go_watch)
    children = if env[:node], do: [{GoWatch.Supervisor, env}], else: []
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
