Node.alive?() || raise "to be run on a node: elixir --sname driver@localhost --cookie SECRET -S mix test"
System.get_env("COMPAT_CONTROL", "") != "" || :compat_run.reference()
Compat.Case.start_node()
ExUnit.start(formatters: [ExUnit.CLIFormatter, Compat.Account], timeout: 180_000)
ExUnit.after_suite(fn _ -> :compat.kill_node(Compat.Case.there()) end)
