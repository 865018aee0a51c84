{application, counter,
 [{description, "A counter, version 1"},
  {vsn, "1"},
  {modules, [counter]},
  {registered, [counter]},
  {applications, [kernel, stdlib]}]}.
