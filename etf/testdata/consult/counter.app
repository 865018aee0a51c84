{application, counter,
 [{description, "Counts \"things\"\tand more"},
  {vsn, "2.0"},
  {modules, [counter, counter_server]},
  {registered, []},
  {applications, [kernel, stdlib]},
  {mod, {counter, []}},
  {env, []}]}.
