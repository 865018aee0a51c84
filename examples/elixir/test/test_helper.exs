# The tests need a node of their own and an EPMD that knows it.
System.cmd("epmd", ["-daemon"])
{:ok, _} = Node.start(:"go_watch_#{System.pid()}", :shortnames)
Logger.configure(level: :warning)
ExUnit.start(assert_receive_timeout: 20_000)
